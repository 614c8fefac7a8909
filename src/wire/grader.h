// Graders of the evals and fine-tuning API: how one answer is judged. Parsed here, run by
// eval/grader.h.
//
//   ATTUNE_ANSWER(const RunGraderRequest request, parse_run_grader_request(body));
//   request.grader.source                  its JSON, to be sent back
//
// string_check, text_similarity, label_model, score_model and multi are known; python is refused:
// this server runs no code of its clients.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/json.h"
#include "wire/error.h"

namespace attune::wire {

enum class GraderType { string_check, text_similarity, label_model, score_model, multi };
// The JSON writer by this name stays visible beside it: a Json converts to an enumeration.
using attune::to_text;
std::string_view to_text(GraderType type);

enum class StringOperation { eq, ne, like, ilike };

// A message of a conversation; `content` may hold {{templates}}.
struct PromptMessage {
  std::string role;  // user, assistant, system, developer
  std::string content;
  bool operator==(const PromptMessage&) const = default;
};

struct GraderSampling {
  double temperature = 0;
  double top_p = 1;
  std::int64_t seed = 42;
  std::optional<std::int64_t> max_tokens = {};
};

struct Grader {
  GraderType type = GraderType::string_check;
  std::string name;
  Json source = Json::object();  // as it was given, its messages in the form of prompt_json

  std::string input, reference;  // templates: string_check, text_similarity
  StringOperation operation = StringOperation::eq;
  std::string metric = {};  // text_similarity: "fuzzy_match", "rouge_l" ...

  std::string model = {};                    // label_model, score_model
  std::vector<PromptMessage> messages = {};  // what the model is asked
  GraderSampling sampling = {};
  std::vector<std::string> labels = {}, passing_labels = {};
  double least = 0, most = 1;  // score_model: the range of the score

  std::optional<double> pass_threshold = {};  // a score from here on passes

  // multi: the graders under the names that the formula may use.
  std::vector<std::pair<std::string, Grader>> graders = {};
  std::string calculate_output = {};
};

// A testing criterion of an eval, as it was stored.
Answer<Grader> parse_criterion(const Json& value);

// A conversation that an item carries: a list of messages whose content is a text, a text part, or
// a list of text parts.
Answer<std::vector<PromptMessage>> parse_prompt(const Json& value);

// Messages as answers have them: {"type": "message", "role", "content": {"type": "input_text",
// "text"}}, whatever form they came in.
Json prompt_json(const std::vector<PromptMessage>& messages);

// POST /fine_tuning/alpha/graders/run
struct RunGraderRequest {
  Grader grader = {};
  Json item = Json::object();
  std::string model_sample;
};
Answer<RunGraderRequest> parse_run_grader_request(const Json& body);

// POST /fine_tuning/alpha/graders/validate
Answer<Grader> parse_validate_grader_request(const Json& body);

}  // namespace attune::wire
