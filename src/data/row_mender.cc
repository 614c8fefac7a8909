#include "data/row_mender.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <xxhash.h>

#include "data/check_messages.h"
#include "data/clean_text.h"

namespace attune::data {

namespace {

// Bytes [begin, end) of the row's text give way to `text`.
struct TextEdit {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string text;
};

std::uint64_t value_hash(std::string_view text) {
  return text.empty() ? 0 : XXH3_64bits(text.data(), text.size());
}

std::string as_json_string(std::string_view text) { return to_text(Json(std::string(text))); }

class RowMender {
 public:
  RowMender(const CheckedRow& row, const CheckOptions& options, std::vector<Mend>& mends)
      : row_(row), options_(options), mends_(mends) {}

  std::optional<std::string> run(const std::vector<JsonRef>& duplicates) && {
    for (const JsonRef& key : duplicates) remove_repeated_member(key);
    for (const std::string_view list :
         {"messages", "preferred_output", "non_preferred_output", "chosen", "rejected"}) {
      const JsonRef messages = row_.value.find(list);
      if (messages.is_array()) mend_messages(messages, list == "messages");
      if (messages.is_string()) mend_text(messages);
    }
    if (const JsonRef input = row_.value.find("input").find("messages"); input.is_array())
      mend_messages(input, false);
    if (const JsonRef turns = row_.value.find("conversations"); turns.is_array()) {
      for (const JsonRef& turn : turns.items()) mend_text(turn.find("value"));
    }
    for (const JsonTreeMember& member : row_.value.members()) {
      if (member.value.is_string() && member.key.string() != "id") mend_text(member.value);
    }
    if (left_out_) return std::nullopt;
    return on_one_line(apply_edits());
  }

 private:
  void add(std::string_view code, JsonRef at, std::string what, std::size_t begin, std::size_t end,
           std::string text) {
    const bool taken = std::any_of(edits_.begin(), edits_.end(), [&](const TextEdit& edit) {
      return begin < edit.end && edit.begin < end;
    });
    if (taken) return;
    add_mend(mends_,
             {.code = std::string(code),
              .line = row_.line,
              .row = row_.id,
              .path = json_path(row_.value, at),
              .what = std::move(what)},
             row_.text.substr(begin, end - begin), text, options_);
    edits_.push_back({.begin = begin, .end = end, .text = std::move(text)});
  }

  void replace(std::string_view code, JsonRef value, std::string what, std::string text) {
    add(code, value, std::move(what), value.begin(), value.end(), std::move(text));
  }

  // The value before `value` in its array or object; does not exist for the first.
  static JsonRef before(JsonRef parent, JsonRef value) {
    JsonRef previous;
    for (JsonRef at = parent.first(); at.exists() && at != value; at = at.next()) previous = at;
    return previous;
  }

  // With the comma before them, or the one behind them when nothing stands before.
  void remove_children(std::string_view code, JsonRef parent, JsonRef first, JsonRef last,
                       std::string what) {
    const JsonRef previous = before(parent, first);
    const JsonRef next = last.next();
    if (previous.exists()) {
      add(code, first, std::move(what), previous.end(), last.end(), "");
    } else {
      add(code, first, std::move(what), first.begin(), next.exists() ? next.begin() : last.end(),
          "");
    }
  }

  // A member that says what an earlier one of the same name says.
  void remove_repeated_member(JsonRef key) {
    const JsonRef object = parent_of(row_.value, key);
    if (!object.exists()) return;
    if (object.find(key.string()).text() != key.next().text()) return;
    remove_children("D005", object, key, key.next(), "the same member a second time, removed");
  }

  static JsonRef parent_of(JsonRef root, JsonRef key) {
    if (root.is_object()) {
      for (const JsonTreeMember& member : root.members()) {
        if (member.key == key) return root;
        if (const JsonRef found = parent_of(member.value, key); found.exists()) return found;
      }
    }
    for (JsonRef item = root.is_array() ? root.first() : JsonRef(); item.exists();
         item = item.next()) {
      if (const JsonRef found = parent_of(item, key); found.exists()) return found;
    }
    return {};
  }

  static std::string_view speaker_of(JsonRef message) {
    const std::string_view role = message.find("role").string();
    const std::string_view meant = role_for_alias(role);
    return meant.empty() ? role : meant;
  }

