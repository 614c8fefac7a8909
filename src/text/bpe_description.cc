// Reads the "model" object of tokenizer.json.
#include <fmt/format.h>

#include "text/bpe_model.h"

namespace attune::text {

namespace {

Result<void> read_vocabulary(const TokenizerJson& model, BpeDescription& description,
                             std::string_view where) {
  const TokenizerJson* vocabulary = find_field(model, "vocab");
  if (vocabulary == nullptr || !vocabulary->is_object()) {
    return bad_field(where, "model.vocab", "no vocabulary", "an object from token to id");
  }
  description.vocabulary.reserve(vocabulary->size());
  for (const auto& [token, value] : vocabulary->items()) {
    ATTUNE_TRY(const std::int32_t id, token_id(value, where, "model.vocab." + token));
    description.vocabulary.emplace_back(token, id);
  }
  return {};
}

// "a b" or ["a", "b"].
Result<std::pair<std::string, std::string>> read_merge(const TokenizerJson& merge,
                                                       std::size_t index, std::string_view where) {
  if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
    return std::pair(merge[0].get<std::string>(), merge[1].get<std::string>());
  }
  if (merge.is_string()) {
    const auto& text = merge.get_ref<const std::string&>();
    const std::size_t space = text.find(' ');
    if (space != std::string::npos && text.find(' ', space + 1) == std::string::npos) {
      return std::pair(text.substr(0, space), text.substr(space + 1));
    }
  }
  return bad_field(where, fmt::format("model.merges[{}]", index),
                   "neither \"a b\" nor [\"a\", \"b\"]", "a pair of tokens");
}

}  // namespace

Result<BpeDescription> read_bpe_description(const TokenizerJson& model, std::string_view where) {
  if (!model.is_object()) return bad_field(where, "model", model.type_name(), "an object");
  ATTUNE_TRY(const auto type, optional_string_field(model, "type", where));
  // Files older than the field hold merges, which only BPE has.
  if ((type && *type != "BPE") || find_field(model, "merges") == nullptr) {
    return bad_field(where, "model.type",
                     type ? fmt::format("\"{}\"", *type) : "no type and no merges",
                     "BPE, the only kind that Attune reads");
  }
  BpeDescription description;
  ATTUNE_TRY_VOID(read_vocabulary(model, description, where));
  const TokenizerJson& merges = *find_field(model, "merges");
  if (!merges.is_array()) return bad_field(where, "model.merges", merges.type_name(), "a list");
  description.merges.reserve(merges.size());
  for (std::size_t i = 0; i < merges.size(); ++i) {
    ATTUNE_TRY(auto merge, read_merge(merges[i], i, where));
    description.merges.push_back(std::move(merge));
  }
  ATTUNE_TRY(description.unknown_token, optional_string_field(model, "unk_token", where));
  ATTUNE_TRY(auto prefix, optional_string_field(model, "continuing_subword_prefix", where));
  ATTUNE_TRY(auto suffix, optional_string_field(model, "end_of_word_suffix", where));
  description.continuing_prefix = prefix.value_or("");
  description.word_suffix = suffix.value_or("");
  ATTUNE_TRY(description.byte_fallback, bool_field(model, "byte_fallback", false, where));
  ATTUNE_TRY(description.fuse_unknown, bool_field(model, "fuse_unk", false, where));
  ATTUNE_TRY(description.ignore_merges, bool_field(model, "ignore_merges", false, where));
  return description;
}

}  // namespace attune::text
