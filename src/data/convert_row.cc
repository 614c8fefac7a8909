#include "data/convert_row.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "data/clean_text.h"
#include "data/preference_rows.h"
#include "data/turns.h"
#include "io/text_encoding.h"

namespace attune::data {

namespace {

Json message_of(std::string_view role, std::string content) {
  return {{"role", role}, {"content", std::move(content)}};
}

Failure wrong_column(const std::string& where, std::string_view column, const Json& value,
                     std::string_view wanted) {
  return bad_input(
      {.where = where,
       .found = fmt::format("{} is {}", column_name(column),
                            value.is_primitive() && !value.is_null()
                                ? fmt::format("\"{}\"", quote_for_message(value_text(value)))
                                : fmt::format("a JSON {}", value.type_name())),
       .wanted = std::string(wanted),
       .fix = "mend this row"});
}

// A column that is a list, or the text of one, as tables hold it.
Result<Json> list_in(const Json& row, const std::string& column, std::string_view wanted,
                     const std::string& where) {
  const Json* const value = find_column(row, column);
  if (value == nullptr) {
    return bad_input({.where = where,
                      .found = fmt::format("there is no column \"{}\"{}", column_name(column),
                                           suggest_column(column_name(column), row)),
                      .wanted = fmt::format("one of {}", list_columns(row)),
                      .fix = "correct --map"});
  }
  if (value->is_array()) return *value;
  if (value->is_string()) {
    Result<Json> parsed = parse_json(value->get<std::string>(), where);
    if (parsed && parsed->is_array()) return parsed;
  }
  return wrong_column(where, column, *value, wanted);
}

// Makes one example of one row.
class RowReader {
 public:
  RowReader(const Mapping& mapping, const Json& row, const std::string& where)
      : mapping_(mapping), row_(row), where_(where) {}

  Result<std::vector<Example>> read() && {
    if (!mapping_.text.empty()) return read_text();
    if (!mapping_.segments.empty()) return read_segments();
    if (!mapping_.tokens.empty()) return read_tokens();
    ATTUNE_TRY_VOID(read_prompt());
    read_settings();
    if (mapping_.preferred) return read_preference();
    if (!mapping_.ranked.empty()) return read_ranked();
    if (!mapping_.steps.empty()) return read_steps();
    if (!mapping_.label.empty()) ATTUNE_TRY_VOID(read_label());
    return one();
  }

 private:
  std::vector<Example> one() {
    std::vector<Example> examples;
    examples.push_back(std::move(example_));
    return examples;
  }

  Result<std::vector<Example>> read_text() {
    const Json* const text = find_column(row_, mapping_.text);
    if (text == nullptr || !text->is_string())
      return wrong_column(where_, mapping_.text, text == nullptr ? Json() : *text, "a text");
    example_.kind = RowKind::text;
    example_.body = *text;
    return one();
  }

  Result<std::vector<Example>> read_segments() {
    constexpr std::string_view kWanted = "a list of {\"label\": true or false, \"text\"}";
    ATTUNE_TRY(Json segments, list_in(row_, mapping_.segments, kWanted, where_));
    for (const Json& segment : segments) {
      const bool good = segment.is_object() && segment.contains("text") &&
                        segment["text"].is_string() && segment.contains("label") &&
                        segment["label"].is_boolean();
      if (!good) return wrong_column(where_, mapping_.segments, segment, kWanted);
    }
    example_.kind = RowKind::segments;
    example_.body = std::move(segments);
    return one();
  }

  Result<std::vector<Example>> read_tokens() {
    ATTUNE_TRY(Json ids, list_in(row_, mapping_.tokens, "a list of token ids", where_));
    example_.kind = RowKind::tokens;
    example_.body = {{"input_ids", std::move(ids)}};
    for (const char* name : {"attention_mask", "labels"}) {
      if (const Json* const value = find_column(row_, name); value != nullptr)
        example_.body[name] = *value;
    }
    return one();
  }

  // Adds what a rule gives: the turns of a list of messages, else one message.
  Result<void> add(Json& messages, std::string_view role, const ContentRule& rule) {
    if (const std::string* const column = rule.whole_column()) {
      const Json* const value = find_column(row_, *column);
      if (value == nullptr && rule.parts[0].optional) return {};
      if (value != nullptr && add_turns(messages, *value)) return {};
    }
    ATTUNE_TRY(std::string content, render_content(rule, row_, where_));
    if (role == "system" && is_blank(content)) return {};
    messages.push_back(message_of(role, std::move(content)));
    example_.plain_text = true;
    return {};
  }

