// Any bytes as a training file: the same report whatever pieces it comes in, every fault with its
// line and words, and a file without faults is one that can be read again as it is.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "wire/training_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace attune;
  using namespace attune::wire;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  TrainingFileChecker whole;
  whole.add(text);
  const TrainingFileReport report = whole.finish();

  const std::size_t piece = size == 0 ? 1 : 1 + data[0] % 7;
  TrainingFileChecker pieces;
  for (std::size_t at = 0; at < size; at += piece) pieces.add(text.substr(at, piece));
  CHECK(pieces.finish() == report, "another report in pieces of {}", piece);

  std::int64_t line = 0;
  for (const LineFault& fault : report.faults) {
    CHECK(fault.line >= line && fault.line > 0, "faults out of order");
    CHECK(!fault.kind.empty() && !fault.message.empty(), "a fault without words");
    line = fault.line;
  }
  CHECK(report.faulty_lines <= report.fault_count && report.faulty_lines <= report.examples,
        "{} faulty lines of {}", report.faulty_lines, report.examples);
  const Result<Json> written = parse_json(to_text(to_json(report)), "report");
  CHECK(written.has_value(), "a report that is not JSON");
  const auto again = from_json<TrainingFileReport>(*written);
  CHECK(again.has_value() && again->faults.size() == report.faults.size(), "another report");
  const auto error = job_error(report, "training_file", "file-1");
  CHECK(error.has_value() || (report.good() && report.examples >= kLeastExamples),
        "a bad file without an error");
  CHECK(!upload_refusal(report) || !report.good(), "a good file that is refused");
  return 0;
}