  void mend_messages(JsonRef messages, bool ends_with_answer) {
    JsonRef last_answer;
    for (const JsonRef& message : messages.items()) {
      if (speaker_of(message) == "assistant") last_answer = message;
    }
    if (ends_with_answer && last_answer.exists() && last_answer.next().exists()) {
      JsonRef last = last_answer;
      while (last.next().exists()) last = last.next();
      remove_children("D013", messages, last_answer.next(), last,
                      "turns behind the last answer, removed");
    }
    for (const JsonRef& message : messages.items()) {
      if (is_empty_instruction(message) && message.next().exists()) {
        remove_children("D011", messages, message, message, "an empty system message, removed");
      } else if (message.is_object()) {
        mend_message(message);
      }
    }
  }

  static bool is_empty_instruction(JsonRef message) {
    const std::string_view speaker = speaker_of(message);
    const JsonRef content = message.find("content");
    return (speaker == "system" || speaker == "developer") && content.is_string() &&
           is_blank(content.string());
  }

  void mend_message(JsonRef message) {
    const JsonRef role = message.find("role");
    if (const std::string_view meant = role_for_alias(role.string()); !meant.empty()) {
      replace("D010", role, fmt::format("role \"{}\" became \"{}\"", role.string(), meant),
              as_json_string(meant));
    }
    const std::string_view speaker = speaker_of(message);
    const JsonRef weight = message.find("weight");
    if (weight.exists() && !weight.is_null() && !speaker.empty() && speaker != "assistant") {
      const JsonRef key = before(message, weight);
      remove_children("D017", message, key, weight, "a weight that means nothing, removed");
    }
    const JsonRef content = message.find("content");
    if (content.is_string()) mend_text(content);
    for (const JsonRef& part : content.items()) mend_text(part.find("text"));
    for (const JsonRef& call : message.find("tool_calls").items())
      mend_text(call.find("function").find("arguments"));
  }

  void mend_text(JsonRef string) {
    if (!string.is_string()) return;
    std::string text = without_invisible(string.string());
    std::string_view code = "D002";
    std::string what = "invisible characters removed";
    const bool visible = text == string.string();
    if (options_.pii != nullptr &&
        (options_.pii_policy == PiiPolicy::mask || options_.pii_policy == PiiPolicy::drop)) {
      const std::vector<PiiMatch> matches = options_.pii->scan(text);
      if (!matches.empty()) {
        code = "D037";
        what = fmt::format("{} value{} replaced, {} first", matches.size(),
                           matches.size() == 1 ? "" : "s", matches.front().rule->description);
        if (options_.pii_policy == PiiPolicy::drop) {
          if (!std::exchange(left_out_, true)) add_left_out(string, *matches.front().rule);
          return;
        }
        text = mask_.apply(text, matches);
      }
    }
    if (!visible || code == "D037") replace(code, string, std::move(what), as_json_string(text));
  }

  void add_left_out(JsonRef at, const PiiRule& rule) {
    mends_.push_back({.code = "D037",
                      .line = row_.line,
                      .row = row_.id,
                      .path = json_path(row_.value, at),
                      .what = fmt::format("the row holds {} and was left out", rule.description),
                      .before = value_hash(row_.text),
                      .after = 0});
  }

  std::string apply_edits() {
    std::sort(edits_.begin(), edits_.end(),
              [](const TextEdit& a, const TextEdit& b) { return a.begin < b.begin; });
    const std::size_t end = row_.value.end();
    std::size_t at = row_.value.begin();
    std::string text;
    for (const TextEdit& edit : edits_) {
      text += row_.text.substr(at, edit.begin - at);
      text += edit.text;
      at = edit.end;
    }
    text += row_.text.substr(at, end - at);
    return text;
  }

  // Good JSON has line breaks between its values alone.
  static std::string on_one_line(const std::string& text) {
    if (text.find_first_of("\r\n") == std::string::npos) return text;
    std::string line;
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (text[at] != '\n' && text[at] != '\r') {
        line.push_back(text[at]);
        continue;
      }
      const std::size_t next = std::min(text.find_first_not_of(" \t\r\n", at), text.size());
      while (line.ends_with(' ') || line.ends_with('\t')) line.pop_back();
      at = next - 1;
    }
    return line;
  }

  const CheckedRow& row_;
  const CheckOptions& options_;
  std::vector<Mend>& mends_;
  std::vector<TextEdit> edits_;
  PiiMask mask_;
  bool left_out_ = false;
};

}  // namespace

std::optional<std::string> mend_row(const CheckedRow& row, const std::vector<JsonRef>& duplicates,
                                    const CheckOptions& options, std::vector<Mend>& mends) {
  return RowMender(row, options, mends).run(duplicates);
}

}  // namespace attune::data
