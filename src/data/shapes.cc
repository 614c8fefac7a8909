#include "data/shapes.h"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>

#include "data/clean_text.h"

namespace attune::data {

namespace {

constexpr std::array<std::string_view, 8> kUserNames = {
    "prompt", "question", "user", "input", "query", "text", "instruction", "request"};
constexpr std::array<std::string_view, 7> kAssistantNames = {
    "completion", "answer", "response", "assistant", "output", "label", "reply"};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

// The row's own spelling of `name`, whatever its case; empty when the row has no such column.
std::string spelled(const Json& row, std::string_view name) {
  for (const auto& [column, ignored] : row.items()) {
    if (lower(column) == name) return column;
  }
  return {};
}

template <std::size_t Count>
std::vector<std::string> present(const Json& row,
                                 const std::array<std::string_view, Count>& names) {
  std::vector<std::string> columns;
  for (const std::string_view name : names) {
    if (const std::string column = spelled(row, name); !column.empty()) columns.push_back(column);
  }
  return columns;
}

// Columns that identify a row rather than say something; `word` is in lower case.
bool identifies(std::string_view word) {
  return word == "id" || word.ends_with("_id") || word == "key" || word == "split" ||
         word == "date" || word.ends_with("_at") || word.starts_with("column_");
}

ContentRule column_rule(const std::string& column) {
  return {.parts = {{.literal = {}, .column = column}}, .members = {}};
}

RowShape pair_shape(const Json& row, const std::string& user, const std::string& assistant) {
  RowShape shape{.kind = RowShape::Kind::pair, .mapping = {}};
  shape.mapping.user = column_rule(user);
  shape.mapping.assistant = column_rule(assistant);
  if (const std::string system = spelled(row, "system"); !system.empty())
    shape.mapping.system = column_rule(system);
  return shape;
}

Json message(std::string_view role, std::string content) {
  return {{"role", role}, {"content", std::move(content)}};
}

Failure wrong_field(const std::string& where, std::string_view field, const Json& value,
                    std::string_view wanted) {
  return bad_input({.where = where,
                    .found = fmt::format("\"{}\" is {}", field, value.type_name()),
                    .wanted = std::string(wanted),
                    .fix = "mend the row"});
}

void add_system(Json& messages, const Json& row) {
  const std::string column = spelled(row, "system");
  if (column.empty()) return;
  std::string text = value_text(row[column]);
  if (!is_blank(text)) messages.push_back(message("system", std::move(text)));
}

Result<Json> instruction_messages(const Json& row, const std::string& where) {
  Json messages = Json::array();
  add_system(messages, row);
  if (const std::string history = spelled(row, "history");
      !history.empty() && !row[history].is_null()) {
    constexpr std::string_view kWanted = "a list of [question, answer] pairs";
    if (!row[history].is_array()) return wrong_field(where, history, row[history], kWanted);
    for (const Json& turn : row[history]) {
      if (!turn.is_array() || turn.size() != 2) return wrong_field(where, history, turn, kWanted);
      messages.push_back(message("user", value_text(turn[0])));
      messages.push_back(message("assistant", value_text(turn[1])));
    }
  }
  std::string question = value_text(row[spelled(row, "instruction")]);
  if (const std::string input = spelled(row, "input"); !input.empty()) {
    const std::string text = value_text(row[input]);
    if (!is_blank(text)) question += (is_blank(question) ? "" : "\n") + text;
  }
  messages.push_back(message("user", std::move(question)));
  messages.push_back(message("assistant", value_text(row[spelled(row, "output")])));
  return messages;
}

Result<Json> conversation_messages(const Json& row, const std::string& where) {
  const Json& turns = row["conversations"];
  if (!turns.is_array())
    return wrong_field(where, "conversations", turns, "a list of {\"from\", \"value\"}");
  Json messages = Json::array();
  add_system(messages, row);
  for (const Json& turn : turns) {
    const bool tagged = turn.is_object() && turn.contains("from") && turn.contains("value");
    if (!tagged) {
      // Some files of this kind hold {"role", "content"} already; what is neither is named by the
      // later checks.
      messages.push_back(turn);
      continue;
    }
    messages.push_back({{"role", turn["from"]}, {"content", turn["value"]}});
  }
  return messages;
}

}  // namespace

std::string RowShape::name() const {
  switch (kind) {
    case Kind::chat:
      return "chat (messages)";
    case Kind::conversations:
      return "chat (conversations)";
    case Kind::instruction:
      return "instruction (instruction, input, output)";
    case Kind::pair:
      return fmt::format("pair ({})", fmt::join(mapping.columns(), ", "));
  }
  return {};
}

std::optional<RowShape> detect_shape(const Json& row) {
  using Kind = RowShape::Kind;
  if (row.contains("messages")) return RowShape{.kind = Kind::chat, .mapping = {}};
  if (row.contains("conversations")) return RowShape{.kind = Kind::conversations, .mapping = {}};
  if (!spelled(row, "instruction").empty() && !spelled(row, "output").empty()) {
    return RowShape{.kind = Kind::instruction, .mapping = {}};
  }
  if (const std::string prompt = spelled(row, "prompt"), completion = spelled(row, "completion");
      !prompt.empty() && !completion.empty()) {
    return pair_shape(row, prompt, completion);
  }
  const std::vector<std::string> users = present(row, kUserNames);
  const std::vector<std::string> assistants = present(row, kAssistantNames);
  if (users.size() != 1 || assistants.size() != 1) return std::nullopt;
  return pair_shape(row, users[0], assistants[0]);
}

Result<Json> messages_of(const RowShape& shape, const Json& row, const std::string& where) {
  switch (shape.kind) {
    case RowShape::Kind::chat:
      return row["messages"];
    case RowShape::Kind::conversations:
      return conversation_messages(row, where);
    case RowShape::Kind::instruction:
      return instruction_messages(row, where);
    case RowShape::Kind::pair:
      return apply_mapping(shape.mapping, row, where);
  }
  return Json();
}

std::vector<std::string> columns_of(const RowShape& shape, const Json& row) {
  switch (shape.kind) {
    case RowShape::Kind::chat:
      return {"messages", "tools"};
    case RowShape::Kind::conversations:
      return {"conversations", "tools", spelled(row, "system")};
    case RowShape::Kind::instruction:
      return {spelled(row, "instruction"), spelled(row, "input"), spelled(row, "output"),
              spelled(row, "system"), spelled(row, "history")};
    case RowShape::Kind::pair:
      return shape.mapping.columns();
  }
  return {};
}

std::string example_mapping(const Json& row) {
  // Where a customer's words usually are, then any other column.
  constexpr std::array<std::string_view, 7> kTextNames = {
      "subject", "title", "body", "message", "content", "description", "context"};
  std::vector<std::string> questions = present(row, kTextNames);
  for (const std::string& name : present(row, kUserNames)) questions.push_back(name);
  std::vector<std::string> answers = present(row, kAssistantNames);
  std::vector<std::string> others;
  const auto holds = [](const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  for (const auto& [name, ignored] : row.items()) {
    if (!holds(questions, name) && !holds(answers, name) && !identifies(lower(name)))
      others.push_back(name);
  }
  const auto take = [&](std::vector<std::string>& names) {
    if (!names.empty() || others.empty()) return;
    names.push_back(others.front());
    others.erase(others.begin());
  };
  take(questions);
  if (answers.empty()) answers = std::move(others);
  if (questions.empty() || answers.empty()) return "user=COLUMN,assistant=COLUMN";
  questions.resize(std::min<std::size_t>(questions.size(), 2));
  const std::string user = questions.size() == 1
                               ? questions[0]
                               : fmt::format("{{{}}}\\n\\n{{{}}}", questions[0], questions[1]);
  const std::string assistant =
      answers.size() == 1 ? answers[0] : fmt::format("json({})", fmt::join(answers, ","));
  return fmt::format("user={},assistant={}", user, assistant);
}

}  // namespace attune::data
