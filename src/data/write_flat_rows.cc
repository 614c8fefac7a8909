#include "data/write_flat_rows.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "data/clean_text.h"

namespace attune::data {

namespace {

std::string role_in(const Json& message) {
  const Json role = message.is_object() ? message.value("role", Json()) : Json();
  return role.is_string() ? role.get<std::string>() : std::string();
}

// The message's text; what is no text is fatal.
std::string content_in(const Json& message, Losses& losses) {
  const Json content = message.is_object() ? message.value("content", Json()) : Json();
  if (content.is_string()) return content.get<std::string>();
  if (!content.is_null()) losses.fatal.emplace_back("content that is no text");
  return {};
}

void lose(Losses& losses, std::string words) {
  if (std::find(losses.words.begin(), losses.words.end(), words) == losses.words.end())
    losses.words.push_back(std::move(words));
}

// Takes the instruction before the first turn off the messages; one more further on is fatal.
std::string take_system(Json& messages, Losses& losses) {
  std::string system;
  const std::string first = messages.empty() ? std::string() : role_in(messages[0]);
  if (first == "system" || first == "developer") {
    if (first == "developer") lose(losses, "the role developer (written as system)");
    if (messages[0].contains("name")) lose(losses, "the name of the system message");
    system = content_in(messages[0], losses);
    messages.erase(0);
  }
  for (const Json& message : messages) {
    const std::string role = role_in(message);
    if (role == "system" || role == "developer")
      losses.fatal.emplace_back("a system message in the middle");
  }
  return system;
}

void lose_settings(const Example& example, Losses& losses) {
  if (!example.parallel_tool_calls.is_null()) lose(losses, "parallel_tool_calls");
}

// What only lists of messages can say.
void lose_message_keys(const Json& message, bool weights, Losses& losses) {
  if (message.contains("name")) lose(losses, "names of speakers");
  if (!weights && message.value("weight", Json(1)) == 0)
    lose(losses, "the weight 0 of an answer, which would be trained");
}

void add_answers(Json& row, const Example& example, Losses& losses) {
  if (example.kind == RowKind::labelled) row["kto_tag"] = example.body;
  if (example.kind != RowKind::preference) return;
  if (example.preferred.size() != 1 || example.non_preferred.size() != 1)
    losses.fatal.emplace_back("an answer of several messages");
}

// The text of the one message of an answer.
std::string answer_text(const Json& messages, Losses& losses) {
  if (messages.size() != 1) return {};
  if (messages[0].contains("tool_calls")) losses.fatal.emplace_back("tool calls");
  return content_in(messages[0], losses);
}

// Turns a conversation into ShareGPT's, where a call and its result are turns of their own.
class ShareGptTurns {
 public:
  explicit ShareGptTurns(Losses& losses) : losses_(losses) {}

  Json write(const Json& messages) {
    Json turns = Json::array();
    for (const Json& message : messages) add(message, turns);
    return turns;
  }

 private:
  void add(const Json& message, Json& turns) {
    lose_message_keys(message, true, losses_);
    const std::string role = role_in(message);
    Json turn;
    if (role == "tool") {
      turn = {{"from", "observation"}, {"value", content_in(message, losses_)}};
      if (message.value("tool_call_id", Json()) != fmt::format("call_{}", ++results_))
        lose(losses_, "ids of tool calls");
      if (!turns.empty() && turns.back()["from"] == "observation")
        losses_.fatal.emplace_back(
            "several tool results in a row, which ShareGPT's turns do not hold");
    } else if (message.contains("tool_calls")) {
      turn = {{"from", "function_call"}, {"value", calls_text(message["tool_calls"])}};
      if (!content_in(message, losses_).empty()) lose(losses_, "a text beside a tool call");
    } else {
      turn = {{"from", role == "assistant" ? "gpt" : "human"},
              {"value", content_in(message, losses_)}};
    }
    if (message.contains("weight")) turn["weight"] = message["weight"];
    turns.push_back(std::move(turn));
  }

