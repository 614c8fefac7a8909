// Preference rows: two answers to one prompt.
#pragma once

#include "data/example.h"

namespace attune::data {

// Where the answers of a preference row are whole conversations, moves what both begin with to the
// prompt, unless the prompt has it already. Two bare texts without a prompt are divided where they
// begin to differ, between words: "The sky is blue." and "The sky is green." answer "The sky is".
void divide_prompt_from_answers(Example& example);

}  // namespace attune::data
