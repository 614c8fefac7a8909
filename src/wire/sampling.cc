#include "wire/sampling.h"

#include <charconv>
#include <limits>

#include <fmt/format.h>

#include "io/text_encoding.h"
#include "wire/sampling_fields.h"

namespace attune::wire {

namespace {

constexpr LengthRange kStopCount = {1, 4};

std::vector<std::string> read_stop(Fields& fields) {
  const Json* stop = fields.find("stop");
  if (stop == nullptr) return {};
  // Nothing would ever end at an empty text, or everything at once.
  const auto check = [&](const Json& value, const std::string& path) {
    if (!value.is_string()) {
      fields.wrong_type(value, path,
                        path == "stop" ? "a string or an array of strings" : "a string");
      return false;
    }
    return fields.check_length(
        static_cast<std::int64_t>(value.get_ref<const std::string&>().size()), path, {1}, "string");
  };
  if (!stop->is_array()) {
    return check(*stop, "stop") ? std::vector<std::string>{stop->get<std::string>()}
                                : std::vector<std::string>();
  }
  std::vector<std::string> found;
  const auto count = static_cast<std::int64_t>(stop->size());
  if (!fields.check_length(count, "stop", kStopCount, "array")) return {};
  for (std::size_t i = 0; i < stop->size(); ++i) {
    if (!check((*stop)[i], fmt::format("stop[{}]", i))) return {};
    found.push_back((*stop)[i].get<std::string>());
  }
  return found;
}

std::vector<std::pair<std::int32_t, float>> read_logit_bias(Fields& fields) {
  const Json* bias = fields.find("logit_bias");
  if (bias == nullptr) return {};
  if (!bias->is_object()) {
    fields.wrong_type(*bias, "logit_bias", "an object");
    return {};
  }
  std::vector<std::pair<std::int32_t, float>> found;
  for (const auto& [key, value] : bias->items()) {
    std::int32_t token = 0;
    const char* const end = key.data() + key.size();
    const auto read = std::from_chars(key.data(), end, token);
    if (read.ec != std::errc() || read.ptr != end || token < 0) {
      fields.fault(invalid_value(
          "logit_bias", fmt::format("Invalid key in 'logit_bias': '{}'. Expected a token id.",
                                    quote_for_message(key))));
      return {};
    }
    const auto amount =
        fields.check_number(value, "logit_bias." + key, {.least = -100.0, .most = 100.0});
    if (!amount) return {};
    found.emplace_back(token, static_cast<float>(*amount));
  }
  return found;
}

std::optional<std::vector<std::int32_t>> read_tokens(Fields& fields, const Json& items,
                                                     const std::string& path) {
  constexpr IntegerRange kTokens = {0, std::numeric_limits<std::int32_t>::max()};
  std::vector<std::int32_t> tokens;
  tokens.reserve(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    // The path is made only for a fault: a prompt may have thousands of tokens.
    const bool good =
        items[i].is_number_integer() && items[i] >= kTokens.least && items[i] <= kTokens.most;
    const auto token =
        good ? items[i].get<std::int64_t>()
             : fields.check_integer(items[i], fmt::format("{}[{}]", path, i), kTokens);
    if (!token) return std::nullopt;
    tokens.push_back(static_cast<std::int32_t>(*token));
  }
  return tokens;
}

constexpr std::string_view kTextsOrTokens =
    "a string, an array of strings, an array of tokens, or an array of token arrays";

}  // namespace

Sampling read_sampling(Fields& fields) {
  Sampling found;
  found.temperature = fields.number("temperature", {.least = 0.0, .most = 2.0}).value_or(1.0);
  found.top_p = fields.number("top_p", {.least = 0.0, .most = 1.0}).value_or(1.0);
  found.n = fields.integer("n", {1, 128}).value_or(1);
  found.stop = read_stop(fields);
  found.seed = fields.integer("seed");
  constexpr NumberRange kPenalty = {.least = -2.0, .most = 2.0};
  found.frequency_penalty = fields.number("frequency_penalty", kPenalty).value_or(0.0);
  found.presence_penalty = fields.number("presence_penalty", kPenalty).value_or(0.0);
  found.logit_bias = read_logit_bias(fields);
  return found;
}

Streaming read_streaming(Fields& fields) {
  Streaming found;
  found.stream = fields.boolean("stream").value_or(false);
  if (std::optional<Fields> options = fields.object("stream_options")) {
    if (!found.stream) {
      fields.fault(invalid_value(
          "stream_options",
          "The 'stream_options' parameter is only allowed when 'stream' is enabled."));
    }
    found.options.include_usage = options->boolean("include_usage").value_or(false);
    found.options.include_obfuscation = options->boolean("include_obfuscation").value_or(false);
  }
  return found;
}

void read_hints(Fields& fields) {
  fields.text("user");
  fields.text("safety_identifier", {0, 64});
  fields.text("prompt_cache_key");
  fields.text("prompt_cache_retention");
  if (std::optional<Fields> options = fields.object("prompt_cache_options")) options->accept_all();
  fields.word("service_tier", {"auto", "default", "flex", "scale", "priority", "fast"});
}

void refuse_parameter(Fields& fields, std::string_view name, std::string_view why) {
  if (fields.find(name) == nullptr) return;
  fields.fault(unsupported_parameter(
      fields.path_of(name),
      fmt::format("Unsupported parameter: '{}'. {}", fields.path_of(name), why)));
}

std::optional<TextOrTokensList> read_texts_or_tokens(Fields& fields, std::string_view name,
                                                     std::int64_t most, bool empty_text) {
  const Json* given = fields.find(name);
  if (given == nullptr) return std::nullopt;
  const std::string path = fields.path_of(name);
  const auto check_text = [&](const Json& text, const std::string& at) {
    const auto size = static_cast<std::int64_t>(text.get_ref<const std::string&>().size());
    return fields.check_length(size, at, {empty_text ? 0 : 1}, "string");
  };
  if (given->is_string()) {
    if (!check_text(*given, path)) return std::nullopt;
    return TextOrTokensList{given->get<std::string>()};
  }
  if (!given->is_array()) return fields.wrong_type(*given, path, kTextsOrTokens);
  const auto count = static_cast<std::int64_t>(given->size());
  if (!fields.check_length(count, path, {1}, "array")) return std::nullopt;
  if (given->front().is_number()) {
    auto tokens = read_tokens(fields, *given, path);
    if (!tokens) return std::nullopt;
    return TextOrTokensList{std::move(*tokens)};
  }
  if (!fields.check_length(count, path, {1, most}, "array")) return std::nullopt;
  TextOrTokensList found;
  for (std::size_t i = 0; i < given->size(); ++i) {
    const Json& item = (*given)[i];
    const std::string at = fmt::format("{}[{}]", path, i);
    // One list holds one kind: the first item says which.
    if (item.type() != given->front().type() || (!item.is_string() && !item.is_array())) {
      return fields.wrong_type(item, at,
                               given->front().is_array() ? "an array of tokens" : "a string");
    }
    if (item.is_string()) {
      if (!check_text(item, at)) return std::nullopt;
      found.emplace_back(item.get<std::string>());
    } else {
      if (!fields.check_length(static_cast<std::int64_t>(item.size()), at, {1}, "array")) {
        return std::nullopt;
      }
      auto tokens = read_tokens(fields, item, at);
      if (!tokens) return std::nullopt;
      found.emplace_back(std::move(*tokens));
    }
  }
  return found;
}

Json to_json(const Usage& usage) {
  return {{"prompt_tokens", usage.prompt_tokens},
          {"completion_tokens", usage.completion_tokens},
          {"total_tokens", usage.prompt_tokens + usage.completion_tokens},
          {"prompt_tokens_details", {{"cached_tokens", usage.cached_tokens}, {"audio_tokens", 0}}},
          {"completion_tokens_details",
           {{"reasoning_tokens", 0},
            {"audio_tokens", 0},
            {"accepted_prediction_tokens", 0},
            {"rejected_prediction_tokens", 0}}}};
}

}  // namespace attune::wire
