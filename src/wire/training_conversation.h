// The checks of one conversation of a training file: the messages of a chat example, or an output
// list of a preference example. Inside the layer only.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "io/json.h"
#include "wire/training_example.h"

namespace attune::wire {

class ConversationCheck {
 public:
  // `path` of the list in the line ("messages"); `noun` of its items in messages ("message").
  ConversationCheck(const FaultReceiver& fault, std::string path, std::string noun)
      : fault_(fault), path_(std::move(path)), noun_(std::move(noun)) {}

  void check(const Json& messages) {
    for (std::size_t i = 0; i < messages.size(); ++i) check_message(messages[i], i);
  }

  // What check() has seen.
  bool has_system = false, has_user = false, has_assistant = false, has_trained = false;
  std::string last_role;  // empty: the last message has none

 private:
  void report(std::string_view kind, std::string message, const std::string& at = {});
  void check_message(const Json& message, std::size_t index);
  void check_keys(const Json& message);
  bool check_role(const Json& message);
  void check_weight(const Json& message);
  void check_name(const Json& message);
  // True when the message has calls, also faulty ones: then its content may be missing.
  bool check_tool_calls(const Json& message);
  void check_tool_call(const Json& call, const std::string& at, std::size_t number);
  void check_tool_call_id(const Json& message);
  void check_content(const Json& message, bool has_calls);
  bool read_parts(const Json& parts, std::string& text);
  void note_role(const Json& message);

  const FaultReceiver& fault_;
  const std::string path_;
  const std::string noun_;
  std::string place_;                              // "message 2"
  std::string here_;                               // "messages[1]"
  std::set<std::string, std::less<>> open_calls_;  // ids that a tool message may answer
};

}  // namespace attune::wire