  bool add_turns(Json& messages, const Json& value) {
    if (!is_list_of_turns(value)) {
      if (!value.is_object() || !is_list_of_turns(Json::array({value}))) return false;
      messages.push_back(messages_of_turns(Json::array({value}), mapping_.tags)[0]);
      return true;
    }
    for (Json& message : messages_of_turns(value, mapping_.tags))
      messages.push_back(std::move(message));
    return true;
  }

  Result<void> read_prompt() {
    Json& messages = example_.messages = Json::array();
    if (mapping_.system) ATTUNE_TRY_VOID(add(messages, "system", *mapping_.system));
    example_.plain_text = false;
    if (!mapping_.messages.empty()) return read_messages();
    if (!mapping_.history.empty()) ATTUNE_TRY_VOID(read_history());
    if (mapping_.user) ATTUNE_TRY_VOID(add(messages, "user", *mapping_.user));
    if (mapping_.user) read_input();
    if (!mapping_.assistant) return {};
    const std::size_t before = messages.size();
    ATTUNE_TRY_VOID(add(messages, "assistant", *mapping_.assistant));
    if (messages.size() == before) {
      example_.kind = RowKind::prompt;
      return {};
    }
    // Answers inside the prompt are context: only the answer's own column is learned.
    for (std::size_t i = 0; i < before; ++i) {
      Json& message = messages[i];
      const bool answer = message.is_object() && message.value("role", Json()) == "assistant";
      if (answer && mapping_.history.empty() && !message.contains("weight")) message["weight"] = 0;
    }
    return {};
  }

  Result<void> read_messages() {
    const Json* value = find_column(row_, mapping_.messages);
    if (value == nullptr) {
      if (mapping_.messages.ends_with('?')) return {};
      return Failure(list_in(row_, mapping_.messages, "", where_).error());
    }
    Json parsed;
    if (value->is_string()) {  // as tables hold it
      Result<Json> list = parse_json(value->get<std::string>(), where_);
      if (list && list->is_array()) {
        parsed = std::move(*list);
        value = &parsed;
      }
    }
    if (!value->is_array()) {  // the checks name it
      example_.messages = *value;
      return {};
    }
    for (Json& message : messages_of_turns(*value, mapping_.tags))
      example_.messages.push_back(std::move(message));
    return {};
  }

  Result<void> read_history() {
    constexpr std::string_view kWanted = "a list of [question, answer] pairs";
    const Json* const value = find_column(row_, mapping_.history);
    if (value == nullptr || value->is_null()) return {};
    if (value->is_string() && is_blank(value->get<std::string>())) return {};
    ATTUNE_TRY(const Json history, list_in(row_, mapping_.history, kWanted, where_));
    for (const Json& turn : history) {
      if (!turn.is_array() || turn.size() != 2)
        return wrong_column(where_, mapping_.history, turn, kWanted);
      example_.messages.push_back(message_of("user", value_text(turn[0])));
      example_.messages.push_back(message_of("assistant", value_text(turn[1])));
    }
    return {};
  }

  // The last part of lines(instruction,input?), where it is there.
  void read_input() {
    const ContentRule& rule = *mapping_.user;
    if (!rule.separator || rule.parts.size() < 2) return;
    const Json* const value = find_column(row_, rule.parts.back().column);
    if (value == nullptr || !value->is_string()) return;
    const std::string& text = value->get_ref<const std::string&>();
    const bool joined = example_.messages.back()["content"] != *value;
    if (joined && !is_blank(text)) example_.input = text;
  }

  void read_settings() {
    if (!mapping_.tools.empty()) {
      if (const Json* const tools = find_column(row_, mapping_.tools))
        example_.tools = tools_of_value(*tools);
    } else if (const auto tools = row_.find("tools"); tools != row_.end()) {
      example_.tools = tools_of_value(*tools);
    }
    // The older name of tools, without their wrapping.
    if (const auto functions = row_.find("functions");
        functions != row_.end() && functions->is_array() && example_.tools.is_null())
      example_.tools = tools_of_value(*functions);
    if (mapping_.parallel_tool_calls.empty()) return;
    const Json* const parallel = find_column(row_, mapping_.parallel_tool_calls);
    if (parallel != nullptr && parallel->is_boolean()) example_.parallel_tool_calls = *parallel;
  }

