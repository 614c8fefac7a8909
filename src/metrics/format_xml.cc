#include <algorithm>

#include <fmt/format.h>

#include "base/trim.h"
#include "metrics/format_parts.h"
#include "metrics/xml_scan.h"

namespace attune::metrics {

FormatVerdict judge(const XmlFormat& format, std::string_view text) {
  const XmlScan scan = scan_xml_document(trim(text));
  FormatVerdict verdict;
  verdict.problem = scan.problem;
  std::size_t present = 0;
  for (const std::string& path : format.required) {
    const bool has = scan.ok && scan.has(scan.root + "/" + path);
    present += has ? 1 : 0;
    if (!has && verdict.problem.empty()) verdict.problem = fmt::format("no element {}", path);
  }
  if (!format.required.empty()) {
    verdict.fields = static_cast<double>(present) / static_cast<double>(format.required.size());
  }
  if (scan.ok && !format.root.empty() && scan.root != format.root) {
    verdict.problem = fmt::format("the outermost element is {}; wanted {}", scan.root, format.root);
  }
  verdict.ok = verdict.problem.empty();
  return verdict;
}

std::optional<std::string_view> find_part(const XmlFormat&, std::string_view text) {
  constexpr int kMostTries = 32;  // an answer full of "<" is not searched for ever
  int tries = 0;
  for (std::size_t at = text.find('<'); at != std::string_view::npos && tries < kMostTries;
       at = text.find('<', at + 1)) {
    // Only an element begins with a letter there; "</", "<!--" and "a < b" do not.
    const char next = at + 1 < text.size() ? text[at + 1] : ' ';
    if (next == '/' || next == '!' || next == '?' || next == ' ') continue;
    ++tries;
    const XmlScan scan = scan_xml_element(text, at);
    if (scan.ok) return text.substr(at, scan.end - at);
  }
  return std::nullopt;
}

}  // namespace attune::metrics
