// Any bytes: each line is a value that survives writing and reading, or an error with its place.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "io/jsonl.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace attune;
  const JsonlContent content = parse_jsonl({reinterpret_cast<const char*>(data), size}, "fuzz");
  std::int64_t line = 0;
  for (const JsonLine& row : content.rows) {
    CHECK(row.line > line, "lines that do not rise");
    line = row.line;
    const std::string text = to_text(row.value);
    const Result<Json> again = parse_json(text, "again");
    CHECK(again.has_value(), "what was written cannot be read: {}", text);
    CHECK(to_text(*again) == text, "a value changed by writing: {}", text);
  }
  for (const Error& error : content.errors) {
    CHECK(error.where.starts_with("fuzz:") && !error.found.empty(), "an error without a place");
  }
  return 0;
}
