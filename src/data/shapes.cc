#include "data/shapes.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "data/convert_row.h"

namespace attune::data {

namespace {

constexpr std::array<std::string_view, 8> kUserNames = {
    "prompt", "question", "user", "input", "query", "text", "instruction", "request"};
constexpr std::array<std::string_view, 7> kAssistantNames = {
    "completion", "answer", "response", "assistant", "output", "label", "reply"};

template <std::size_t Count>
std::vector<std::string> present(const Json& row,
                                 const std::array<std::string_view, Count>& names) {
  std::vector<std::string> columns;
  for (const std::string_view name : names) {
    if (const std::string column = spelled(row, name); !column.empty()) columns.push_back(column);
  }
  return columns;
}

ContentRule column_rule(const std::string& column) {
  return {.parts = {{.literal = {}, .column = column}}, .members = {}};
}

RowShape pair_shape(const Json& row, const std::string& user, const std::string& assistant) {
  RowShape shape{.kind = RowShape::Kind::pair, .format = nullptr, .mapping = {}};
  shape.mapping.user = column_rule(user);
  shape.mapping.assistant = column_rule(assistant);
  if (const std::string system = spelled(row, "system"); !system.empty())
    shape.mapping.system = column_rule(system);
  return shape;
}

}  // namespace

std::string RowShape::name() const {
  std::vector<std::string> columns = mapping.columns();
  if (format != nullptr) {
    // Those that may be missing are left out.
    std::erase_if(columns, [&](const std::string& column) {
      return format->columns.find(column + "?") != std::string_view::npos;
    });
  }
  return fmt::format("{} ({})", format == nullptr ? "pair" : format->name,
                     fmt::join(columns, ", "));
}

std::optional<RowShape> detect_shape(const Json& row) {
  if (const KnownFormat* const format = recognise_format(row); format != nullptr)
    return shape_of_format(*format, row);
  const std::vector<std::string> users = present(row, kUserNames);
  const std::vector<std::string> assistants = present(row, kAssistantNames);
  if (users.size() != 1 || assistants.size() != 1) return std::nullopt;
  return pair_shape(row, users[0], assistants[0]);
}

RowShape shape_of_format(const KnownFormat& format, const Json& row) {
  const bool pair = format.name == "prompt-completion";
  return {.kind = pair ? RowShape::Kind::pair : RowShape::Kind::format,
          .format = &format,
          .mapping = mapping_of(format, row)};
}

Result<Json> messages_of(const RowShape& shape, const Json& row, const std::string& where) {
  ATTUNE_TRY(std::vector<Example> examples, convert_row(shape.mapping, row, where));
  if (examples.empty()) return Json::array();
  Json messages = std::move(examples[0].messages);
  if (examples[0].kind == RowKind::preference && messages.is_array()) {
    for (Json& message : examples[0].preferred) messages.push_back(std::move(message));
  }
  return messages;
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
    if (!holds(questions, name) && !holds(answers, name) && !is_label_column(name))
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