  std::string calls_text(const Json& calls) {
    Json list = Json::array();
    for (const Json& call : calls) {
      if (call.value("id", Json()) != fmt::format("call_{}", ++calls_))
        lose(losses_, "ids of tool calls");
      const Json function = call.value("function", Json::object());
      const Json text = function.value("arguments", Json("{}"));
      Json written = {{"name", function.value("name", Json(""))}, {"arguments", Json::object()}};
      const Result<Json> arguments =
          text.is_string() ? parse_json(text.get<std::string>(), "arguments") : text;
      if (!arguments || to_text(*arguments) != text) {
        lose(losses_, "the spacing of tool arguments");
        if (!arguments) losses_.fatal.emplace_back("tool arguments that are not JSON");
      }
      if (arguments) written["arguments"] = *arguments;
      list.push_back(std::move(written));
    }
    return to_text(list.size() == 1 ? list[0] : list);
  }

  Losses& losses_;
  int calls_ = 0;
  int results_ = 0;
};

// Tools as bare functions in a text.
std::string sharegpt_tools(const Json& tools, Losses& losses) {
  Json functions = Json::array();
  for (const Json& tool : tools) {
    const bool plain = tool.is_object() && tool.size() == 2 &&
                       tool.value("type", Json()) == "function" && tool.contains("function");
    if (!plain) losses.fatal.emplace_back("a tool that is more than a function");
    functions.push_back(plain ? tool["function"] : tool);
  }
  return to_text(functions);
}

}  // namespace

Json prompt_completion_row(const Example& example, Losses& losses) {
  lose_settings(example, losses);
  if (!example.tools.is_null()) losses.fatal.emplace_back("tools");
  Json messages = example.messages;
  if (!take_system(messages, losses).empty()) lose(losses, "the system message");
  Json row;
  if (messages.size() != 2 || role_in(messages[0]) != "user" ||
      role_in(messages[1]) != "assistant") {
    losses.fatal.emplace_back("a conversation of more than one question and one answer");
    return row;
  }
  for (const Json& message : messages) lose_message_keys(message, false, losses);
  row["prompt"] = content_in(messages[0], losses);
  row["completion"] = content_in(messages[1], losses);
  return row;
}

Json sharegpt_row(const Example& example, Losses& losses) {
  lose_settings(example, losses);
  Json messages = example.messages;
  const std::string system = take_system(messages, losses);
  Json row;
  row["conversations"] = ShareGptTurns(losses).write(messages);
  add_answers(row, example, losses);
  if (example.kind == RowKind::preference) {
    row["chosen"] = {{"from", "gpt"}, {"value", answer_text(example.preferred, losses)}};
    row["rejected"] = {{"from", "gpt"}, {"value", answer_text(example.non_preferred, losses)}};
  }
  if (!system.empty()) row["system"] = system;
  if (!example.tools.is_null()) row["tools"] = sharegpt_tools(example.tools, losses);
  return row;
}

Json alpaca_row(const Example& example, Losses& losses) {
  lose_settings(example, losses);
  if (!example.tools.is_null()) losses.fatal.emplace_back("tools");
  Json messages = example.messages;
  const std::string system = take_system(messages, losses);
  const bool preference = example.kind == RowKind::preference;
  bool in_turn = messages.size() % 2 == (preference ? 1 : 0) && !messages.empty();
  for (std::size_t i = 0; i < messages.size(); ++i) {
    lose_message_keys(messages[i], false, losses);
    in_turn = in_turn && role_in(messages[i]) == (i % 2 == 0 ? "user" : "assistant") &&
              !messages[i].contains("tool_calls");
  }
  Json row;
  if (!in_turn) {
    losses.fatal.emplace_back("a conversation in which user and assistant do not take turns");
    return row;
  }
  const std::size_t question = messages.size() - (preference ? 1 : 2);
  std::string instruction = content_in(messages[question], losses);
  std::string input;
  if (!example.input.empty() && instruction.ends_with("\n" + example.input)) {
    input = example.input;
    instruction.resize(instruction.size() - input.size() - 1);
  }
  row["instruction"] = instruction;
  row["input"] = input;
  add_answers(row, example, losses);
  if (preference) {
    row["chosen"] = answer_text(example.preferred, losses);
    row["rejected"] = answer_text(example.non_preferred, losses);
  } else {
    row["output"] = content_in(messages.back(), losses);
  }
  if (!system.empty()) row["system"] = system;
  for (std::size_t i = 0; i + 1 < question; i += 2) {
    row["history"].push_back(
        Json::array({content_in(messages[i], losses), content_in(messages[i + 1], losses)}));
  }
  return row;
}

}  // namespace attune::data
