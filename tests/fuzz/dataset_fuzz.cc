// Any bytes as a data file, first line as a --map line: refused with words, or rows that are
// strict, and that stay the same when they are read and made strict again.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "data/prepare.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace attune;
  using namespace attune::data;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t line_end = input.find('\n');
  if (line_end == std::string_view::npos) return 0;
  PrepareOptions options;
  options.keep_duplicates = true;
  options.read.map = input.substr(0, line_end);
  options.read.skip_broken_lines = true;
  options.read.allow_mixed = true;
  options.read.supervised_only = true;
  Result<Dataset> dataset =
      read_examples_from_text(input.substr(line_end + 1), "fuzz", options.read);
  if (!dataset) {
    CHECK(!dataset.error().found.empty(), "an error without words");
    return 0;
  }
  const Result<Prepared> prepared = prepare_dataset(std::move(*dataset), "fuzz", options);
  if (!prepared) return 0;
  CHECK(!to_pretty_text(to_json(prepared->report)).empty() && !summary(prepared->report).empty(),
        "no report");
  std::string rows;
  for (const Example& example : prepared->examples) rows += strict_row(example) + "\n";
  options.read = {.format = Format::jsonl};
  Result<Dataset> again = read_examples_from_text(rows, "again", options.read);
  CHECK(again.has_value(), "strict rows cannot be read");
  const Result<Prepared> same = prepare_dataset(std::move(*again), "again", options);
  CHECK(same.has_value(), "strict rows are not usable");
  CHECK(same->report.rows_changed == 0, "strict rows changed");
  std::string rows_again;
  for (const Example& example : same->examples) rows_again += strict_row(example) + "\n";
  CHECK(rows == rows_again, "strict rows differ");
  return 0;
}
