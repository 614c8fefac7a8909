#include "data/check_messages.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "data/clean_text.h"
#include "data/mapping.h"

namespace attune::data {

namespace {

constexpr std::array<std::string_view, 6> kChatRoles = {"system",    "developer", "user",
                                                        "assistant", "tool",      "function"};
constexpr std::string_view kRolesInWords = "system, developer, user, assistant or tool";

// Of the chat formats that are read; what others add is named.
constexpr std::array<std::string_view, 16> kKnownKeys = {
    "role",       "content",      "name",          "weight",
    "tool_calls", "tool_call_id", "function_call", "reasoning_content",
    "thinking",   "reasoning",    "refusal",       "annotations",
    "audio",      "train",        "channel",       "train_detail"};

template <std::size_t Count>
bool among(const std::array<std::string_view, Count>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// " (did you mean "content"?)" for a misspelt one.
template <std::size_t Count>
std::string suggest_word(const std::array<std::string_view, Count>& words, std::string_view word) {
  Json names = Json::object();
  for (const std::string_view known : words) names[std::string(known)] = nullptr;
  return suggest_column(word, names);
}

std::string in_words(JsonRef value) {
  if (value.is_string()) return fmt::format("\"{}\"", quote_for_message(value.string()));
  return fmt::format("a JSON {}", json_type_name(value.type()));
}

bool is_true(JsonRef value) { return value.exists() && !value.is_null(); }

class ConversationCheck {
 public:
  ConversationCheck(JsonRef messages, Ending ending, bool converted, RowReporter& reporter)
      : messages_(messages), ending_(ending), converted_(converted), reporter_(reporter) {}

  ConversationView run() && {
    if (!messages_.is_array() || messages_.size() == 0) {
      reporter_.error("D007", messages_,
                      {.found = messages_.is_array() ? "an empty list of messages"
                                                     : fmt::format("messages are {}, not a list",
                                                                   in_words(messages_)),
                       .wanted = "a list of {\"role\", \"content\"}",
                       .fix = "write the conversation of this row"});
      return view_;
    }
    for (JsonRef message = messages_.first(); message.exists(); message = message.next())
      check_message(message);
    check_ending();
    check_weights();
    return view_;
  }

 private:
  void check_message(JsonRef message) {
    if (!message.is_object()) {
      reporter_.error("D008", message,
                      {.found = fmt::format("the message is {}", in_words(message)),
                       .wanted = "{\"role\", \"content\"}",
                       .fix = "write each message as an object"});
      previous_ = {};
      return;
    }
    if (message.find("from").exists() && message.find("value").exists() &&
        !message.find("role").exists())
      return report_other_format(message);
    JsonRef role, content, weight;
    bool has_calls = false;
    for (JsonRef key = message.first(); key.exists();) {
      const JsonRef value = key.next();
      const std::string_view name = key.string();
      if (name == "role") {
        role = value;
      } else if (name == "content") {
        content = value;
      } else if (name == "weight") {
        weight = value;
      } else if (name == "tool_calls" || name == "function_call") {
        has_calls = has_calls || (is_true(value) && (!value.is_array() || value.size() > 0));
      } else if (!among(kKnownKeys, name)) {
        unknown_key(key);
      }
      key = value.next();
    }
    const std::string_view speaker = check_role(message, role);
    check_content(message, content, speaker, has_calls);
    if (weight.exists()) check_weight(weight, speaker);
    if (!speaker.empty()) check_turn(message, speaker);
    remember(content, speaker, has_calls);
  }

  void report_other_format(JsonRef message) {
    reporter_.error("D008", message,
                    {.found = "the keys \"from\" and \"value\", which belong to another format",
                     .wanted = "\"role\" and \"content\"",
                     .fix = "name the list \"conversations\", and it is read as that format"});
    other_format_ = true;
  }

  void unknown_key(JsonRef key) {
    reporter_.warning("D009", key,
                      {.found = fmt::format("unknown key \"{}\"{}", quote_for_message(key.string()),
                                            suggest_word(kKnownKeys, key.string())),
                       .wanted = "role, content, name, weight, tool_calls or tool_call_id",
                       .fix = "rename or remove it; it is left out otherwise"});
  }

  // The role that is meant; empty when that cannot be said.
  std::string_view check_role(JsonRef message, JsonRef role) {
    if (!is_true(role)) {
      reporter_.error("D008", message,
                      {.found = "\"role\" missing",
                       .wanted = std::string(kRolesInWords),
                       .fix = "name who speaks"});
      return {};
    }
    const std::string_view name = role.string();
    if (role.is_string() && among(kChatRoles, name)) return name == "function" ? "tool" : name;
    if (const std::string_view meant = role_for_alias(name); !meant.empty()) {
      if (!converted_) {
        reporter_.warning("D010", role,
                          {.found = fmt::format("role \"{}\"", quote_for_message(name)),
                           .wanted = fmt::format("\"{}\"", meant),
                           .fix = "--fix renames it"});
      }
      return meant;
    }
    reporter_.error(
        "D010", role,
        {.found = role.is_string() ? fmt::format("role \"{}\"{}", quote_for_message(name),
                                                 suggest_word(kChatRoles, name))
                                   : fmt::format("the role is {}", in_words(role)),
         .wanted = std::string(kRolesInWords),
         .fix = "rename the role"});
    return {};
  }

  void check_content(JsonRef message, JsonRef content, std::string_view speaker, bool has_calls) {
    if (!content.exists()) {
      if (has_calls) return;
      reporter_.error("D008", message,
                      {.found = "\"content\" missing and no \"tool_calls\"",
                       .wanted = "text",
                       .fix = "write what is said"});
      return;
    }
    if (content.is_string()) return check_text(content, speaker, has_calls);
    if (content.is_null() && has_calls) return;
    if (content.is_array()) return check_parts(content);
    reporter_.error("D011", content,
                    {.found = fmt::format("the content is {}", in_words(content)),
                     .wanted = content.is_null() ? "text, or tool calls" : "text",
                     .fix = content.is_null() ? "write what is said, or remove the row"
                                              : "write it as a string"});
  }

  void check_text(JsonRef content, std::string_view speaker, bool has_calls) {
    if (!is_blank(content.string())) return check_words(content, reporter_);
    if (has_calls || speaker == "tool") return;
    const bool instruction = speaker == "system" || speaker == "developer";
    reporter_.add(
        "D011", instruction ? Severity::warning : Severity::error, content,
        {.found = content.string().empty() ? "empty content" : "nothing but white space",
         .wanted = speaker == "assistant" ? "an answer to learn"
                   : instruction          ? "instructions, or no such message"
                                          : "a question",
         .fix = instruction ? "--fix removes the message" : "write it, or remove the row"});
  }

  void check_parts(JsonRef parts) {
    for (JsonRef part = parts.first(); part.exists(); part = part.next()) {
      const JsonRef text = part.find("text");
      const JsonRef type = part.find("type");
      if (text.is_string() && (!type.exists() || type.string() == "text")) {
        check_words(text, reporter_);
        continue;
      }
      reporter_.error("D011", part,
                      {.found = type.is_string() ? fmt::format("a part of type \"{}\"",
                                                               quote_for_message(type.string()))
                                                 : "a part without text",
                       .wanted = "{\"type\":\"text\",\"text\":...}",
                       .fix = "leave out images and sound: text alone is trained"});
    }
    if (parts.size() == 0)
      reporter_.error(
          "D011", parts,
          {.found = "an empty list of parts", .wanted = "text", .fix = "write what is said"});
  }

  void check_weight(JsonRef weight, std::string_view speaker) {
    if (weight.is_null()) return;
    const std::string_view written = weight.text();
    const bool zero = written == "0" || written == "0.0";
    if (!zero && written != "1" && written != "1.0") {
      reporter_.error("D017", weight,
                      {.found = fmt::format("weight {}", quote_for_message(written)),
                       .wanted = "0 (context) or 1 (learned)",
                       .fix = "set it to 0 or 1"});
    } else if (!speaker.empty() && speaker != "assistant") {
      reporter_.warning("D017", weight,
                        {.found = fmt::format("a weight on a {} message", speaker),
                         .wanted = "weights on assistant messages alone",
                         .fix = "--fix removes it; such messages are never trained"});
    }
    if (speaker == "assistant" && zero) ++unweighted_;
  }

  void check_turn(JsonRef message, std::string_view speaker) {
    const bool instruction = speaker == "system" || speaker == "developer";
    const bool first = message.index() == messages_.index() + 1;
    if (instruction && !first && !(previous_ == "system" || previous_ == "developer")) {
      reporter_.warning("D014", message,
                        {.found = fmt::format("a {} message in the middle", speaker),
                         .wanted = "it first",
                         .fix = "move it to the front, or make it a user message"});
    }
    if (speaker == previous_ && (speaker == "user" || speaker == "assistant")) {
      reporter_.warning("D014", message,
                        {.found = fmt::format("two {} messages in a row", speaker),
                         .wanted = "user and assistant in turn",
                         .fix = "merge them; some chat templates refuse this"});
    }
    if (speaker == "assistant" && !asked_ && ending_ == Ending::answer && assistants_ == 0) {
      reporter_.warning("D014", message,
                        {.found = "the assistant speaks before any user",
                         .wanted = "a question first",
                         .fix = "some chat templates refuse this: put a user message before it"});
    }
    if (ending_ == Ending::answers && speaker != "assistant" && speaker != "tool") {
      reporter_.error("D042", message,
                      {.found = fmt::format("a {} message among the answers", speaker),
                       .wanted = "assistant (and tool) messages alone",
                       .fix = "move it to the input of the pair"});
    }
    previous_ = speaker;
    if (speaker == "user" || speaker == "tool") asked_ = true;
    if (speaker == "assistant") ++assistants_;
    last_ = message;
  }

  void remember(JsonRef content, std::string_view speaker, bool has_calls) {
    if (speaker == "assistant") {
      view_.answer = content.string();
      view_.answer_at = content;
      view_.has_tool_calls = view_.has_tool_calls || has_calls;
    } else if (speaker == "user") {
      view_.question = content.string();
      view_.has_question = true;
    } else if ((speaker == "system" || speaker == "developer") && !view_.has_system) {
      view_.system = content.string();
      view_.has_system = true;
    }
  }

  void check_ending() {
    if (ending_ == Ending::question) {
      if (previous_ != "assistant") return;
      reporter_.error("D013", last_,
                      {.found = "the prompt ends with an assistant message",
                       .wanted = "a user or tool message last",
                       .fix = "move the answer to where answers stand in this format"});
      return;
    }
    if (other_format_) return;
    if (assistants_ == 0) {
      reporter_.error("D012", messages_,
                      {.found = "nothing to learn: no assistant message",
                       .wanted = "an answer",
                       .fix = "add the assistant's answer, or remove the row"});
      return;
    }
    if (previous_ == "assistant" || previous_.empty()) return;
    reporter_.error(
        "D013", last_,
        {.found = fmt::format("the last turn is {}: context without an answer", previous_),
         .wanted = "a conversation that ends with the assistant",
         .fix = "add the answer, or remove the turns behind the last one (--fix does)"});
  }

  void check_weights() {
    if (assistants_ == 0 || unweighted_ < assistants_) return;
    reporter_.error("D017", messages_,
                    {.found = "every assistant message has weight 0: nothing is learned",
                     .wanted = "one with weight 1",
                     .fix = "remove the weight of the answer to learn, or the row"});
  }

  JsonRef messages_;
  Ending ending_;
  bool converted_;
  RowReporter& reporter_;
  ConversationView view_;
  std::string_view previous_;  // who spoke before; empty when that could not be said
  JsonRef last_;
  bool asked_ = false;
  bool other_format_ = false;
  std::int64_t assistants_ = 0;
  std::int64_t unweighted_ = 0;
};

}  // namespace

std::string_view role_for_alias(std::string_view role) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kAliases = {
      {{"human", "user"},
       {"gpt", "assistant"},
       {"bot", "assistant"},
       {"model", "assistant"},
       {"ai", "assistant"},
       {"chatbot", "assistant"},
       {"observation", "tool"},
       {"function_call", "assistant"},
       {"function_response", "tool"}}};
  for (const auto& [alias, meant] : kAliases) {
    if (role == alias) return meant;
  }
  return {};
}

ConversationView check_messages(JsonRef messages, Ending ending, bool converted,
                                RowReporter& reporter) {
  return ConversationCheck(messages, ending, converted, reporter).run();
}

}  // namespace attune::data
