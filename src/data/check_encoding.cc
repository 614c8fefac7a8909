#include "data/check_encoding.h"

#include <algorithm>

#include <fmt/format.h>

#include "data/check_place.h"
#include "io/text_encoding.h"

namespace attune::data {

std::string read_as_utf8(std::string_view text, std::string_view source,
                         std::vector<Finding>& findings) {
  std::string good;
  good.reserve(text.size() + text.size() / 16);
  std::int64_t line = 1;
  std::int64_t told = 0;
  while (!text.empty()) {
    const std::size_t at = std::min(find_invalid_utf8(text), text.size());
    line += std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
    good += text.substr(0, at);
    text.remove_prefix(at);
    if (text.empty()) break;
    const std::string character = windows_1252_as_utf8(text[0]);
    if (line != told) {
      const std::size_t before = good.rfind('\n');
      const std::string_view this_line =
          std::string_view(good).substr(before == std::string::npos ? 0 : before + 1);
      findings.push_back(file_finding(
          "D001", Severity::error, source,
          {.line = line, .column = place_of(this_line, this_line.size()).column},
          {.found =
               fmt::format("byte 0x{:02X} is not valid UTF-8 (it looks like Windows-1252 '{}')",
                           static_cast<unsigned char>(text[0]), character),
           .wanted = "UTF-8",
           .fix = "--fix converts such bytes, or: iconv -f WINDOWS-1252 -t UTF-8"}));
    }
    told = line;
    good += character;
    text.remove_prefix(1);
  }
  return good;
}

}  // namespace attune::data
