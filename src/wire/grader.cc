#include "wire/grader.h"

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>

#include "io/text_encoding.h"
#include "wire/grader_fields.h"

namespace attune::wire {

namespace {

constexpr std::size_t kMostGraders = 32;  // of one multi grader
constexpr LengthRange kName = {1, 256};
constexpr LengthRange kTemplate = {0, 1 << 20};

constexpr std::array<std::pair<GraderType, std::string_view>, 5> kTypes = {
    {{GraderType::string_check, "string_check"},
     {GraderType::text_similarity, "text_similarity"},
     {GraderType::label_model, "label_model"},
     {GraderType::score_model, "score_model"},
     {GraderType::multi, "multi"}}};

// ---- messages ----

// One part of a content; `at` is its place in messages.
std::string read_part(Fields& message, const Json& part, const std::string& at) {
  if (part.is_string()) return part.get<std::string>();
  if (!part.is_object()) {
    message.wrong_type(part, at, "a string or a text part");
    return {};
  }
  const Json type = part.value("type", Json());
  if (type == "input_text" || type == "output_text") {
    const auto text = part.find("text");
    if (text != part.end() && text->is_string()) return text->get<std::string>();
    message.fault(missing_parameter(at + ".text"));
    return {};
  }
  message.fault(unsupported_parameter(
      at + ".type",
      fmt::format("Invalid content type {}. This server's models read text only: 'input_text' and "
                  "'output_text' are supported.",
                  quote_for_message(to_text(type)))));
  return {};
}

std::string read_content(Fields& message) {
  message.require("content");
  const Json* content = message.find("content");
  if (content == nullptr) return {};
  const std::string path = message.path_of("content");
  if (!content->is_array()) return read_part(message, *content, path);
  std::string text;
  for (std::size_t i = 0; i < content->size(); ++i) {
    text += read_part(message, (*content)[i], fmt::format("{}[{}]", path, i));
  }
  return text;
}

// ---- fields of single types ----

void read_texts(Fields& fields, Grader& grader) {
  fields.require("input");
  grader.input = fields.text("input", kTemplate).value_or("");
  fields.require("reference");
  grader.reference = fields.text("reference", kTemplate).value_or("");
}

void read_string_check(Fields& fields, Grader& grader) {
  read_texts(fields, grader);
  fields.require("operation");
  const std::string word = fields.word("operation", {"eq", "ne", "like", "ilike"}).value_or("eq");
  if (word == "ne") grader.operation = StringOperation::ne;
  if (word == "like") grader.operation = StringOperation::like;
  if (word == "ilike") grader.operation = StringOperation::ilike;
}

void read_text_similarity(Fields& fields, Grader& grader, const GraderRules& rules) {
  read_texts(fields, grader);
  fields.require("evaluation_metric");
  grader.metric =
      fields
          .word("evaluation_metric", {"cosine", "fuzzy_match", "bleu", "gleu", "meteor", "rouge_1",
                                      "rouge_2", "rouge_3", "rouge_4", "rouge_5", "rouge_l"})
          .value_or("");
  if (rules.is_criterion && !rules.inside_multi) fields.require("pass_threshold");
}

void read_sampling_params(Fields& fields, Grader& grader) {
  std::optional<Fields> params = fields.object("sampling_params");
  if (!params) return;
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  GraderSampling& sampling = grader.sampling;
  sampling.temperature = params->number("temperature", {0, 2}).value_or(sampling.temperature);
  sampling.top_p = params->number("top_p", {0, 1}).value_or(sampling.top_p);
  sampling.seed = params->integer("seed").value_or(sampling.seed);
  // The specification's own spelling, and the one of chat completions.
  const auto theirs = params->integer("max_completions_tokens", {1, kMost});
  const auto chats = params->integer("max_completion_tokens", {1, kMost});
  sampling.max_tokens = theirs ? theirs : chats;
  refuse_reasoning(*params);
}

void read_model_question(Fields& fields, Grader& grader) {
  grader.model = fields.required_text("model", {1, 512});
  grader.messages = read_prompt(fields, "input");
  grader.source["input"] = prompt_json(grader.messages);
  read_sampling_params(fields, grader);
}

void read_label_model(Fields& fields, Grader& grader) {
  read_model_question(fields, grader);
  fields.require("labels");
  grader.labels = fields.texts("labels", {1, 256}, {1, 256}).value_or(std::vector<std::string>());
  fields.require("passing_labels");
  grader.passing_labels =
      fields.texts("passing_labels", {1, 256}, {1, 256}).value_or(std::vector<std::string>());
  for (std::size_t i = 0; i < grader.labels.size(); ++i) {
    const auto first = std::find(grader.labels.begin(), grader.labels.end(), grader.labels[i]);
    if (static_cast<std::size_t>(first - grader.labels.begin()) == i) continue;
    fields.fault(invalid_value(
        fmt::format("{}[{}]", fields.path_of("labels"), i),
        fmt::format("The label {} appears twice.", quote_for_message(grader.labels[i]))));
  }
  for (const std::string& label : grader.passing_labels) {
    if (std::find(grader.labels.begin(), grader.labels.end(), label) != grader.labels.end())
      continue;
    fields.fault(invalid_value(
        fields.path_of("passing_labels"),
        fmt::format("The passing label {} is none of the labels.", quote_for_message(label))));
  }
}

void read_score_model(Fields& fields, Grader& grader) {
  read_model_question(fields, grader);
  const Json* range = fields.array("range", {2, 2});
  if (range == nullptr) return;
  const std::string path = fields.path_of("range");
  grader.least = fields.check_number((*range)[0], path + "[0]", {}).value_or(0);
  grader.most = fields.check_number((*range)[1], path + "[1]", {}).value_or(1);
  if (!(grader.least < grader.most) && !fields.failed()) {
    fields.fault(invalid_value(path, fmt::format("Invalid '{}': the first number must be below the "
                                                 "second one.",
                                                 path)));
  }
}

// ---- multi ----

void read_inner(Fields inner, const Json& object, std::string key, Grader& grader) {
  if (inner.failed()) return;
  Grader read = read_grader(inner, object, {.is_criterion = false, .inside_multi = true});
  if (key.empty()) key = read.name;
  grader.graders.emplace_back(std::move(key), std::move(read));
}

// An object of graders by name, as the guides write it; also a list, and the one grader of the
// specification.
void read_inner_graders(Fields& fields, Grader& grader) {
  fields.require("graders");
  const Json* given = fields.find("graders");
  if (given == nullptr) return;
  const std::string path = fields.path_of("graders");
  if (given->is_object() && given->contains("type") && (*given)["type"].is_string()) {
    read_inner(*fields.object("graders"), *given, "", grader);
  } else if (given->is_object()) {
    Fields all = *fields.object("graders");
    if (!fields.check_length(std::ssize(*given), path, {1, kMostGraders}, "object")) return;
    for (const auto& [name, value] : given->items()) {
      std::optional<Fields> inner = all.object(name);
      if (!inner) {
        if (!all.failed()) all.wrong_type(value, all.path_of(name), "an object");
        return;
      }
      read_inner(*inner, value, name, grader);
    }
  } else if (const Json* list = fields.array("graders", {1, kMostGraders})) {
    for (std::size_t i = 0; i < list->size() && !fields.failed(); ++i) {
      read_inner(fields.item("graders", *list, i), (*list)[i], "", grader);
    }
  }
}

void read_multi(Fields& fields, Grader& grader, const GraderRules& rules) {
  if (rules.inside_multi) {
    fields.fault(invalid_value(fields.path_of("type"),
                               "A multi grader can not be inside another one: write its graders "
                               "and its formula into the outer one."));
    return;
  }
  read_inner_graders(fields, grader);
  grader.calculate_output = fields.required_text("calculate_output", {1, 4096});
}

GraderType read_type(Fields& fields) {
  fields.require("type");
  const std::string word = fields
                               .word("type", {"string_check", "text_similarity", "label_model",
                                              "score_model", "multi", "python"})
                               .value_or("string_check");
  if (word == "python") {
    fields.fault(unsupported_parameter(
        fields.path_of("type"),
        "Graders of type 'python' are not supported: this server runs no code of its clients. Say "
        "the same with string_check, text_similarity, label_model, score_model or multi, or grade "
        "the output items in your own program."));
  }
  const auto found = std::find_if(kTypes.begin(), kTypes.end(),
                                  [&](const auto& known) { return known.second == word; });
  return found == kTypes.end() ? GraderType::string_check : found->first;
}

template <typename Read>
auto read_body(const Json& body, Read read) -> Answer<decltype(read(std::declval<Fields&>()))> {
  Fields fields(body);
  auto value = read(fields);
  if (auto error = fields.finish()) return refuse(std::move(*error));
  return value;
}

Grader read_body_grader(Fields& fields) {
  fields.require("grader");
  std::optional<Fields> inner = fields.object("grader");
  return inner ? read_grader(*inner, *fields.find("grader"), {}) : Grader{};
}

}  // namespace

std::string_view to_text(GraderType type) {
  return std::find_if(kTypes.begin(), kTypes.end(),
                      [&](const auto& known) { return known.first == type; })
      ->second;
}

void refuse_reasoning(Fields& fields) {
  const Json* effort = fields.find("reasoning_effort");
  if (effort == nullptr || *effort == "none") return;
  fields.fault(unsupported_parameter(fields.path_of("reasoning_effort"),
                                     "Unsupported value: 'reasoning_effort' does not support " +
                                         quote_for_message(to_text(*effort)) +
                                         " on this server. Supported values are: 'none'."));
}

std::vector<PromptMessage> read_prompt(Fields& fields, std::string_view name) {
  std::vector<PromptMessage> messages;
  fields.require(name);
  const Json* given = fields.array(name, {1, 1024});
  if (given == nullptr) return messages;
  for (std::size_t i = 0; i < given->size() && !fields.failed(); ++i) {
    Fields message = fields.item(name, *given, i);
    message.word("type", {"message"});
    message.require("role");
    const auto role = message.word("role", {"user", "assistant", "system", "developer"});
    messages.push_back({.role = role.value_or("user"), .content = read_content(message)});
  }
  return messages;
}

Json prompt_json(const std::vector<PromptMessage>& messages) {
  Json list = Json::array();
  for (const PromptMessage& message : messages) {
    const char* type = message.role == "assistant" ? "output_text" : "input_text";
    list.push_back({{"type", "message"},
                    {"role", message.role},
                    {"content", {{"type", type}, {"text", message.content}}}});
  }
  return list;
}

Grader read_grader(Fields& fields, const Json& object, const GraderRules& rules) {
  Grader grader;
  grader.source = object;
  grader.type = read_type(fields);
  grader.name = fields.required_text("name", kName);
  fields.text("id");  // the hosted service adds one to its answers
  switch (grader.type) {
    case GraderType::string_check:
      read_string_check(fields, grader);
      break;
    case GraderType::text_similarity:
      read_text_similarity(fields, grader, rules);
      break;
    case GraderType::label_model:
      read_label_model(fields, grader);
      break;
    case GraderType::score_model:
      read_score_model(fields, grader);
      break;
    case GraderType::multi:
      read_multi(fields, grader, rules);
      break;
  }
  grader.pass_threshold = fields.number("pass_threshold");
  return grader;
}

Answer<Grader> parse_criterion(const Json& value) {
  return read_body(value, [&](Fields& fields) {
    return read_grader(fields, value, {.is_criterion = true, .inside_multi = false});
  });
}

Answer<std::vector<PromptMessage>> parse_prompt(const Json& value) {
  const Json body = {{"messages", value}};
  return read_body(body, [](Fields& fields) { return read_prompt(fields, "messages"); });
}

Answer<RunGraderRequest> parse_run_grader_request(const Json& body) {
  return read_body(body, [&](Fields& fields) {
    RunGraderRequest request;
    request.grader = read_body_grader(fields);
    if (std::optional<Fields> item = fields.object("item")) {
      item->accept_all();
      request.item = *fields.find("item");
    }
    fields.require("model_sample");
    if (const Json* sample = fields.find("model_sample")) {
      if (sample->is_string())
        request.model_sample = sample->get<std::string>();
      else
        fields.wrong_type(*sample, "model_sample", "a string");
    }
    return request;
  });
}

Answer<Grader> parse_validate_grader_request(const Json& body) {
  return read_body(body, read_body_grader);
}

}  // namespace attune::wire
