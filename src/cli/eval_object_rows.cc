// The rows of an OpenAI eval: prompts from its templates, answers that rows bring, and the judges'
// answers.
#include <algorithm>

#include <fmt/format.h>

#include "cli/eval.h"
#include "eval/grader_template.h"
#include "grammar/json_schema.h"
#include "io/jsonl.h"
#include "wire/grader.h"

namespace attune::cli {

namespace {

// What a model is asked for an item: a template of messages, or the place of messages in the item.
class Prompts {
 public:
  static Result<Prompts> prepare(const Json& input_messages, std::string_view where) {
    Prompts prompts;
    if (input_messages.is_null()) return prompts;
    if (input_messages.value("type", "") == "item_reference") {
      ATTUNE_TRY(prompts.reference_,
                 eval::ValuePath::parse(input_messages.value("item_reference", std::string())));
      return prompts;
    }
    const auto messages = wire::parse_prompt(input_messages.value("template", Json::array()));
    if (!messages) {
      return bad_input({.where = fmt::format("{}: input_messages", where),
                        .found = messages.error().message,
                        .wanted = "messages"});
    }
    for (const wire::PromptMessage& message : *messages) {
      ATTUNE_TRY(eval::Template made, eval::Template::parse(message.content));
      prompts.roles_.push_back(message.role);
      prompts.contents_.push_back(std::move(made));
    }
    return prompts;
  }

  Result<Json> messages(const Json& item, const std::string& where) const {
    const Json none = Json::object();
    const eval::Namespaces values{.item = item, .sample = none};
    Json messages = Json::array();
    if (reference_) {
      const Json* found = reference_->find(values);
      const auto given = wire::parse_prompt(found == nullptr ? Json() : *found);
      if (!given) return no_value(reference_->text(), where);
      for (const wire::PromptMessage& message : *given)
        messages.push_back({{"role", message.role}, {"content", message.content}});
      return messages;
    }
    for (std::size_t i = 0; i < contents_.size(); ++i) {
      const eval::Template::Filled filled = contents_[i].fill(values);
      if (filled.missing != nullptr) return no_value(filled.missing->text(), where);
      messages.push_back({{"role", roles_[i]}, {"content", filled.text}});
    }
    return messages;
  }

 private:
  static Failure no_value(const std::string& place, const std::string& where) {
    return bad_input({.where = where,
                      .found = fmt::format("no {{{{{}}}}} in the item", place),
                      .wanted = "what input_messages asks for"});
  }

