// Any bytes as a data file of any known format: refused with words, or examples that every format
// either refuses with words or writes so that they read back and are written the same again.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "data/dataset.h"
#include "data/normalise.h"
#include "data/write_formats.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace attune;
  using namespace attune::data;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  ReadOptions read;
  read.skip_broken_lines = true;
  read.allow_mixed = true;
  read.keep_rest = true;
  Result<Dataset> dataset = read_examples_from_text(input, "fuzz", read);
  if (!dataset) {
    CHECK(!dataset.error().found.empty(), "an error without words");
    return 0;
  }
  NormaliseOptions structure;
  structure.rules = NormaliserSet::none();
  structure.rules.set(Normaliser::role_alias, true);
  for (Example& example : dataset->examples) {
    if (!normalise(example, structure).kept) continue;
    CHECK(!openai_row(example).empty(), "no row");
    for (const WrittenFormat& format : written_formats()) {
      const Result<WrittenRow> row = write_row(format, example, {});
      if (!row) {
        CHECK(!row.error().found.empty(), "a refusal without words");
        continue;
      }
      CHECK(read_examples_from_text(*row->text + "\n", "again.jsonl", read).has_value(),
            "a written row cannot be read");
    }
  }
  return 0;
}
