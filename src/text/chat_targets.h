// Which bytes of a rendered conversation an assistant is trained to write.
#pragma once

#include <cstdint>
#include <functional>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "io/json.h"
#include "text/added_tokens.h"
#include "text/marked_text.h"
#include "text/tokenizer.h"

namespace attune::text {

// Bytes [begin, end) of a rendering: what one assistant message says and the control token that
// closes it.
struct TargetSpan {
  std::size_t begin = 0;
  std::size_t end = 0;
  float weight = 1;
};

// The control tokens of a tokenizer, as they stand in rendered text.
class ControlTokens {
 public:
  explicit ControlTokens(const Tokenizer& tokenizer);

  // Those in bytes [begin, end) that are the template's own, in order.
  std::vector<TextOrToken> find(const MarkedText& text, std::size_t begin, std::size_t end) const;

 private:
  AddedTokenMatcher matcher_;
};

// Finds the targets of conversations. `render(messages, add_generation_prompt)` is the chat
// template.
class TargetFinder {
 public:
  using Render =
      std::function<Result<MarkedText>(const Json& messages, bool add_generation_prompt)>;

  // `closers`: tokens known to close an assistant's turn; may be empty.
  TargetFinder(const ControlTokens& control, const std::vector<std::int32_t>& closers,
               Render render)
      : control_(control), closers_(closers), render_(std::move(render)) {}

  // By the {% generation %} blocks of `whole`; a closing token right behind a block belongs to it.
  // The n-th block is the n-th assistant message's.
  Result<std::vector<TargetSpan>> by_generation_blocks(const MarkedText& whole,
                                                       const Json& messages) const;

  // By comparing `whole` with the renderings of the conversation before and after each assistant
  // message. A template that writes earlier turns differently later on is an error that names the
  // message; when `lenient`, such a message has no span.
  Result<std::vector<TargetSpan>> by_prefixes(const MarkedText& whole, const Json& messages,
                                              bool lenient) const;

  // Where the turn that fills [begin, end) is closed: behind its end-of-turn token, without the
  // white space that separates it from the next turn; `end` when no control token closes it.
  // `closing`, if not null, gets the ids.
  std::size_t end_of_turn(const MarkedText& text, std::size_t begin, std::size_t end,
                          std::vector<std::int32_t>* closing) const;

 private:
  Result<TargetSpan> span_of_message(const MarkedText& whole, const Json& before,
                                     const Json& message, std::size_t number) const;

  const ControlTokens& control_;
  const std::vector<std::int32_t>& closers_;
  Render render_;
};

bool is_assistant(const Json& message);

// The messages as templates see them: without "weight". An error when they are not a list of
// objects with roles, or a weight is not a number from 0 to 1.
Result<Json> checked_messages(const Json& messages);

}  // namespace attune::text