  std::optional<eval::ValuePath> reference_;
  std::vector<std::string> roles_;
  std::vector<eval::Template> contents_;
};

Result<std::vector<JsonLine>> raw_rows(const eval::Suite& suite) {
  std::vector<JsonLine> rows;
  if (suite.data.empty()) {
    for (const Json& row : suite.eval.content) {
      const std::int64_t number = std::ssize(rows) + 1;
      rows.push_back({.value = row, .line = number});
    }
    return rows;
  }
  ATTUNE_TRY(const std::string text, read_file(suite.data));
  JsonlReader lines(text, suite.data);
  while (true) {
    ATTUNE_TRY(std::optional<JsonLine> line, lines.next());
    if (!line) return rows;
    rows.push_back(*std::move(line));
  }
}

Result<void> check_row(const Json& row, const grammar::JsonSchema& schema, bool needs_answer,
                       const std::string& where) {
  const auto refuse = [&](std::string found, std::string wanted) {
    return bad_input({.where = where, .found = std::move(found), .wanted = std::move(wanted)});
  };
  if (!row.is_object() || !row.contains("item") || !row["item"].is_object())
    return refuse("no object \"item\"", "{\"item\": {...}} on each line");
  const std::vector<grammar::Violation> violations = schema.validate(row["item"]);
  if (!violations.empty()) return refuse(violations.front().message(), "an item by item_schema");
  const Json sample = row.value("sample", Json());
  const bool has_answer =
      sample.is_object() && sample.contains("output_text") && sample["output_text"].is_string();
  if (needs_answer && !has_answer)
    return refuse("no answer in the row, and no input_messages to ask for one",
                  "sample.output_text in each row, or a data_source of type completions");
  return {};
}

// One of the labels: the whole text, or the first that occurs in it.
Result<std::string> label_in(const std::string& text, const std::vector<std::string>& labels) {
  const auto found = std::min_element(
      labels.begin(), labels.end(), [&](const std::string& one, const std::string& two) {
        const std::size_t at = text.find(one), other = text.find(two);
        return at != other ? at < other : one.size() > two.size();
      });
  if (found != labels.end() && text.find(*found) != std::string::npos) return *found;
  return environment_failure(
      {.where = "label_model", .found = text.substr(0, 80), .wanted = "one of the labels"});
}

}  // namespace

Result<std::vector<data::Example>> eval_rows(const eval::Suite& suite) {
  ATTUNE_TRY(const grammar::JsonSchema schema,
             grammar::JsonSchema::compile(suite.eval.item_schema, "item_schema"));
  ATTUNE_TRY(const Prompts prompts, Prompts::prepare(suite.eval.input_messages, suite.name));
  ATTUNE_TRY(const std::vector<JsonLine> raw, raw_rows(suite));
  const std::string source = suite.data.empty() ? suite.name : suite.data;
  std::vector<data::Example> rows;
  for (const JsonLine& line : raw) {
    const std::string where = fmt::format("{}:{}", source, line.line);
    ATTUNE_TRY_VOID(check_row(line.value, schema, suite.eval.input_messages.is_null(), where));
    data::Example& row = rows.emplace_back();
    row.kind = data::RowKind::prompt;
    row.source = source;
    row.line = line.line;
    row.id = fmt::format("row {}", rows.size());
    row.rest = {{"item", line.value["item"]}};
    if (line.value.contains("sample") && line.value["sample"].is_object())
      row.rest["sample"] = line.value["sample"];
    ATTUNE_TRY(row.messages, prompts.messages(line.value["item"], where));
    // Without a prompt people see the item itself.
    if (row.messages.empty())
      row.messages.push_back({{"role", "user"}, {"content", to_text(line.value["item"])}});
  }
  return rows;
}

Result<eval::ArmResult> given_answers(const Material& material, const eval::SuiteArm& arm) {
  eval::ArmResult result{.name = arm.name, .answers = {}};
  for (const data::Example& row : material.rows) {
    const Json text = row.rest.is_object() && row.rest.contains("sample")
                          ? row.rest["sample"].value("output_text", Json())
                          : Json();
    if (!text.is_string()) {
      return bad_input({.where = row.where(),
                        .found = "no answer in the row",
                        .wanted = "sample.output_text, or a model to ask"});
    }
    result.answers.push_back({.text = text.get<std::string>()});
  }
  return result;
}

Result<void> judge_answers(ModelShelf& shelf, const Material& material,
                           const std::vector<eval::Item>& items, eval::AnswerCache& cache,
                           const AnswerProgress& progress, std::vector<eval::ArmResult>& arms) {
  if (!material.criteria || !material.criteria->ask_models()) return {};
  const eval::AskModel ask = [&](const eval::ModelQuestion& question) -> Result<eval::ModelReply> {
    ATTUNE_TRY(ChatModel* const model,
               shelf.get({.name = question.model, .model = question.model}));
    ChatPrompt prompt;
    for (const wire::PromptMessage& message : question.messages)
      prompt.messages.push_back({{"role", message.role}, {"content", message.content}});
    if (question.sampling.temperature > 0)
      prompt.seed = static_cast<std::uint64_t>(question.sampling.seed);
    ATTUNE_TRY(const std::vector<Asked> asked,
               ask_prompts(
                   *model, {prompt},
                   {.most_tokens = question.sampling.max_tokens.value_or(256),
                    .temperature = question.sampling.temperature},
                   cache, [](std::size_t, std::size_t) {}, true));
    const eval::Answer& answer = asked.front().answer;
    if (!answer.failure.empty()) {
      return environment_failure(
          {.where = question.model, .found = answer.failure, .wanted = "an answer"});
    }
    eval::ModelReply reply{.text = answer.text, .model = question.model, .usage = {}};
    if (!question.labels.empty()) {
      ATTUNE_TRY(reply.text, label_in(answer.text, question.labels));
    }
    return reply;
  };
  std::size_t done = 0;
  for (eval::ArmResult& arm : arms) {
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (arm.answers[i].failure.empty())
        arm.answers[i].judged = material.criteria->ask(items[i], arm.answers[i].text, ask);
      progress(++done, arms.size() * items.size());
    }
  }
  return {};
}

}  // namespace attune::cli
