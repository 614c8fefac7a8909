#include "text/chat_format.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "text/jinja/template.h"

namespace attune::text {

namespace {

// Bytes of a rendering that are targets, with their weight.
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
  float weight = 1;
};

bool is_assistant(const Json& message) {
  return message.is_object() && message.value("role", Json()) == Json("assistant");
}

float message_weight(const Json& message) {
  const Json weight = message.value("weight", Json(1));
  return weight.is_number() ? weight.get<float>() : 1.0f;
}

// The stretches that {% generation %} blocks wrote.
std::vector<std::pair<std::size_t, std::size_t>> generated_stretches(const MarkedText& rendered) {
  std::vector<std::pair<std::size_t, std::size_t>> stretches;
  std::size_t at = 0;
  const std::size_t size = rendered.text.size();
  const auto block = [&](std::size_t i) {
    return rendered.mark_at(i) & (kGenerated | kOddGeneration);
  };
  while (at < size) {
    std::size_t stop = at + 1;
    while (stop < size && block(stop) == block(at)) ++stop;
    if ((block(at) & kGenerated) != 0) stretches.emplace_back(at, stop);
    at = stop;
  }
  return stretches;
}

// Cuts the rendering where the origin of its bytes changes and where a target begins or ends; the
// latter also begin a section, so that no token spans what is asked and what is answered.
std::vector<TextSegment> segments_of(const MarkedText& rendered, const std::vector<Span>& spans) {
  std::vector<std::size_t> borders;
  for (const Span& span : spans) {
    borders.push_back(span.begin);
    borders.push_back(span.end);
  }
  std::vector<TextSegment> segments;
  std::size_t at = 0, border = 0;
  const std::size_t size = rendered.text.size();
  while (at < size) {
    bool starts_section = false;
    while (border < borders.size() && borders[border] <= at) {
      starts_section = true;
      ++border;
    }
    const bool trusted = rendered.is_trusted(at, at + 1);
    const std::size_t limit = border < borders.size() ? std::min(size, borders[border]) : size;
    std::size_t stop = at + 1;
    while (stop < limit && rendered.is_trusted(stop, stop + 1) == trusted) ++stop;
    segments.push_back({.text = rendered.text.substr(at, stop - at),
                        .parse_special = trusted,
                        .starts_section = starts_section});
    at = stop;
  }
  return segments;
}

void collect_ids(const Json& config, std::vector<std::int32_t>& ids) {
  if (!config.is_object() || !config.contains("eos_token_id")) return;
  const Json& eos = config["eos_token_id"];
  for (const Json& id : eos.is_array() ? eos : Json::array({eos})) {
    if (id.is_number_integer()) ids.push_back(id.get<std::int32_t>());
  }
}

}  // namespace

struct ChatFormat::Parts {
  Tokenizer tokenizer;
  jinja::Template chat_template;
  std::vector<std::int32_t> stop_ids;

  Result<MarkedText> render(const Json& messages, const Json& tools,
                            bool add_generation_prompt) const {
    jinja::Dict variables;
    const auto set = [&](const char* name, jinja::Value value) {
      variables.set(jinja::Value::trusted(name), std::move(value));
    };
    set("messages", jinja::from_json(messages, jinja::Trust::roles));
    if (!tools.is_null() && !(tools.is_array() && tools.empty())) {
      set("tools", jinja::from_json(tools, jinja::Trust::nothing));
    } else {
      set("tools", jinja::Value());
    }
    set("add_generation_prompt", jinja::Value(add_generation_prompt));
    set("bos_token", jinja::Value::trusted(tokenizer.bos_token()));
    set("eos_token", jinja::Value::trusted(tokenizer.eos_token()));
    set("pad_token", jinja::Value::trusted(tokenizer.pad_token()));
    return chat_template.render(variables, {});
  }

  Result<std::vector<Span>> targets(const MarkedText& whole, const Json& messages,
                                    const Json& tools) const;
  Result<std::vector<Span>> targets_by_prefix(const MarkedText& whole, const Json& messages,
                                              const Json& tools) const;
};

// By {% generation %} blocks: the n-th block belongs to the n-th assistant message.
Result<std::vector<Span>> ChatFormat::Parts::targets(const MarkedText& whole, const Json& messages,
                                                     const Json& tools) const {
  if (!chat_template.has_generation()) return targets_by_prefix(whole, messages, tools);
  const auto stretches = generated_stretches(whole);
  std::vector<Span> spans;
  std::size_t next = 0;
  for (const Json& message : messages) {
    if (!is_assistant(message)) continue;
    if (next == stretches.size()) break;
    spans.push_back({stretches[next].first, stretches[next].second, message_weight(message)});
    ++next;
  }
  if (next != stretches.size() || spans.empty()) {
    return bad_input({.where = "chat template",
                      .found = fmt::format("{} generation blocks for {} assistant messages",
                                           stretches.size(), next),
                      .wanted = "one block for each",
                      .fix = "put {% generation %} around what the assistant says"});
  }
  return spans;
}

