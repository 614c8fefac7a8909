#include "data/check_tokenizer.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

namespace attune::data {

namespace {

constexpr std::array<std::string_view, 5> kColumns = {
    "tokenizer", "tokenizer_name", "tokenizer_fingerprint", "tokenizer_sha256", "vocab_size"};

std::string_view value_of(JsonRef value) {
  if (value.is_string()) return value.string();
  return value.is(JsonType::number) ? value.text() : std::string_view();
}

// Whether one is the other or its beginning, "sha256:" and letter case aside.
bool same_fingerprint(std::string_view stated, std::string_view ours) {
  constexpr std::string_view kPrefix = "sha256:";
  if (stated.starts_with(kPrefix)) stated.remove_prefix(kPrefix.size());
  constexpr std::size_t kShortest = 8;
  return stated.size() >= kShortest && stated.size() <= ours.size() &&
         std::equal(stated.begin(), stated.end(), ours.begin(), [](char a, char b) {
           return std::tolower(static_cast<unsigned char>(a)) == b;
         });
}

}  // namespace

void TokenizerCheck::check_with_base(std::string_view column, JsonRef stated,
                                     RowReporter& reporter) const {
  const std::string_view text = value_of(stated);
  const bool size = column == "vocab_size" && vocabulary_ > 0;
  const bool print =
      (column == "tokenizer_fingerprint" || column == "tokenizer_sha256") && !fingerprint_.empty();
  const std::string ours = size ? std::to_string(vocabulary_) : fingerprint_;
  const bool same = size ? text == ours : same_fingerprint(text, ours);
  if ((!size && !print) || same) return;
  reporter.error("D045", stated,
                 {.found = fmt::format("{} {}", column, quote_for_message(text, 70)),
                  .wanted = fmt::format("{}, as the base has", ours),
                  .fix = "tokenize with the base's own tokenizer"});
}

void TokenizerCheck::add(JsonRef row, RowReporter& reporter) {
  for (std::size_t i = 0; i < kColumns.size(); ++i) {
    const JsonRef stated = row.find(kColumns[i]);
    const std::string_view text = value_of(stated);
    if (text.empty()) continue;
    check_with_base(kColumns[i], stated, reporter);
    Stated& first = first_[i];
    if (first.line == 0) first = {.text = std::string(text), .line = reporter.row().line};
    if (text == first.text) continue;
    reporter.error("D045", stated,
                   {.found = fmt::format("{} {}, where line {} has {}", kColumns[i],
                                         quote_for_message(text, 70), first.line,
                                         quote_for_message(first.text, 70)),
                    .wanted = "token ids of one tokenizer",
                    .fix = "tokenize all rows with the base's own tokenizer"});
  }
}

}  // namespace attune::data
