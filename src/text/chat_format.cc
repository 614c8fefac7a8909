#include "text/chat_format.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include <fmt/format.h>

#include "text/chat_targets.h"
#include "text/jinja/template.h"

namespace attune::text {

namespace {

// Where a new section of the rendering begins: at both ends of every target. So the tokens of a
// prompt are the same whatever answer follows it.
std::vector<std::size_t> borders_of(const std::vector<TargetSpan>& spans, std::size_t size) {
  std::vector<std::size_t> borders;
  for (const TargetSpan& span : spans) {
    borders.push_back(span.begin);
    borders.push_back(span.end);
  }
  std::sort(borders.begin(), borders.end());
  borders.erase(std::unique(borders.begin(), borders.end()), borders.end());
  std::erase_if(borders, [&](std::size_t border) { return border == 0 || border >= size; });
  return borders;
}

// Stretches of one origin each, cut at the borders as well.
std::vector<TextSegment> segments_of(const MarkedText& text,
                                     const std::vector<std::size_t>& borders) {
  std::vector<TextSegment> segments;
  std::size_t next = 0;
  for (std::size_t at = 0; at < text.text.size();) {
    const bool starts_section = next < borders.size() && borders[next] == at;
    if (starts_section) ++next;
    const std::size_t limit = next < borders.size() ? borders[next] : text.text.size();
    const bool is_trusted = text.is_trusted(at, at + 1);
    std::size_t stop = at + 1;
    while (stop < limit && text.is_trusted(stop, stop + 1) == is_trusted) ++stop;
    segments.push_back({.text = text.text.substr(at, stop - at),
                        .parse_special = is_trusted,
                        .starts_section = starts_section});
    at = stop;
  }
  return segments;
}

// eos_token_id of a config: one id or a list.
void add_end_tokens(const Json& config, std::vector<std::int32_t>& ids) {
  const auto eos = config.is_object() ? config.find("eos_token_id") : config.end();
  if (!config.is_object() || eos == config.end()) return;
  for (const Json& id : eos->is_array() ? *eos : Json::array({*eos})) {
    if (id.is_number_integer()) ids.push_back(id.get<std::int32_t>());
  }
}

}  // namespace

struct ChatFormat::Parts {
  Tokenizer tokenizer;
  jinja::Template chat_template;
  ControlTokens control;
  std::vector<std::int32_t> stop_ids = {};
  std::vector<std::int32_t> closers = {};  // what the template puts after an assistant's words

