#include "train/text_source.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include <fmt/format.h>
#include <xxhash.h>

#include "io/jsonl.h"
#include "io/text_encoding.h"
#include "text/chat_format.h"
#include "text/tokenizer.h"

namespace attune::train {

namespace {

// What decides the tokens besides the text itself. Raise kTokenising when the framing of documents
// changes.
constexpr std::uint64_t kTokenising = 1;
constexpr const char* kTokenizerFiles[] = {"tokenizer.json",      "vocab.json",
                                           "merges.txt",          "tokenizer_config.json",
                                           "chat_template.jinja", "special_tokens_map.json"};

// Documents that are encoded side by side; their ids are then joined in order.
constexpr std::size_t kBlock = 256;

Result<std::vector<Path>> files_of(const TextSource& source) {
  std::error_code error;
  if (!std::filesystem::is_directory(source.path, error)) return std::vector<Path>{source.path};
  std::vector<Path> files;
  for (std::filesystem::recursive_directory_iterator entry(source.path, error), end;
       !error && entry != end; entry.increment(error)) {
    const std::string extension = entry->path().extension().string();
    if (!entry->is_regular_file(error)) continue;
    if (extension == ".jsonl" || extension == ".txt" || extension == ".md") {
      files.push_back(entry->path());
    }
  }
  if (error) {
    return environment_failure({.where = source.path.string(),
                                .found = error.message(),
                                .wanted = "a folder that can be read"});
  }
  if (files.empty()) {
    return bad_input({.where = source.path.string(),
                      .found = "a folder without text",
                      .wanted = ".jsonl, .txt or .md files",
                      .fix = "name a folder that has them, or a file"});
  }
  std::ranges::sort(files);
  return files;
}

class Hasher {
 public:
  Hasher() : state_(XXH3_createState()) { XXH3_64bits_reset(state_); }
  ~Hasher() { XXH3_freeState(state_); }
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;
  // The length goes first, so that parts cannot run into each other.
  void add(std::string_view bytes) {
    const std::uint64_t size = bytes.size();
    XXH3_64bits_update(state_, &size, sizeof size);
    XXH3_64bits_update(state_, bytes.data(), bytes.size());
  }
  std::uint64_t digest() const { return XXH3_64bits_digest(state_); }

 private:
  XXH3_state_t* state_;
};

Result<std::uint64_t> key_of(const std::vector<Path>& files, const Path& tokenizer_folder,
                             float prompt_weight) {
  Hasher hasher;
  hasher.add(fmt::format("tokenising {} prompt weight {}", kTokenising, prompt_weight));
  for (const char* name : kTokenizerFiles) {
    const Path path = tokenizer_folder / name;
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) continue;
    ATTUNE_TRY(const MappedFile file, MappedFile::open(path));
    hasher.add(name);
    hasher.add(file.text());
  }
  for (const Path& path : files) {
    ATTUNE_TRY(const MappedFile file, MappedFile::open(path));
    hasher.add(path.extension().string());
    hasher.add(file.text());
  }
  return hasher.digest();
}

// Encodes texts and conversations of one source in order.
class SourceEncoder {
 public:
  SourceEncoder(const text::Tokenizer& tokenizer, Path folder, ThreadPool& pool,
                float prompt_weight)
      : tokenizer_(tokenizer),
        folder_(std::move(folder)),
        pool_(pool),
        prompt_weight_(prompt_weight) {
    if (!tokenizer.eos_token().empty()) end_ = tokenizer.id_of(tokenizer.eos_token());
  }

  Result<void> add_file(const Path& path) {
    ATTUNE_TRY(const MappedFile file, MappedFile::open(path));
    std::string_view text = file.text();
    if (text.starts_with(kUtf8ByteOrderMark)) text.remove_prefix(kUtf8ByteOrderMark.size());
    ATTUNE_TRY_VOID(check_is_text(text, path.string()));
    ATTUNE_TRY_VOID(check_utf8(text, path.string()));
    if (path.extension() == ".jsonl") return add_rows(text, path.string());
    return add_text(std::string(text), 1, path.string());
  }

  Result<TokenisedText> finish() {
    ATTUNE_TRY_VOID(encode_waiting());
    return std::move(tokens_);
  }

 private:
  struct Waiting {
    std::int64_t row;
    std::string where;
    std::string text;
    std::optional<Json> conversation;  // instead of text
  };

