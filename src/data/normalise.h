// Making one example strict: what it means for a row to be trainable, and the repairs that make it
// so.
//
// A strict example's messages are {"role","content"} and, where they apply, "name", "weight",
// "tool_calls", "tool_call_id"; roles are system, developer, user, assistant, tool; contents are
// clean text; the last message is an assistant's, and at least one assistant message has a weight
// other than 0. Doing it twice changes nothing more.
#pragma once

#include <vector>

#include "data/dataset.h"
#include "data/normalisers.h"
#include "data/report.h"

namespace attune::data {

struct Normalised {
  bool kept = true;  // false: the row is not trainable, and the last finding says why
  bool changed = false;
  std::vector<Finding> findings;
};

// What becomes of system messages.
enum class SystemMessages { keep, drop, replace, into_user };

struct NormaliseOptions {
  NormaliserSet rules = {};
  SystemMessages system = SystemMessages::keep;
  std::string system_text = {};  // of replace; a row without a system message gets it too
};

// Repairs `example` in place. Rows of the other kinds (example.h) are made strict by their own
// rules: a prompt ends with a question, and the answers of a preference are assistant messages.
Normalised normalise(Example& example, const NormaliseOptions& options = {});

// The content of the last assistant message: the answer that is checked, scored and shown.
std::string final_answer(const Example& example);

}  // namespace attune::data
