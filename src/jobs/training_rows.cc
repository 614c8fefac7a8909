#include "jobs/training_rows.h"

#include <utility>

#include <fmt/format.h>

#include "io/jsonl.h"

namespace attune::jobs {

namespace {

const Json* member(const Json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && found != object.end() && !found->is_null() ? &*found : nullptr;
}

std::string joined_text(const Json& parts) {
  std::string text;
  for (const Json& part : parts) {
    const Json* words = member(part, "text");
    if (words != nullptr && words->is_string()) text += words->get_ref<const std::string&>();
  }
  return text;
}

Json template_message(const Json& given) {
  Json message = given;
  if (!message.is_object()) return message;
  if (const Json* content = member(message, "content"); content != nullptr && content->is_array()) {
    message["content"] = joined_text(*content);
  }
  if (const Json* call = member(message, "function_call")) {
    message["tool_calls"] = Json::array({{{"type", "function"}, {"function", *call}}});
  }
  message.erase("function_call");
  if (!message.contains("content")) message["content"] = nullptr;
  if (message.value("role", Json()) == "function") message["role"] = "tool";
  return message;
}

// A pair as plain text. The completion is cut off from the prompt, as it is when it is generated.
Result<text::EncodedChat> encode_pair(const text::Tokenizer& tokenizer, const Json& row) {
  const Json* prompt = member(row, "prompt");
  const Json* completion = member(row, "completion");
  if (prompt == nullptr || !prompt->is_string() || completion == nullptr ||
      !completion->is_string()) {
    return bad_input({.where = {},
                      .found = "neither messages nor a prompt with its completion",
                      .wanted = "a row of chat messages, or of prompt and completion"});
  }
  text::EncodedChat encoded;
  encoded.ids = tokenizer.encode(prompt->get_ref<const std::string&>(), {.add_special = true});
  encoded.trained.assign(encoded.ids.size(), 0.0f);
  std::vector<std::int32_t> answer =
      tokenizer.encode(completion->get_ref<const std::string&>(), {});
  if (const auto end = tokenizer.id_of(tokenizer.eos_token())) answer.push_back(*end);
  encoded.ids.insert(encoded.ids.end(), answer.begin(), answer.end());
  encoded.trained.resize(encoded.ids.size(), 1.0f);
  return encoded;
}

// Keeps at most `most` of the rows it is offered, evenly spread, without knowing how many come.
class EvenSample {
 public:
  explicit EvenSample(std::int64_t most) : most_(most) {}

  void offer(const data::Example& example) {
    if (most_ > 0 && offered_++ % stride_ == 0) kept_.push_back(example);
    if (std::ssize(kept_) <= most_) return;
    std::vector<data::Example> every_second;
    for (std::size_t i = 0; i < kept_.size(); i += 2) every_second.push_back(std::move(kept_[i]));
    kept_ = std::move(every_second);
    stride_ *= 2;
  }
  std::vector<data::Example> take() { return std::move(kept_); }

 private:
  std::int64_t most_, offered_ = 0, stride_ = 1;
  std::vector<data::Example> kept_;
};

}  // namespace

Json template_messages(const Json& messages) {
  Json turned = Json::array();
  for (const Json& message : messages) turned.push_back(template_message(message));
  return turned;
}

Json template_tools(const Json& row) {
  if (const Json* tools = member(row, "tools")) return *tools;
  const Json* functions = member(row, "functions");
  if (functions == nullptr || !functions->is_array()) return nullptr;
  Json tools = Json::array();
  for (const Json& function : *functions) {
    tools.push_back({{"type", "function"}, {"function", function}});
  }
  return tools;
}

Result<TrainingRows> read_training_rows(const Path& file, const std::string& name,
                                        const text::ChatFormat& format, std::time_t now,
                                        std::int64_t samples) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  ATTUNE_TRY(const MappedFile content, MappedFile::open(file));
  std::string_view text = content.text();
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  JsonlReader reader(text, name);
  TrainingRows rows;
  EvenSample sample(samples);
  while (true) {
    ATTUNE_TRY(const std::optional<JsonLine> line, reader.next());
    if (!line) break;
    ++rows.examples;
    const std::string where = fmt::format("{}:{}", name, line->line);
    if (const Json* messages = member(line->value, "messages")) {
      const data::Example example{.messages = template_messages(*messages),
                                  .tools = template_tools(line->value),
                                  .source = name,
                                  .line = line->line,
                                  .id = fmt::format("row {}", rows.examples),
                                  .split = {}};
      rows.encoded.add(line->line, where,
                       format.encode_training(example.messages, example.tools, now));
      sample.offer(example);
    } else {
      rows.encoded.add(line->line, where, encode_pair(format.tokenizer(), line->value));
    }
  }
  rows.encoded.finish();
  rows.samples = sample.take();
  return rows;
}

}  // namespace attune::jobs
