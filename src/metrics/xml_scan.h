// A strict reader of the XML that models write: elements, attributes, text, CDATA, comments,
// processing instructions, a declaration (XML 1.0, fifth edition). It checks that text is well
// formed and notes the elements; it keeps no tree. Document types, and with them entities of one's
// own, are refused.
//
//   XmlScan scan = scan_xml_document(text);
//   if (scan.ok && scan.has("order/customer/name")) ...
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace attune::metrics {

struct XmlScan {
  bool ok = false;
  std::string problem;          // with the byte where it shows
  std::string root;             // name of the outermost element
  std::set<std::string> paths;  // "order", "order/item", ...
  std::size_t end = 0;          // behind the element, or where the scan gave up

  bool has(const std::string& path) const { return paths.contains(path); }
};

// A whole document: optional declaration, comments, one element, nothing else.
XmlScan scan_xml_document(std::string_view text);

// The element whose "<" stands at text[begin].
XmlScan scan_xml_element(std::string_view text, std::size_t begin);

}  // namespace attune::metrics
