#include "wire/embeddings.h"

#include <algorithm>
#include <bit>

#include "wire/sampling_fields.h"

namespace attune::wire {

namespace {

std::string base64(std::string_view bytes) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t group = 0;
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
    for (std::size_t i = 0; i < 3; ++i) {
      group <<= 8;
      if (i < count) group |= static_cast<unsigned char>(bytes[at + i]);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      text.push_back(i <= count ? kAlphabet[(group >> (18 - 6 * i)) & 63u] : '=');
    }
  }
  return text;
}

}  // namespace

std::string base64_of_floats(std::span<const float> values) {
  std::string bytes;
  bytes.reserve(values.size() * 4);
  for (const float value : values) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    for (int shift = 0; shift < 32; shift += 8) {
      bytes.push_back(static_cast<char>((bits >> shift) & 0xFFu));
    }
  }
  return base64(bytes);
}

Answer<EmbeddingsRequest> parse_embeddings_request(const Json& body) {
  EmbeddingsRequest request;
  Fields fields(body);
  request.model = fields.required_text("model", {1, 512});
  fields.require("input");
  if (auto inputs = read_texts_or_tokens(fields, "input", kMostEmbeddingInputs, false)) {
    request.inputs = std::move(*inputs);
  }
  request.base64 = fields.word("encoding_format", {"float", "base64"}) == "base64";
  request.dimensions = fields.integer("dimensions", {1});
  fields.text("user");
  if (auto error = fields.finish()) return refuse(std::move(*error));
  return request;
}

Json embeddings_response(const std::string& model, const std::vector<std::vector<float>>& vectors,
                         bool as_base64, std::int64_t prompt_tokens) {
  Json data = Json::array();
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    Json item = {{"object", "embedding"}, {"index", i}};
    if (as_base64) {
      item["embedding"] = base64_of_floats(vectors[i]);
    } else {
      item["embedding"] = vectors[i];
    }
    data.push_back(std::move(item));
  }
  return {{"object", "list"},
          {"data", std::move(data)},
          {"model", model},
          {"usage", {{"prompt_tokens", prompt_tokens}, {"total_tokens", prompt_tokens}}}};
}

}  // namespace attune::wire
