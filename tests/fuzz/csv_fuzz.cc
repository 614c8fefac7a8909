// Any bytes: records as wide as the header, lines that rise, an end; and what was read reads back
// after writing.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "io/csv.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace attune;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Result<CsvReader> reader = CsvReader::open(text, "fuzz");
  if (!reader) return 0;
  std::int64_t line = reader->header_line();
  std::size_t rounds = 0;
  while (true) {
    CHECK(++rounds <= size + 2, "more records than bytes");
    Result<std::optional<CsvRecord>> record = reader->next();
    if (!record) {
      CHECK(record.error().where.starts_with("fuzz:"), "an error without a place");
      continue;
    }
    if (!*record) break;
    CHECK((*record)->fields.size() == reader->header().size(), "a record of another width");
    CHECK((*record)->line > line, "lines that do not rise");
    line = (*record)->line;

    std::vector<std::string> header;
    for (std::size_t i = 0; i < (*record)->fields.size(); ++i) header.push_back(std::to_string(i));
    const std::string written = csv_line(header) + csv_line((*record)->fields);
    Result<CsvReader> again = CsvReader::open(written, "again", ',');
    CHECK(again.has_value(), "what was written cannot be opened");
    const Result<std::optional<CsvRecord>> same = again->next();
    CHECK(same.has_value() && same->has_value() && (**same).fields == (*record)->fields,
          "fields changed by writing");
  }
  return 0;
}
