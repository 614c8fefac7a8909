// An Excel workbook of a stranger: refused with an error, or lines of JSON objects.
#include <cstdlib>
#include <string_view>

#include "data/workbook.h"
#include "io/jsonl.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, unsigned long size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const attune::Result<attune::data::WorkbookText> text =
      attune::data::read_first_sheet(bytes, "fuzz.xlsx");
  if (!text) return 0;
  attune::JsonlReader reader(text->jsonl, "fuzz.xlsx");
  while (true) {
    const auto line = reader.next();
    if (!line) std::abort();
    if (!*line) return 0;
  }
}
