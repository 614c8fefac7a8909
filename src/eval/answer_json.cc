#include "eval/answer_json.h"

#include <algorithm>

namespace attune::eval {

namespace {

bool is_list_of_objects(const Json& value) {
  return value.is_array() &&
         std::all_of(value.begin(), value.end(), [](const Json& one) { return one.is_object(); });
}

}  // namespace

Json to_json(const Answer& answer) {
  Json json = {{"text", answer.text},
               {"prompt_tokens", answer.prompt_tokens},
               {"completion_tokens", answer.completion_tokens}};
  if (answer.latency_ms > 0) json["latency_ms"] = answer.latency_ms;
  if (answer.first_token_ms > 0) json["first_token_ms"] = answer.first_token_ms;
  if (answer.cut) json["cut"] = true;
  if (!answer.failure.empty()) json["failure"] = answer.failure;
  if (!answer.judged.empty()) json["judged"] = answer.judged;
  if (!answer.judge.empty()) json["judge"] = answer.judge;
  return json;
}

Result<Answer> answer_from_json(const Json& json, std::string_view where) {
  const auto is = [&](const char* key, auto kind) {
    return !json.contains(key) || kind(json[key]);
  };
  const auto number = [](const Json& value) { return value.is_number(); };
  const auto integer = [](const Json& value) { return value.is_number_integer(); };
  const bool good = json.is_object() && json.contains("text") && json["text"].is_string() &&
                    is("prompt_tokens", integer) && is("completion_tokens", integer) &&
                    is("latency_ms", number) && is("first_token_ms", number) &&
                    is("cut", [](const Json& value) { return value.is_boolean(); }) &&
                    is("failure", [](const Json& value) { return value.is_string(); }) &&
                    is("judged", is_list_of_objects) && is("judge", is_list_of_objects);
  if (!good) {
    return bad_input({.where = std::string(where),
                      .found = to_text(json).substr(0, 80),
                      .wanted = "an answer: {\"text\", \"prompt_tokens\", ...}"});
  }
  return Answer{.text = json["text"].get<std::string>(),
                .latency_ms = json.value("latency_ms", 0.0),
                .prompt_tokens = json.value("prompt_tokens", std::int64_t{0}),
                .completion_tokens = json.value("completion_tokens", std::int64_t{0}),
                .first_token_ms = json.value("first_token_ms", 0.0),
                .cut = json.value("cut", false),
                .failure = json.value("failure", std::string()),
                .judged = json.value("judged", std::vector<Json>()),
                .judge = json.value("judge", std::vector<Json>())};
}

}  // namespace attune::eval
