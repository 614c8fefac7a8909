// What the builders of chat and completion answers share. Inside the layer only.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "io/json.h"
#include "wire/sampling.h"

namespace attune::wire {

// Id, object, created and model; the caller adds choices.
Json answer_start(const AnswerHead& head, std::string_view object);

// For a stream: "usage": null where the last chunk will say it, and padding if it is wanted, so
// that the size of a chunk does not tell the length of its `text`.
void end_chunk(Json& chunk, const AnswerHead& head, std::string_view text);

// The last chunk with no choices and the usage of the whole answer.
Json usage_chunk(const AnswerHead& head, std::string_view object, const Usage& usage);

// A token as text: itself when it is UTF-8, else each byte as \xE2.
std::string readable_token(const std::string& bytes);

// A finite number. -9999 stands for "not among the likely", as the specification has it.
double finite_logprob(std::optional<double> logprob);

}  // namespace attune::wire