  Result<MarkedText> render(const Json& messages, const Json& tools, bool add_generation_prompt,
                            std::time_t now) const;
  TargetFinder finder(const Json& tools, std::time_t now) const;
  void find_closers();
};

Result<MarkedText> ChatFormat::Parts::render(const Json& messages, const Json& tools,
                                             bool add_generation_prompt, std::time_t now) const {
  jinja::Dict variables;
  const auto set = [&](const char* name, jinja::Value value) {
    variables.set(jinja::Value::trusted(name), std::move(value));
  };
  try {
    set("messages", jinja::from_json(messages, jinja::Trust::roles));
    const bool has_tools = !tools.is_null() && !tools.empty();
    set("tools", has_tools ? jinja::from_json(tools, jinja::Trust::nothing) : jinja::Value());
  } catch (const jinja::TemplateError& error) {
    return bad_input({.where = "messages", .found = error.what()});
  }
  set("documents", jinja::Value());
  set("add_generation_prompt", jinja::Value(add_generation_prompt));
  set("bos_token", jinja::Value::trusted(tokenizer.bos_token()));
  set("eos_token", jinja::Value::trusted(tokenizer.eos_token()));
  set("pad_token", jinja::Value::trusted(tokenizer.pad_token()));
  return chat_template.render(variables, {.now = now});
}

TargetFinder ChatFormat::Parts::finder(const Json& tools, std::time_t now) const {
  return TargetFinder(control, closers,
                      [this, &tools, now](const Json& messages, bool add_generation_prompt) {
                        return render(messages, tools, add_generation_prompt, now);
                      });
}

// From a conversation of one question and one answer. A template that can't render it has no known
// closers.
void ChatFormat::Parts::find_closers() {
  const std::time_t now = std::time(nullptr);
  const Json question = {{"role", "user"}, {"content", "a"}};
  const Json answer = {{"role", "assistant"}, {"content", "b"}};
  const Result<MarkedText> prompt = render(Json::array({question}), Json(), true, now);
  const Result<MarkedText> whole = render(Json::array({question, answer}), Json(), false, now);
  if (!prompt || !whole) return;
  std::size_t begin = 0;
  if (whole->text.starts_with(prompt->text)) {
    begin = prompt->text.size();
  } else {
    // The answer is one letter: its last place is a start that is late enough.
    begin = whole->text.rfind('b');
    if (begin == std::string::npos) return;
  }
  std::vector<std::int32_t> found;
  const Json no_tools;
  finder(no_tools, now).end_of_turn(*whole, begin, whole->text.size(), &found);
  closers = std::move(found);
}

Result<ChatFormat> ChatFormat::load(const std::filesystem::path& model_folder) {
  ATTUNE_TRY(Tokenizer tokenizer, Tokenizer::load(model_folder));
  if (tokenizer.chat_template().empty()) {
    return bad_input({.where = model_folder.string(),
                      .found = "no chat template",
                      .wanted = "chat_template.jinja, or chat_template in tokenizer_config.json",
                      .fix = "add the template that the model is to be trained and served with"});
  }
  const std::string where = (model_folder / "chat template").string();
  ATTUNE_TRY(jinja::Template chat_template,
             jinja::Template::parse(tokenizer.chat_template(), where));
  ControlTokens control(tokenizer);
  auto parts = std::make_unique<Parts>(
      Parts{std::move(tokenizer), std::move(chat_template), std::move(control)});
  parts->find_closers();
  std::vector<std::int32_t>& ids = parts->stop_ids;
  ids = parts->closers;
  for (const char* name : {"generation_config.json", "config.json"}) {
    std::error_code ignored;
    if (!std::filesystem::exists(model_folder / name, ignored)) continue;
    ATTUNE_TRY(const Json config, read_json(model_folder / name));
    add_end_tokens(config, ids);
  }
  if (const auto eos = parts->tokenizer.id_of(parts->tokenizer.eos_token())) ids.push_back(*eos);
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ChatFormat(std::move(parts));
}

const Tokenizer& ChatFormat::tokenizer() const { return parts_->tokenizer; }
const std::vector<std::int32_t>& ChatFormat::stop_ids() const { return parts_->stop_ids; }

Result<EncodedChat> ChatFormat::encode_training(const Json& messages, const Json& tools,
                                                std::optional<std::time_t> date) const {
  const std::time_t now = date.value_or(std::time(nullptr));
  ATTUNE_TRY(const Json checked, checked_messages(messages));
  ATTUNE_TRY(const MarkedText text, parts_->render(checked, tools, false, now));
  const TargetFinder finder = parts_->finder(tools, now);
  ATTUNE_TRY(const std::vector<TargetSpan> spans, parts_->chat_template.has_generation()
                                                      ? finder.by_generation_blocks(text, messages)
                                                      : finder.by_prefixes(text, messages, false));
  const std::vector<std::size_t> borders = borders_of(spans, text.text.size());
  SectionedTokens tokens = parts_->tokenizer.encode_segments(segments_of(text, borders));
  EncodedChat encoded{.ids = std::move(tokens.ids), .trained = {}};
  for (const std::int32_t section : tokens.sections) {
    const std::size_t start = section == 0 ? 0 : borders[static_cast<std::size_t>(section) - 1];
    const auto span = std::find_if(spans.begin(), spans.end(), [&](const TargetSpan& one) {
      return one.begin <= start && start < one.end;
    });
    encoded.trained.push_back(span == spans.end() ? 0.0f : span->weight);
  }
  return encoded;
}

Result<std::vector<std::int32_t>> ChatFormat::encode_prompt(const Json& messages, const Json& tools,
                                                            std::optional<std::time_t> date) const {
  const std::time_t now = date.value_or(std::time(nullptr));
  ATTUNE_TRY(const Json checked, checked_messages(messages));
  ATTUNE_TRY(const MarkedText text, parts_->render(checked, tools, true, now));
  // Sections fall where they fall in training. A conversation that could not be trained on can
  // still be answered.
  const TargetFinder finder = parts_->finder(tools, now);
  const auto spans = parts_->chat_template.has_generation()
                         ? finder.by_generation_blocks(text, checked)
                         : finder.by_prefixes(text, checked, true);
  const std::vector<std::size_t> borders =
      borders_of(spans.value_or(std::vector<TargetSpan>()), text.text.size());
  return parts_->tokenizer.encode_segments(segments_of(text, borders)).ids;
}

Result<std::string> ChatFormat::render_prompt(const Json& messages, const Json& tools) const {
  ATTUNE_TRY(const Json checked, checked_messages(messages));
  ATTUNE_TRY(MarkedText text, parts_->render(checked, tools, true, std::time(nullptr)));
  return std::move(text.text);
}

ChatFormat::ChatFormat(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
ChatFormat::ChatFormat(ChatFormat&&) noexcept = default;
ChatFormat& ChatFormat::operator=(ChatFormat&&) noexcept = default;
ChatFormat::~ChatFormat() = default;

}  // namespace attune::text
