// Writes a trained vocabulary in the layout that model folders have.
#include <algorithm>

#include <fmt/format.h>

#include "io/file.h"
#include "io/json.h"
#include "text/bpe_trainer.h"
#include "text/byte_level.h"
#include "text/split_pattern.h"

namespace attune::text {

namespace {

// Entries as JSON text: an object of Json would search its keys on every insertion.
class VocabularyWriter {
 public:
  void add(std::string_view token) {
    text_ += fmt::format("{}{}:{}", text_.empty() ? "" : ",", to_text(Json(std::string(token))),
                         next_++);
  }
  std::string text() const { return "{" + text_ + "}"; }

 private:
  std::string text_;
  std::int64_t next_ = 0;
};

Json added_token(const std::string& content) {
  return {{"content", content}, {"single_word", false}, {"lstrip", false},
          {"rstrip", false},    {"normalized", false},  {"special", true}};
}

Json byte_level_step() {
  return {{"type", "ByteLevel"},
          {"add_prefix_space", false},
          {"trim_offsets", true},
          {"use_regex", false}};
}

Json pre_tokenizer() {
  const Json split = {{"type", "Split"},
                      {"pattern", {{"Regex", std::string(kCopyingPattern)}}},
                      {"behavior", "Isolated"},
                      {"invert", false}};
  return {{"type", "Sequence"}, {"pretokenizers", Json::array({split, byte_level_step()})}};
}

std::string tokenizer_text(const TrainedBpe& trained) {
  VocabularyWriter vocabulary;
  Json added = Json::array();
  for (const std::string& token : trained.special_tokens) {
    Json entry = {{"id", added.size()}};
    entry.update(added_token(token));
    added.push_back(std::move(entry));
    vocabulary.add(token);
  }
  for (const std::string& token : trained.tokens) vocabulary.add(byte_level_characters(token));
  Json merges = Json::array();
  for (const auto& [left, right] : trained.merges) {
    merges.push_back(
        Json::array({byte_level_characters(trained.tokens[static_cast<std::size_t>(left)]),
                     byte_level_characters(trained.tokens[static_cast<std::size_t>(right)])}));
  }
  const Json head = {{"version", "1.0"},
                     {"truncation", nullptr},
                     {"padding", nullptr},
                     {"added_tokens", added},
                     {"normalizer", nullptr},
                     {"pre_tokenizer", pre_tokenizer()},
                     {"post_processor", byte_level_step()},
                     {"decoder", byte_level_step()}};
  std::string text = to_text(head);
  text.pop_back();
  text +=
      R"(,"model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":null,)"
      R"("end_of_word_suffix":null,"fuse_unk":false,"byte_fallback":false,"ignore_merges":false,)";
  text += "\"vocab\":" + vocabulary.text() + ",\"merges\":" + to_text(merges) + "}}\n";
  return text;
}

}  // namespace

Result<void> write_tokenizer(const TrainedBpe& trained, const TokenizerConfig& config,
                             const std::filesystem::path& folder) {
  Json json = Json::object();
  Json added = Json::object();
  for (const std::string& token : trained.special_tokens) {
    added[std::to_string(added.size())] = added_token(token);
  }
  json["added_tokens_decoder"] = std::move(added);
  const auto name = [&](const char* key, const std::string& token) -> Result<void> {
    if (token.empty()) return {};
    const auto& known = trained.special_tokens;
    if (std::find(known.begin(), known.end(), token) == known.end()) {
      return bad_input({.where = key,
                        .found = fmt::format("\"{}\"", token),
                        .wanted = "one of the special tokens"});
    }
    json[key] = token;
    return {};
  };
  ATTUNE_TRY_VOID(name("bos_token", config.bos_token));
  ATTUNE_TRY_VOID(name("eos_token", config.eos_token));
  ATTUNE_TRY_VOID(name("pad_token", config.pad_token));
  if (!config.chat_template.empty()) json["chat_template"] = config.chat_template;
  json["clean_up_tokenization_spaces"] = false;
  json["model_max_length"] = config.longest_text;
  json["tokenizer_class"] = "PreTrainedTokenizerFast";
  ATTUNE_TRY_VOID(ensure_directory(folder));
  ATTUNE_TRY_VOID(write_file_atomic(folder / "tokenizer.json", tokenizer_text(trained)));
  return write_file_atomic(folder / "tokenizer_config.json", to_pretty_text(json));
}

}  // namespace attune::text
