#include "data/check_tokens.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "data/clean_text.h"
#include "io/text_encoding.h"

namespace attune::data {

namespace {

// Characters of all texts of a conversation.
std::int64_t characters_of(const Json& messages) {
  std::int64_t count = 0;
  for (const Json& message : messages) {
    const auto content = message.find("content");
    if (content == message.end() || !content->is_string()) continue;
    for (const char c : content->get_ref<const std::string&>())
      count += is_utf8_continuation(c) ? 0 : 1;
  }
  return count;
}

// As training sees them: what is context alone or empty has no say.
Json training_messages(const Json& messages) {
  Json kept = messages;
  while (!kept.empty() && kept.back().value("role", "") != "assistant") kept.erase(kept.size() - 1);
  return kept;
}

}  // namespace

void TokenCheck::Seen::add(const CheckedRow& row) {
  if (count++ == 0) first = {.line = row.line, .row = row.id};
}

void TokenCheck::add(const Json& messages, const Json& tools, JsonRef at, RowReporter& reporter) {
  const Json conversation = training_messages(messages);
  if (conversation.empty()) return;  // told by D012
  const Result<text::EncodedChat> encoded = format_.encode_training(conversation, tools);
  if (!encoded) {
    reporter.error(
        "D018", at,
        {.found = fmt::format("the chat template cannot write this conversation: {}",
                              encoded.error().found),
         .wanted = encoded.error().wanted.empty() ? "a conversation that the base's template takes"
                                                  : encoded.error().wanted,
         .fix = "mend the row, or leave it out"});
    return;
  }
  const auto size = static_cast<std::int64_t>(encoded->ids.size());
  const auto first = std::find_if(encoded->trained.begin(), encoded->trained.end(),
                                  [](float weight) { return weight > 0; });
  const auto start = static_cast<std::int64_t>(first - encoded->trained.begin());
  ++rows_;
  tokens_ += size;
  sizes_.push_back(static_cast<std::uint32_t>(size));
  most_ = std::max(most_, size);
  trained_ += std::count_if(encoded->trained.begin(), encoded->trained.end(),
                            [](float weight) { return weight > 0; });
  characters_ += characters_of(conversation);
  const std::int64_t bound = longest_ == 0 ? size : longest_;
  if (size > bound) {
    too_long_.add(reporter.row());
    cut_ += size - bound;
  }
  if (start == size) return;  // told by D017
  if (start >= bound) {
    reporter.error(
        "D018", at,
        {.found = fmt::format("the answer starts at token {}, beyond the {} that are read: "
                              "nothing of the row is trained",
                              start + 1, bound),
         .wanted = fmt::format("an answer within {} tokens", bound),
         .fix = "shorten the question, or leave the row out"});
    return;
  }
  check_borders(conversation, tools, *encoded, reporter.row());
}

void TokenCheck::check_borders(const Json& messages, const Json& tools,
                               const text::EncodedChat& encoded, const CheckedRow& row) {
  const auto last = std::find_if(encoded.trained.rbegin(), encoded.trained.rend(),
                                 [](float weight) { return weight > 0; });
  const std::int32_t end = encoded.ids[static_cast<std::size_t>(encoded.trained.rend() - last) - 1];
  const std::vector<std::int32_t>& stops = format_.stop_ids();
  if (std::find(stops.begin(), stops.end(), end) == stops.end()) no_end_of_turn_.add(row);

  const auto first = std::find_if(encoded.trained.begin(), encoded.trained.end(),
                                  [](float weight) { return weight > 0; });
  const auto start = static_cast<std::size_t>(first - encoded.trained.begin());
  const text::Tokenizer& tokenizer = format_.tokenizer();
  if (start > 0) {
    const std::array<std::int32_t, 1> before = {encoded.ids[start - 1]};
    if (tokenizer.decode(before, {}).ends_with(' ')) space_border_.add(row);
  }
  // The rest is looked at in some rows: it costs a second rendering, and each token by itself.
  constexpr std::int64_t kMostCompared = 500;
  if (rows_ > kMostCompared) return;
  for (std::size_t i = start; i < encoded.ids.size(); ++i) {
    if (encoded.trained[i] <= 0) continue;
    const std::array<std::int32_t, 1> one = {encoded.ids[i]};
    ++compared_;
    if (tokenizer.decode(one, {}).find("\xEF\xBF\xBD") != std::string::npos) ++single_bytes_;
  }
  Json prompt = messages;
  prompt.erase(prompt.size() - 1);
  if (prompt.empty()) return;
  const Result<std::vector<std::int32_t>> tokens = format_.encode_prompt(prompt, tools);
  const bool prefix = tokens && tokens->size() <= encoded.ids.size() &&
                      std::equal(tokens->begin(), tokens->end(), encoded.ids.begin());
  if (!prefix) no_prefix_.add(row);
}

std::vector<Finding> TokenCheck::finish(std::string_view source) const {
  std::vector<Finding> findings;
  if (rows_ == 0) return findings;
  const auto add = [&](std::string_view code, Severity severity, const Seen& seen, Fault fault) {
    if (seen.count == 0) return;
    Finding finding = file_finding(code, severity, source, {.line = seen.first.line, .column = 1},
                                   std::move(fault));
    finding.row = seen.first.row;
    findings.push_back(std::move(finding));
  };
  add("D019", Severity::warning, too_long_,
      {.found =
           fmt::format("{} of {} rows have more than {} tokens (the longest {}); {} tokens are cut",
                       too_long_.count, rows_, longest_, most_, cut_),
       .wanted = fmt::format(
           "rows of at most {} tokens: a cut answer teaches to stop in the middle", longest_),
       .fix = "shorten or divide them (this is the first), or raise --max-length"});
  add("D025", Severity::error, no_end_of_turn_,
      {.found = fmt::format("the last trained token of {} of {} rows ends no turn",
                            no_end_of_turn_.count, rows_),
       .wanted = "the end-of-turn token trained with the answer: the model may not learn to stop",
       .fix = "correct the chat template of the base"});
  add("D026", Severity::warning, no_prefix_,
      {.found =
           fmt::format("in {} rows the tokens of the prompt are not the beginning of the tokens "
                       "of prompt and answer",
                       no_prefix_.count),
       .wanted = "the same tokens in training as at inference",
       .fix = "correct the chat template, or remove spaces at the beginning of answers"});
  add("D027", Severity::warning, space_border_,
      {.found = fmt::format("in {} rows the token before the first trained one ends with a space",
                            space_border_.count),
       .wanted = "no space there: the first word of the answer is cut off from its space",
       .fix = "correct the chat template"});
  std::string numbers = fmt::format(
      "{} tokens in {} rows ({} on average, {} at most), {} of them trained; {:.1f} characters a "
      "token",
      tokens_, rows_, tokens_ / rows_, most_, trained_,
      static_cast<double>(characters_) / static_cast<double>(std::max<std::int64_t>(tokens_, 1)));
  if (single_bytes_ * 100 > compared_) {
    numbers += fmt::format(
        "; {:.0f} % of the trained ones are parts of characters that this vocabulary lacks",
        100.0 * static_cast<double>(single_bytes_) / static_cast<double>(compared_));
  }
  findings.push_back(file_finding("D043", Severity::info, source, {.line = 0, .column = 0},
                                  {.found = std::move(numbers)}));
  return findings;
}

}  // namespace attune::data
