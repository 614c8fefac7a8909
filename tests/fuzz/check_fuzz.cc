// attune data check and --fix on any bytes: nothing crashes, places lie in the text, a second mend
// changes nothing.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "data/check.h"
#include "data/check_fix.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace attune;
  static const data::PiiScanner kScanner = data::PiiScanner::built_in().value();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const data::CheckOptions options{.pii = &kScanner};
  const Result<data::CheckReport> report = data::check_text(text, "t.jsonl", options);
  if (report) {
    for (const data::Finding& finding : report->findings) {
      if (finding.line < 0 || finding.column < 0) std::abort();
    }
  }
  const Result<data::FixedText> once = data::fix_text(text, "t.jsonl", options);
  if (!once || once->text.empty()) return 0;
  const Result<data::FixedText> twice = data::fix_text(once->text, "t.jsonl", options);
  if (!twice || twice->text != once->text) std::abort();
  return 0;
}
