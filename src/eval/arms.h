// Items, and what the arms (ways of answering) said to them: what compare() scores side by side.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "eval/assertion.h"

namespace attune::eval {

// A held-out example.
struct Item {
  std::string id;
  std::string input;      // what the user asked, for people
  std::string reference;  // the answer wanted
  std::vector<Assertion> assertions = {};
  std::string cluster = {};  // items of the same one belong together; empty: to none
  Json side = Json();        // what measures need besides: see side_data.h
};

struct Answer {
  std::string text;
  double latency_ms = 0;  // from prompt to the last token, answered alone; 0: not timed
  std::int64_t prompt_tokens = 0;
  std::int64_t completion_tokens = 0;
  double first_token_ms = 0;  // 0: not timed
  bool cut = false;           // by the limit of its length
  std::string failure = {};   // why there is no answer; it counts as a wrong one
  // What models said of it that graders asked, in the order of the questions: {"text"} or
  // {"failure"}. See criteria.h.
  std::vector<Json> judged = {};
  // What the suite's judge said of it, {"text"} or {"failure"}. See judge.h.
  std::vector<Json> judge = {};
};

struct ArmResult {
  std::string name;             // "zero_shot", "few_shot", "tuned"
  std::vector<Answer> answers;  // one for each item, in their order
};

}  // namespace attune::eval