  Result<void> add_rows(std::string_view text, const std::string& where) {
    JsonlReader reader(text, where);
    while (true) {
      ATTUNE_TRY(std::optional<JsonLine> row, reader.next());
      if (!row) return {};
      const std::string place = name_place(where, row->line);
      const Json& value = row->value;
      if (value.is_object() && value.contains("text") && value["text"].is_string()) {
        ATTUNE_TRY_VOID(add_text(value["text"].get<std::string>(), row->line, place));
      } else if (value.is_object() && value.contains("messages") && value["messages"].is_array()) {
        ATTUNE_TRY_VOID(load_chat_format());
        waiting_.push_back({row->line, place, "", std::move(row->value)});
        if (waiting_.size() >= kBlock) ATTUNE_TRY_VOID(encode_waiting());
      } else {
        return bad_input({.where = place,
                          .found = "a row without text or messages",
                          .wanted = R"({"text": "..."} or {"messages": [...]})",
                          .fix = "correct the row or remove it"});
      }
    }
  }

  Result<void> add_text(std::string text, std::int64_t row, std::string where) {
    if (text.empty()) return {};
    waiting_.push_back({row, std::move(where), std::move(text), std::nullopt});
    return waiting_.size() >= kBlock ? encode_waiting() : Result<void>();
  }

  Result<void> load_chat_format() {
    if (chat_) return {};
    ATTUNE_TRY(text::ChatFormat loaded, text::ChatFormat::load(folder_));
    chat_.emplace(std::move(loaded));
    return {};
  }

  Result<text::EncodedChat> encode(const Waiting& document) const {
    if (!document.conversation) {
      std::vector<std::int32_t> ids = tokenizer_.encode(document.text, {.add_special = true});
      if (end_ && (ids.empty() || ids.back() != *end_)) ids.push_back(*end_);
      std::vector<float> every(ids.size(), 1.0f);
      return text::EncodedChat{.ids = std::move(ids), .trained = std::move(every)};
    }
    const Json& row = *document.conversation;
    auto encoded =
        chat_->encode_training(row["messages"], row.contains("tools") ? row["tools"] : Json());
    if (!encoded) {
      Error error = std::move(encoded).error();
      error.where = document.where + ", " + error.where;
      return Failure(std::move(error));
    }
    for (float& weight : encoded->trained) weight = std::max(weight, prompt_weight_);
    return encoded;
  }

  Result<void> encode_waiting() {
    std::vector<std::optional<Result<text::EncodedChat>>> encoded(waiting_.size());
    pool_.run(static_cast<std::int64_t>(waiting_.size()), [&](std::int64_t task, int /*worker*/) {
      const auto at = static_cast<std::size_t>(task);
      encoded[at].emplace(encode(waiting_[at]));
    });
    for (std::size_t i = 0; i < waiting_.size(); ++i) {
      if (!*encoded[i]) return Failure(std::move(*encoded[i]).error());
      tokens_.add(waiting_[i].row, (**encoded[i]).ids, (**encoded[i]).trained);
    }
    waiting_.clear();
    return {};
  }

  const text::Tokenizer& tokenizer_;
  Path folder_;
  ThreadPool& pool_;
  float prompt_weight_;
  std::optional<std::int32_t> end_;
  std::optional<text::ChatFormat> chat_;
  std::vector<Waiting> waiting_;
  TokenisedText tokens_;
};

}  // namespace

Result<TokenFile> tokenise_source(const TextSource& source, const Path& tokenizer_folder,
                                  const Path& cache_folder, float prompt_weight, ThreadPool& pool,
                                  const std::function<void(const std::string&)>& note) {
  ATTUNE_TRY(const std::vector<Path> files, files_of(source));
  ATTUNE_TRY(const std::uint64_t key, key_of(files, tokenizer_folder, prompt_weight));
  const Path cached =
      cache_folder / fmt::format("{}-{:016x}.tokens", source.path.filename().string(), key);
  std::error_code ignored;
  if (std::filesystem::exists(cached, ignored)) {
    Result<TokenFile> file = TokenFile::open(cached, key);
    if (file) return file;
    if (note) note(file.error().message());
  }
  ATTUNE_TRY(const text::Tokenizer tokenizer, text::Tokenizer::load(tokenizer_folder));
  SourceEncoder encoder(tokenizer, tokenizer_folder, pool, prompt_weight);
  for (const Path& path : files) ATTUNE_TRY_VOID(encoder.add_file(path));
  ATTUNE_TRY(const TokenisedText tokens, encoder.finish());
  if (tokens.ids.size() < 2) {
    return bad_input({.where = source.path.string(),
                      .found = "no text",
                      .wanted = "at least one document of two tokens",
                      .fix = "check that the source is not empty"});
  }
  ATTUNE_TRY_VOID(ensure_directory(cache_folder));
  ATTUNE_TRY_VOID(TokenFile::write(cached, key, tokens));
  if (note) {
    note(fmt::format("{}: {} documents, {} tokens", source.path.string(), tokens.rows.size(),
                     tokens.ids.size()));
  }
  return TokenFile::open(cached, key);
}

}  // namespace attune::train