// By prefixes: what rendering one more assistant message adds, up to the control token that closes
// it.
Result<std::vector<Span>> ChatFormat::Parts::targets_by_prefix(const MarkedText& whole,
                                                               const Json& messages,
                                                               const Json& tools) const {
  std::vector<Span> spans;
  Json prefix = Json::array();
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const Json& message = messages[i];
    if (!is_assistant(message)) {
      prefix.push_back(message);
      continue;
    }
    ATTUNE_TRY(const MarkedText before, render(prefix, tools, true));
    prefix.push_back(message);
    ATTUNE_TRY(const MarkedText after, render(prefix, tools, false));
    if (!after.text.starts_with(before.text) || !whole.text.starts_with(after.text)) {
      return bad_input(
          {.where = fmt::format("message {}", i + 1),
           .found = "a chat template that writes earlier turns differently later on",
           .wanted = "a rendering that only grows",
           .fix = "use a template with {% generation %} blocks, or split the conversation"});
    }
    // White space behind the end-of-turn token belongs to the next turn.
    std::size_t end = after.text.size();
    while (end > before.text.size() && after.is_trusted(end - 1, end) &&
           (after.text[end - 1] == '\n' || after.text[end - 1] == ' ')) {
      --end;
    }
    spans.push_back({before.text.size(), end, message_weight(message)});
  }
  return spans;
}

Result<ChatFormat> ChatFormat::load(const std::filesystem::path& model_folder) {
  ATTUNE_TRY(Tokenizer tokenizer, Tokenizer::load(model_folder));
  if (tokenizer.chat_template().empty()) {
    return bad_input({.where = model_folder.string(),
                      .found = "no chat template",
                      .wanted = "chat_template.jinja, or chat_template in tokenizer_config.json",
                      .fix = "add the template that the model is to be trained and served with"});
  }
  ATTUNE_TRY(
      jinja::Template chat_template,
      jinja::Template::parse(tokenizer.chat_template(), (model_folder / "chat template").string()));
  auto parts =
      std::unique_ptr<Parts>(new Parts{std::move(tokenizer), std::move(chat_template), {}});
  std::vector<std::int32_t>& stops = parts->stop_ids;
  for (const char* name : {"generation_config.json", "config.json"}) {
    std::error_code ignored;
    if (!std::filesystem::exists(model_folder / name, ignored)) continue;
    ATTUNE_TRY(const Json config, read_json(model_folder / name));
    collect_ids(config, stops);
  }
  if (const auto eos = parts->tokenizer.id_of(parts->tokenizer.eos_token())) stops.push_back(*eos);

  // The token that closes an assistant's turn: the last control token among the targets of a small
  // conversation.
  ChatFormat format(std::move(parts));
  const Json probe = Json::array(
      {{{"role", "user"}, {"content", "a"}}, {{"role", "assistant"}, {"content", "b"}}});
  if (const Result<EncodedChat> encoded = format.encode_training(probe, Json())) {
    std::optional<std::int32_t> last;
    for (std::size_t i = 0; i < encoded->ids.size(); ++i) {
      if (encoded->trained[i] > 0 && format.parts_->tokenizer.is_special(encoded->ids[i]))
        last = encoded->ids[i];
    }
    if (last) format.parts_->stop_ids.push_back(*last);
  }
  std::vector<std::int32_t>& ids = format.parts_->stop_ids;
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return format;
}

const Tokenizer& ChatFormat::tokenizer() const { return parts_->tokenizer; }

const std::vector<std::int32_t>& ChatFormat::stop_ids() const { return parts_->stop_ids; }

Result<EncodedChat> ChatFormat::encode_training(const Json& messages, const Json& tools) const {
  ATTUNE_TRY(const MarkedText rendered, parts_->render(messages, tools, false));
  ATTUNE_TRY(const std::vector<Span> spans, parts_->targets(rendered, messages, tools));
  const SectionedTokens tokens = parts_->tokenizer.encode_segments(segments_of(rendered, spans));

  // Which section each span is: sections begin at its first byte and behind its last.
  EncodedChat encoded{.ids = tokens.ids, .trained = std::vector<float>(tokens.ids.size(), 0.0f)};
  std::vector<float> weight_of_section = {0.0f};
  std::size_t at = 0;
  for (const Span& span : spans) {
    if (span.begin != at || at == 0)
      weight_of_section.push_back(span.weight);
    else
      weight_of_section.back() = span.weight;
    if (span.end < rendered.text.size()) weight_of_section.push_back(0.0f);
    at = span.end;
  }
  for (std::size_t i = 0; i < tokens.ids.size(); ++i) {
    const auto section = static_cast<std::size_t>(tokens.sections[i]);
    if (section < weight_of_section.size()) encoded.trained[i] = weight_of_section[section];
  }
  return encoded;
}

Result<std::vector<std::int32_t>> ChatFormat::encode_prompt(const Json& messages,
                                                            const Json& tools) const {
  ATTUNE_TRY(const MarkedText rendered, parts_->render(messages, tools, true));
  std::vector<Span> spans;  // sections fall where they fell in training
  if (std::any_of(messages.begin(), messages.end(), is_assistant)) {
    ATTUNE_TRY(spans, parts_->targets(rendered, messages, tools));
  }
  return parts_->tokenizer.encode_segments(segments_of(rendered, spans)).ids;
}

Result<std::string> ChatFormat::render_prompt(const Json& messages, const Json& tools) const {
  ATTUNE_TRY(MarkedText rendered, parts_->render(messages, tools, true));
  return std::move(rendered.text);
}

ChatFormat::ChatFormat(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
ChatFormat::ChatFormat(ChatFormat&&) noexcept = default;
ChatFormat& ChatFormat::operator=(ChatFormat&&) noexcept = default;
ChatFormat::~ChatFormat() = default;

}  // namespace attune::text
