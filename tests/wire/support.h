// What the tests of the wire layer share.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "io/json.h"
#include "wire/error.h"
#include "wire/sampling.h"

namespace attune::wire {

// The value of a JSON text that the test itself wrote.
inline Json json(std::string_view text) {
  Result<Json> parsed = parse_json(text, "test");
  EXPECT_TRUE(parsed.has_value()) << (parsed ? "" : parsed.error().message()) << "\n" << text;
  return parsed ? *parsed : Json();
}

// "param code", or "accepted", so that a table of cases reads as one line each.
template <typename T>
std::string outcome(const Answer<T>& answer) {
  if (answer) return "accepted";
  const ApiError& error = answer.error();
  EXPECT_EQ(error.status, 400);
  EXPECT_FALSE(error.message.empty());
  return error.param.value_or("-") + " " + error.code.value_or("-");
}

// `base` with the members of `changes` put over it, member by member.
inline Json with(Json base, std::string_view changes) {
  const Json added = json(changes);
  for (const auto& [key, value] : added.items()) base[key] = value;
  return base;
}

// A position of an answer: its token and the likeliest ones.
inline TokenLogprob position(std::string bytes, std::optional<double> logprob,
                             std::vector<TokenChance> top = {}) {
  TokenLogprob made;
  made.token.bytes = std::move(bytes);
  made.token.logprob = logprob;
  made.top = std::move(top);
  return made;
}

}  // namespace attune::wire
