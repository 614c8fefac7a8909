// Ids of API objects: a prefix that says what it is, then random letters and digits.
//
//   new_id("file-")  ->  "file-8Yq0cV2mJrT4sKx1WbZd7nPe"
//
// Prefixes: file- ftjob- ftevent- ftckpt_ cp_ upload_ part_ req_ evt_ wh_ key_ we_ chatcmpl- cmpl-
#pragma once

#include <string>
#include <string_view>

namespace attune::wire {

// `characters` random base-62 characters from the kernel's generator; 24 of them hold 142 bits.
std::string new_id(std::string_view prefix, int characters = 24);

// The 8 letters and digits that make the name of a tuned model unique.
std::string new_model_tag();

}  // namespace attune::wire
