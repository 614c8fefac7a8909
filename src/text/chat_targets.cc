#include "text/chat_targets.h"

#include <algorithm>

#include <fmt/format.h>

#include "text/regex.h"
#include "text/unicode.h"

namespace attune::text {

namespace {

bool is_space_before(std::string_view text, std::size_t at) {
  return at > 0 && is_white_space(static_cast<unsigned char>(text[at - 1]));
}

float weight_of(const Json& message) {
  const auto weight = message.find("weight");
  if (weight == message.end() || weight->is_null()) return 1.0f;
  return weight->is_boolean() ? (weight->get<bool>() ? 1.0f : 0.0f) : weight->get<float>();
}

Failure bad_message(std::size_t number, std::string found, std::string wanted, std::string fix) {
  return bad_input({.where = fmt::format("message {}", number),
                    .found = std::move(found),
                    .wanted = std::move(wanted),
                    .fix = std::move(fix)});
}

Failure rewritten(std::size_t number) {
  return bad_message(
      number, "a chat template that writes this turn differently when more turns follow",
      "a rendering that only grows",
      "use a template that marks what the assistant says with {% generation %}, or train on "
      "conversations that end with this message");
}

std::size_t common_prefix(std::string_view one, std::string_view other) {
  const auto difference = std::mismatch(
      one.begin(), one.begin() + static_cast<std::ptrdiff_t>(std::min(one.size(), other.size())),
      other.begin());
  return static_cast<std::size_t>(difference.first - one.begin());
}

// The stretches that {% generation %} blocks wrote.
std::vector<Match> generated_stretches(const MarkedText& text) {
  std::vector<Match> stretches;
  const auto block_at = [&](std::size_t at) {
    return text.mark_at(at) & (kGenerated | kOddGeneration);
  };
  for (std::size_t at = 0; at < text.text.size();) {
    std::size_t stop = at + 1;
    while (stop < text.text.size() && block_at(stop) == block_at(at)) ++stop;
    if ((block_at(at) & kGenerated) != 0) stretches.push_back({at, stop});
    at = stop;
  }
  return stretches;
}

}  // namespace

bool is_assistant(const Json& message) {
  const auto role = message.find("role");
  return role != message.end() && *role == "assistant";
}

Result<Json> checked_messages(const Json& messages) {
  if (!messages.is_array()) {
    return bad_input(
        {.where = "messages", .found = messages.type_name(), .wanted = "a list of messages"});
  }
  Json checked = Json::array();
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const Json& message = messages[i];
    const auto role = message.is_object() ? message.find("role") : message.end();
    if (!message.is_object() || role == message.end() || !role->is_string()) {
      return bad_message(i + 1, message.is_object() ? "no role" : message.type_name(),
                         "an object with \"role\" and \"content\"", "");
    }
    Json copy = message;
    const auto weight = message.find("weight");
    if (weight != message.end()) {
      const bool fits =
          weight->is_null() || weight->is_boolean() ||
          (weight->is_number() && weight->get<double>() >= 0 && weight->get<double>() <= 1);
      if (!fits)
        return bad_message(i + 1, fmt::format("the weight {}", weight->dump()), "0 or 1", "");
      copy.erase("weight");
    }
    checked.push_back(std::move(copy));
  }
  return checked;
}

ControlTokens::ControlTokens(const Tokenizer& tokenizer) {
  for (std::int64_t id = 0; id < tokenizer.size(); ++id) {
    const auto token = static_cast<std::int32_t>(id);
    if (!tokenizer.is_special(token)) continue;
    const std::string content = tokenizer.token(token);
    matcher_.add({.id = token, .content = content, .special = true}, content);
  }
}

std::vector<TextOrToken> ControlTokens::find(const MarkedText& text, std::size_t begin,
                                             std::size_t end) const {
  std::vector<TextOrToken> found = matcher_.split(text.part(begin, end));
  std::erase_if(found, [](const TextOrToken& part) { return part.id < 0; });
  for (TextOrToken& token : found) {
    token.begin += begin;
    token.end += begin;
  }
  return found;
}

