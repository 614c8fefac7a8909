// Prompts that ask a model for one new training example, with a few real ones as a pattern (the
// method of Self-Instruct, Wang et al. 2023, with human examples alone as the pattern, so that what
// a model wrote never breeds), and the reading of what it replies.
//
//   SeedPrompts prompts(seeds, {.shots = 4, .seed = 1});
//   SeedPrompt prompt = prompts.make(number);            // the same number, the same prompt
//   std::optional<WrittenPair> pair = read_reply(reply); // nothing: no question and answer in it
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/example.h"
#include "data/synthetic_marks.h"
#include "io/json.h"

namespace attune::data {

struct SeedPromptOptions {
  std::int64_t shots = 4;         // examples shown; fewer where there are fewer
  std::uint64_t seed = 0;         // of their choice
  std::string contract = {};      // what every answer must be, in words (grammar/instruction.h)
  std::string instruction = {};   // the user's own words
  SyntheticMarks synthetic = {};  // seeds that a model wrote: they are not shown
};

struct SeedPrompt {
  std::int64_t number = 0;
  Json messages = Json::array();         // as a chat endpoint takes them
  std::string system = {};               // the system message that the new row gets; empty: none
  std::vector<std::int64_t> shots = {};  // indices into the seeds
};

// One question and one answer in texts, after a system message at most, without tools.
bool can_be_shown(const Example& example);

class SeedPrompts {
 public:
  // `seeds` must outlive this; at least one can be shown.
  SeedPrompts(std::span<const Example> seeds, SeedPromptOptions options);

  std::int64_t shown() const { return static_cast<std::int64_t>(pool_.size()); }
  // The first example is drawn from all, the others from those with the same system message.
  SeedPrompt make(std::int64_t number) const;

 private:
  std::string words(const SeedPrompt& prompt) const;

  std::span<const Example> seeds_;
  SeedPromptOptions options_;
  std::vector<std::int64_t> pool_;  // seeds that can be shown
};

struct WrittenPair {
  std::string question;
  std::string answer;
};

// Read are <question> and <answer> in tags, a JSON object with such keys, and lines that begin with
// "Question:" and "Answer:", behind whatever the model thought aloud (</think>).
std::optional<WrittenPair> read_reply(std::string_view reply);

// The text inside a code fence that encloses all of it; else the text.
std::string_view without_fence(std::string_view text);

}  // namespace attune::data