  Result<std::vector<Example>> read_preference() {
    example_.kind = RowKind::preference;
    bool texts = example_.plain_text || example_.messages.empty();
    for (const auto& [rule, answers] :
         {std::pair{&*mapping_.preferred, &example_.preferred},
          std::pair{&*mapping_.non_preferred, &example_.non_preferred}}) {
      *answers = Json::array();
      example_.plain_text = false;
      ATTUNE_TRY_VOID(add(*answers, "assistant", *rule));
      texts = texts && example_.plain_text;
    }
    example_.plain_text = texts;
    divide_prompt_from_answers(example_);
    return one();
  }

  Result<std::vector<Example>> read_ranked() {
    constexpr std::string_view kWanted = "a list of {\"answer\", \"rank\"}, 1 the best";
    ATTUNE_TRY(Json answers, list_in(row_, mapping_.ranked, kWanted, where_));
    for (const Json& answer : answers) {
      const bool good = answer.is_object() && answer.contains("answer") &&
                        answer["answer"].is_string() && answer.contains("rank") &&
                        answer["rank"].is_number();
      if (!good) return wrong_column(where_, mapping_.ranked, answer, kWanted);
    }
    std::stable_sort(answers.begin(), answers.end(), [](const Json& a, const Json& b) {
      return a["rank"].get<double>() < b["rank"].get<double>();
    });
    std::vector<Example> examples;
    for (const Json& worse : answers) {
      if (worse["rank"].get<double>() <= answers[0]["rank"].get<double>()) continue;
      Example example = example_;
      example.kind = RowKind::preference;
      example.preferred =
          Json::array({message_of("assistant", answers[0]["answer"].get<std::string>())});
      example.non_preferred =
          Json::array({message_of("assistant", worse["answer"].get<std::string>())});
      examples.push_back(std::move(example));
    }
    if (examples.empty())
      return wrong_column(where_, mapping_.ranked, answers, "answers of different ranks");
    return examples;
  }

  Result<std::vector<Example>> read_steps() {
    ATTUNE_TRY(const Json steps, list_in(row_, mapping_.steps, "a list of texts", where_));
    ATTUNE_TRY(const Json labels,
               list_in(row_, mapping_.step_labels, "a list of true and false", where_));
    if (steps.size() != labels.size()) {
      return bad_input({.where = where_,
                        .found = fmt::format("{} steps and {} labels", steps.size(), labels.size()),
                        .wanted = "a label for each step",
                        .fix = "mend this row"});
    }
    example_.kind = RowKind::stepwise;
    example_.body = Json::array();
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (!steps[i].is_string())
        return wrong_column(where_, mapping_.steps, steps[i], "a list of texts");
      const std::optional<bool> label = boolean_of(value_text(labels[i]));
      if (!label)
        return wrong_column(where_, mapping_.step_labels, labels[i], "a list of true and false");
      example_.body.push_back({{"text", steps[i]}, {"label", *label}});
    }
    return one();
  }

  Result<void> read_label() {
    const Json* const value = find_column(row_, mapping_.label);
    const std::optional<bool> label =
        value == nullptr ? std::nullopt : boolean_of(value_text(*value));
    if (!label) {
      return wrong_column(where_, mapping_.label, value == nullptr ? Json() : *value,
                          "true for a good answer, false for a bad one");
    }
    example_.kind = RowKind::labelled;
    example_.body = *label;
    return {};
  }

  const Mapping& mapping_;
  const Json& row_;
  const std::string& where_;
  Example example_;
};

}  // namespace

Result<std::vector<Example>> convert_row(const Mapping& mapping, const Json& row,
                                         const std::string& where) {
  if (mapping.each.empty()) return RowReader(mapping, row, where).read();
  ATTUNE_TRY(const Json objects, list_in(row, mapping.each, "a list of objects", where));
  std::vector<Example> examples;
  for (const Json& object : objects) {
    if (!object.is_object()) return wrong_column(where, mapping.each, object, "a list of objects");
    Json columns = row;
    columns.erase(std::string(column_name(mapping.each)));
    for (const auto& [key, value] : object.items()) columns[key] = value;
    ATTUNE_TRY(std::vector<Example> made, RowReader(mapping, columns, where).read());
    std::move(made.begin(), made.end(), std::back_inserter(examples));
  }
  return examples;
}

}  // namespace attune::data
