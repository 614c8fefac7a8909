#include "data/check_preference.h"

#include <fmt/format.h>

#include "data/clean_text.h"

namespace attune::data {

namespace {

// The text of an answer: a string, or the last assistant message of a list.
JsonRef answer_text(JsonRef side) {
  if (side.is_string()) return side;
  JsonRef found;
  for (JsonRef message = side.is_array() ? side.first() : JsonRef(); message.exists();
       message = message.next()) {
    if (message.find("role").string() == "assistant") found = message.find("content");
  }
  return found;
}

JsonRef first_of(JsonRef row, std::string_view name, std::string_view other) {
  const JsonRef value = row.find(name);
  return value.exists() ? value : row.find(other);
}

// Whole conversations on both sides: all but the last message is to be the same.
void check_shared_beginning(const PreferencePair& pair, RowReporter& reporter) {
  if (pair.prompt.exists() || !pair.chosen.is_array() || !pair.rejected.is_array()) return;
  JsonRef a = pair.chosen.first();
  JsonRef b = pair.rejected.first();
  while (a.exists() && b.exists() && a.next().exists() && b.next().exists()) {
    const bool same = a.find("role").string() == b.find("role").string() &&
                      a.find("content").string() == b.find("content").string();
    if (!same) {
      reporter.warning("D042", b,
                       {.found = "the two conversations differ before the last answer",
                        .wanted = "the same turns up to the answers that are compared",
                        .fix = "compare answers to the same question"});
      return;
    }
    a = a.next();
    b = b.next();
  }
}

void check_side(JsonRef side, Ending ending, std::string_view name, RowReporter& reporter,
                ConversationView* view) {
  if (side.is_string()) {
    if (is_blank(side.string())) {
      reporter.error("D011", side,
                     {.found = "nothing but white space",
                      .wanted = fmt::format("the {} answer", name),
                      .fix = "write it, or remove the row"});
    } else {
      check_words(side, reporter);
    }
    return;
  }
  const ConversationView seen = check_messages(side, ending, false, reporter);
  if (view != nullptr) *view = seen;
}

}  // namespace

std::optional<PreferencePair> preference_pair(JsonRef row) {
  if (const JsonRef chosen = first_of(row, "preferred_output", "preferred_completion");
      chosen.exists()) {
    const JsonRef input = row.find("input");
    return PreferencePair{
        .prompt = input.is_object() ? input.find("messages") : input,
        .chosen = chosen,
        .rejected = first_of(row, "non_preferred_output", "non_preferred_completion"),
        .tools = input.find("tools")};
  }
  const JsonRef chosen = row.find("chosen");
  const JsonRef rejected = row.find("rejected");
  const auto fits = [](JsonRef side) { return side.is_string() || side.is_array(); };
  if (!fits(chosen) || !fits(rejected)) return std::nullopt;
  return PreferencePair{.prompt = first_of(row, "prompt", "messages"),
                        .chosen = chosen,
                        .rejected = rejected,
                        .tools = row.find("tools")};
}

ConversationView PreferenceCheck::check(const PreferencePair& pair, RowReporter& reporter) {
  ConversationView view;
  if (pair.prompt.is_array()) {
    view = check_messages(pair.prompt, Ending::question, false, reporter);
  } else if (pair.prompt.is_string()) {
    view.question = pair.prompt.string();
    view.has_question = true;
    check_words(pair.prompt, reporter);
  }
  const bool whole = pair.chosen.is_array() && !pair.prompt.exists();
  const Ending ending = whole ? Ending::answer : Ending::answers;
  ConversationView chosen_view;
  check_side(pair.chosen, ending, "preferred", reporter, &chosen_view);
  if (whole) view = chosen_view;
  if (!pair.rejected.exists()) {
    reporter.error("D042", pair.chosen,
                   {.found = "a preferred answer without one to compare",
                    .wanted = "both answers",
                    .fix = "add non_preferred_output, or remove the row"});
    return view;
  }
  check_side(pair.rejected, ending, "other", reporter, nullptr);
  check_shared_beginning(pair, reporter);
  const JsonRef chosen = answer_text(pair.chosen);
  const JsonRef rejected = answer_text(pair.rejected);
  view.answer = chosen.string();
  view.answer_at = chosen;
  if (!chosen.is_string() || !rejected.is_string()) return view;
  if (chosen.string() == rejected.string()) {
    reporter.warning("D042", rejected,
                     {.found = "both answers are the same",
                      .wanted = "two answers that differ",
                      .fix = "remove the row: it teaches nothing"});
    return view;
  }
  ++pairs_;
  const auto longer = static_cast<std::int64_t>(chosen.string().size());
  const auto other = static_cast<std::int64_t>(rejected.string().size());
  chosen_length_ += longer;
  rejected_length_ += other;
  chosen_longer_ += longer * 2 > other * 3 ? 1 : 0;
  return view;
}

std::vector<Finding> PreferenceCheck::finish(std::string_view source) const {
  constexpr std::int64_t kFewestPairs = 10;
  if (pairs_ < kFewestPairs || chosen_longer_ * 4 < pairs_ * 3) return {};
  return {file_finding(
      "D042", Severity::warning, source, {.line = 0, .column = 0},
      {.found =
           fmt::format("the preferred answer is longer by half or more in {} of {} pairs ({} "
                       "characters to {} on average)",
                       chosen_longer_, pairs_, chosen_length_ / pairs_, rejected_length_ / pairs_),
       .wanted = "pairs in which length does not tell them apart",
       .fix =
           "add pairs whose better answer is the shorter one; length alone is learned otherwise"})};
}

}  // namespace attune::data
