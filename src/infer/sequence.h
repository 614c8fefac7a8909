// One choice of a Task while the engine works on it: its tokens, its place in the cache, and its
// text as it becomes certain. Used by the engine's thread alone.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "infer/stop_text.h"
#include "infer/work.h"
#include "model/extend.h"
#include "text/tokenizer.h"

namespace attune::infer {

// What a row of logits says to a sequence, found without changing the sequence.
struct RowReading {
  TokenReport token = {};
  bool drawn = false;  // else the token stands in the prompt
};

class Sequence {
 public:
  // `context_length` bounds prompt and answer together.
  Sequence(std::shared_ptr<Task> task, std::int64_t choice, const text::Tokenizer& tokenizer,
           std::int64_t context_length);

  const Work& work() const { return task_->work(); }
  const std::shared_ptr<Task>& task() const { return task_; }
  std::int64_t choice() const { return choice_; }

  // The cache holds the first read() of tokens().
  std::optional<model::KvCache> cache;
  const std::vector<std::int32_t>& tokens() const { return tokens_; }
  std::int64_t read() const { return cache ? cache->length(0) : 0; }
  std::int64_t unread() const { return std::ssize(tokens_) - read(); }
  bool answering() const { return drawn() > 0 && unread() == 1; }
  bool reads_prompt() const { return read() < prompt_length(); }
  std::int64_t prompt_length() const { return std::ssize(work().prompt); }
  std::int64_t drawn() const { return std::ssize(tokens_) - prompt_length(); }
  std::int64_t most_tokens() const { return most_tokens_; }  // that it may ever hold
  void forget();  // gives up the cache; everything is to be read again

  // What a pass over the next `count` tokens should give.
  model::Wanted wanted(std::int64_t count) const;
  // The row after tokens()[index]. `spare` [V] is scratch. Safe to call for many rows at once.
  RowReading read_row(std::int64_t index, std::span<const float> logits,
                      std::span<float> spare) const;
  void add_states(std::span<const float> state);
  // Takes what read_row found, in the order of the rows.
  void take(RowReading reading);
  void finish_prompt(std::int64_t reused);  // once, when the whole prompt has been read
  void end(Finish finish);
  bool ended() const { return ended_; }

 private:
  TokenReport report(std::int32_t token, std::span<const float> logits) const;
  void take_drawn(TokenReport token);
  void show(const std::string& piece, bool last, std::optional<Finish> finish,
            std::optional<TokenReport> stop_token);

  // A drawn token that is not reported yet; its text begins at `start` of the decoded text.
  struct Held {
    TokenReport token;
    std::size_t start;
  };

  std::shared_ptr<Task> task_;
  std::int64_t choice_;
  std::int64_t most_tokens_;
  std::vector<std::int32_t> tokens_;  // the prompt, then the answer
  TokenCounts answered_;              // kept for penalties
  std::int64_t stop_tokens_ = 0;      // drawn but not part of the answer
  text::StreamDecoder decoder_;
  StopText stop_text_;
  std::vector<Held> held_;
  std::size_t decoded_bytes_ = 0;
  std::size_t shown_bytes_ = 0;
  std::optional<PromptReport> prompt_;  // until it is sent
  std::vector<double> state_sum_;
  bool ended_ = false;
};

}  // namespace attune::infer