std::size_t TargetFinder::end_of_turn(const MarkedText& text, std::size_t begin, std::size_t end,
                                      std::vector<std::int32_t>* closing) const {
  const std::vector<TextOrToken> tokens = control_.find(text, begin, end);
  // The tail: control tokens with nothing but white space between them and up to the end.
  std::size_t first = tokens.size();
  std::size_t at = end;
  while (true) {
    while (at > begin && is_space_before(text.text, at)) --at;
    if (first == 0 || tokens[first - 1].end != at) break;
    at = tokens[--first].begin;
  }
  if (first == tokens.size()) return end;
  for (std::size_t i = tokens.size(); i-- > first;) {
    const bool closes = std::find(closers_.begin(), closers_.end(), tokens[i].id) != closers_.end();
    if (closes) return tokens[i].end;
  }
  std::size_t last = first;
  while (last + 1 < tokens.size() && tokens[last + 1].begin == tokens[last].end) ++last;
  for (std::size_t i = first; closing != nullptr && i <= last; ++i)
    closing->push_back(tokens[i].id);
  return tokens[last].end;
}

Result<std::vector<TargetSpan>> TargetFinder::by_generation_blocks(const MarkedText& whole,
                                                                   const Json& messages) const {
  const std::vector<Match> stretches = generated_stretches(whole);
  std::vector<float> weights;
  for (const Json& message : messages) {
    if (is_assistant(message)) weights.push_back(weight_of(message));
  }
  const bool all_equal = std::all_of(weights.begin(), weights.end(),
                                     [&](float weight) { return weight == weights.front(); });
  const bool fits =
      stretches.size() == weights.size() || (!weights.empty() && all_equal && !stretches.empty());
  if (!fits) {
    return bad_input(
        {.where = "chat template",
         .found = fmt::format("{} generation blocks for {} assistant messages", stretches.size(),
                              weights.size()),
         .wanted = "one block for each message",
         .fix = "put {% generation %} around what the assistant says, its end token included"});
  }
  std::vector<TargetSpan> spans;
  for (std::size_t i = 0; i < stretches.size(); ++i) {
    auto [begin, end] = stretches[i];
    const std::vector<TextOrToken> inside = control_.find(whole, begin, end);
    std::size_t words_end = end;
    while (words_end > begin && is_space_before(whole.text, words_end)) --words_end;
    const bool is_closed = !inside.empty() && inside.back().end == words_end;
    if (!is_closed) {
      for (const TextOrToken& token : control_.find(whole, end, whole.text.size())) {
        if (token.begin != end) break;
        end = token.end;
      }
    }
    spans.push_back({begin, end, i < weights.size() ? weights[i] : weights.front()});
  }
  return spans;
}

Result<TargetSpan> TargetFinder::span_of_message(const MarkedText& whole, const Json& before,
                                                 const Json& message, std::size_t number) const {
  const auto naming_message = [&](Result<MarkedText> rendered) {
    if (!rendered)
      rendered.error().where = fmt::format("{}, up to message {}", rendered.error().where, number);
    return rendered;
  };
  ATTUNE_TRY(const MarkedText prompt, naming_message(render_(before, true)));
  Json with_message = before;
  with_message.push_back(message);
  ATTUNE_TRY(const MarkedText said, naming_message(render_(with_message, false)));
  if (!whole.text.starts_with(prompt.text) || !said.text.starts_with(prompt.text))
    return rewritten(number);
  const std::size_t begin = prompt.text.size();
  const std::size_t shared = common_prefix(said.text, whole.text);
  // A template may end a conversation differently from a turn (with an end-of-text token, say).
  // What is shared must then hold the end of the turn.
  const bool is_prefix = shared == said.text.size();
  const std::size_t end = end_of_turn(said, begin, said.text.size(), nullptr);
  if (end > shared || (!is_prefix && end == said.text.size())) return rewritten(number);
  return TargetSpan{begin, end, 1.0f};
}

Result<std::vector<TargetSpan>> TargetFinder::by_prefixes(const MarkedText& whole,
                                                          const Json& messages,
                                                          bool lenient) const {
  std::vector<TargetSpan> spans;
  Json before = Json::array();
  for (std::size_t i = 0; i < messages.size(); ++i) {
    Json message = messages[i];
    message.erase("weight");
    if (is_assistant(message)) {
      auto span = span_of_message(whole, before, message, i + 1);
      if (!span && !lenient) return Failure(std::move(span).error());
      if (span) {
        span->weight = weight_of(messages[i]);
        spans.push_back(*span);
      }
    }
    before.push_back(std::move(message));
  }
  return spans;
}

}  // namespace attune::text
