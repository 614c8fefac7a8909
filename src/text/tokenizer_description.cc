// From tokenizer.json to a Tokenizer: reads every part of the file and joins them.
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "text/tokenizer_parts.h"

namespace attune::text {

namespace {

// Tokens that the post-processor puts before and after a text.
struct Surroundings {
  std::vector<std::int32_t> before;
  std::vector<std::int32_t> after;
};

// TemplateProcessing: {"single": [{"SpecialToken": {"id": NAME}}, {"Sequence": {...}}, ...],
// "special_tokens": {NAME: {"ids": [...]}}}.
Result<Surroundings> read_template(const TokenizerJson& json, std::string_view where) {
  Surroundings out;
  const TokenizerJson* single = find_field(json, "single");
  const TokenizerJson* tokens = find_field(json, "special_tokens");
  if (single == nullptr || !single->is_array()) {
    return bad_field(where, "single", "no list", "a list of pieces");
  }
  bool before = true;
  for (const TokenizerJson& piece : *single) {
    if (find_field(piece, "Sequence") != nullptr) {
      before = false;
      continue;
    }
    const TokenizerJson* special = find_field(piece, "SpecialToken");
    if (special == nullptr)
      return bad_field(where, "single", piece.dump(), "SpecialToken or Sequence");
    ATTUNE_TRY(const std::string name, string_field(*special, "id", where));
    const TokenizerJson* entry = tokens == nullptr ? nullptr : find_field(*tokens, name.c_str());
    const TokenizerJson* ids = entry == nullptr ? nullptr : find_field(*entry, "ids");
    if (ids == nullptr || !ids->is_array()) {
      return bad_field(where, "special_tokens", fmt::format("no ids for \"{}\"", name),
                       "a list of ids");
    }
    for (const TokenizerJson& value : *ids) {
      ATTUNE_TRY(const std::int32_t id, token_id(value, where, "special_tokens"));
      (before ? out.before : out.after).push_back(id);
    }
  }
  return out;
}

// RobertaProcessing and BertProcessing: {"cls": ["<s>", 0], "sep": ["</s>", 2]}.
Result<std::int32_t> named_token(const TokenizerJson& json, const char* key,
                                 std::string_view where) {
  const TokenizerJson* pair = find_field(json, key);
  if (pair == nullptr || !pair->is_array() || pair->size() != 2) {
    return bad_field(where, key, "no pair", "[token, id]");
  }
  return token_id((*pair)[1], where, key);
}

Result<Surroundings> read_one_post_processor(const TokenizerJson& json, std::string_view where) {
  ATTUNE_TRY(const std::string type, type_field(json, where));
  if (type == "ByteLevel") return Surroundings{};  // it only moves offsets
  if (type == "TemplateProcessing") return read_template(json, where);
  if (type == "RobertaProcessing" || type == "BertProcessing") {
    ATTUNE_TRY(const std::int32_t first, named_token(json, "cls", where));
    ATTUNE_TRY(const std::int32_t last, named_token(json, "sep", where));
    return Surroundings{{first}, {last}};
  }
  return bad_field(where, "type", fmt::format("the post-processor {}", type),
                   "ByteLevel, TemplateProcessing, RobertaProcessing, BertProcessing or Sequence");
}

Result<Surroundings> read_post_processor(const TokenizerJson& json, std::string_view where) {
  ATTUNE_TRY(const std::string type, type_field(json, where));
  if (type != "Sequence") return read_one_post_processor(json, where);
  const TokenizerJson* list = find_field(json, "processors");
  if (list == nullptr || !list->is_array()) {
    return bad_field(where, "processors", "no list", "a list of post-processors");
  }
  Surroundings out;
  for (const TokenizerJson& item : *list) {
    ATTUNE_TRY(const Surroundings one, read_one_post_processor(item, where));
    out.before.insert(out.before.begin(), one.before.begin(), one.before.end());
    out.after.insert(out.after.end(), one.after.begin(), one.after.end());
  }
  return out;
}

Result<std::vector<AddedToken>> read_added_tokens(const TokenizerJson& json,
                                                  std::string_view where) {
  std::vector<AddedToken> tokens;
  const TokenizerJson* list = find_field(json, "added_tokens");
  if (list == nullptr) return tokens;
  if (!list->is_array()) return bad_field(where, "added_tokens", list->type_name(), "a list");
  for (const TokenizerJson& item : *list) {
    const TokenizerJson* id_value = find_field(item, "id");
    if (id_value == nullptr)
      return bad_field(where, "added_tokens", "an entry without id", "an id");
    ATTUNE_TRY(const std::int32_t id, token_id(*id_value, where, "added_tokens"));
    ATTUNE_TRY(AddedToken token, read_added_token(item, id, where));
    tokens.push_back(std::move(token));
  }
  return tokens;
}

}  // namespace

Result<TokenizerDescription> describe_tokenizer(const TokenizerJson& json, std::string_view where) {
  if (!json.is_object()) return bad_field(where, "tokenizer", json.type_name(), "an object");
  TokenizerDescription out;
  const auto place = [&](std::string_view field) { return fmt::format("{}: {}", where, field); };
  if (const TokenizerJson* normalizer = find_field(json, "normalizer")) {
    ATTUNE_TRY(out.normalizer, read_normalizer(*normalizer, place("normalizer")));
  }
  if (const TokenizerJson* pre_tokenizer = find_field(json, "pre_tokenizer")) {
    ATTUNE_TRY(out.pre_tokenizer, read_pre_tokenizer(*pre_tokenizer, place("pre_tokenizer")));
  }
  if (const TokenizerJson* post = find_field(json, "post_processor")) {
    ATTUNE_TRY(Surroundings around, read_post_processor(*post, place("post_processor")));
    out.tokens_before = std::move(around.before);
    out.tokens_after = std::move(around.after);
  }
  out.decoder = Decoder::joined_by_spaces();
  if (const TokenizerJson* decoder = find_field(json, "decoder")) {
    ATTUNE_TRY(out.decoder, Decoder::read(*decoder, place("decoder")));
  }
  const TokenizerJson* model = find_field(json, "model");
  if (model == nullptr) return bad_field(where, "model", "nothing", "a BPE model");
  ATTUNE_TRY(out.model, read_bpe_description(*model, where));
  out.model.byte_level = out.pre_tokenizer.byte_level;
  ATTUNE_TRY(out.added_tokens, read_added_tokens(json, where));
  return out;
}

Result<Tokenizer> parse_tokenizer(std::string_view tokenizer_json, std::string_view where) {
  ATTUNE_TRY(const TokenizerJson json, parse_tokenizer_json(tokenizer_json, where));
  ATTUNE_TRY(TokenizerDescription description, describe_tokenizer(json, where));
  return make_tokenizer(std::move(description), TokenizerJson(), "", where);
}

}  // namespace attune::text
