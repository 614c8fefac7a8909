#include "train/token_file.h"

#include <bit>
#include <cstring>
#include <string_view>

#include <fmt/format.h>
#include <xxhash.h>

namespace attune::train {

static_assert(std::endian::native == std::endian::little, "token files are mapped as they are");

namespace {

constexpr std::string_view kMagic = "ATTUNETK";
constexpr std::uint64_t kFormat = 2;

struct Header {
  char magic[8];
  std::uint64_t format, key, documents, tokens;
};

template <typename T>
std::string_view bytes_of(std::span<const T> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

Failure damaged(const Path& path, std::string found) {
  return bad_input({.where = path.string(),
                    .found = std::move(found),
                    .wanted = "a whole token file of this source and tokenizer",
                    .fix = "delete it; it is made again from the source"});
}

}  // namespace

void TokenisedText::add(std::int64_t row, std::span<const std::int32_t> document,
                        std::span<const float> document_weights) {
  ids.insert(ids.end(), document.begin(), document.end());
  weights.insert(weights.end(), document_weights.begin(), document_weights.end());
  starts.push_back(ids.size());
  rows.push_back(row);
}

Result<void> TokenFile::write(const Path& path, std::uint64_t key, const TokenisedText& text) {
  Header header{{}, kFormat, key, text.rows.size(), text.ids.size()};
  std::memcpy(header.magic, kMagic.data(), kMagic.size());
  const std::string_view parts[] = {{reinterpret_cast<const char*>(&header), sizeof header},
                                    bytes_of(std::span<const std::uint64_t>(text.starts)),
                                    bytes_of(std::span<const std::int64_t>(text.rows)),
                                    bytes_of(std::span<const std::int32_t>(text.ids)),
                                    bytes_of(std::span<const float>(text.weights))};
  ATTUNE_TRY(AtomicFile file, AtomicFile::create(path));
  XXH3_state_t* state = XXH3_createState();
  XXH3_64bits_reset(state);
  for (const std::string_view part : parts) XXH3_64bits_update(state, part.data(), part.size());
  const std::uint64_t digest = XXH3_64bits_digest(state);
  XXH3_freeState(state);
  for (const std::string_view part : parts) ATTUNE_TRY_VOID(file.write(part));
  ATTUNE_TRY_VOID(file.write({reinterpret_cast<const char*>(&digest), sizeof digest}));
  return file.commit();
}

Result<TokenFile> TokenFile::open(const Path& path, std::uint64_t key) {
  ATTUNE_TRY(MappedFile mapped, MappedFile::open(path));
  TokenFile file(std::move(mapped));
  const std::string_view bytes = file.file_.text();
  if (bytes.size() < sizeof(Header) + sizeof(std::uint64_t)) {
    return damaged(path, fmt::format("{} bytes", bytes.size()));
  }
  Header header;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (std::string_view(header.magic, kMagic.size()) != kMagic || header.format != kFormat) {
    return damaged(path, "another kind of file");
  }
  if (header.key != key) return damaged(path, "tokens of another text or tokenizer");
  // Checked against the size first, so that the sums below cannot overflow.
  if (header.documents > bytes.size() || header.tokens > bytes.size()) {
    return damaged(path, "a header that promises more than the file holds");
  }
  const std::size_t wanted =
      sizeof header + (header.documents + 1) * 8 + header.documents * 8 + header.tokens * 8 + 8;
  if (bytes.size() != wanted) {
    return damaged(path, fmt::format("{} bytes instead of {}", bytes.size(), wanted));
  }
  std::uint64_t digest = 0;
  std::memcpy(&digest, bytes.data() + bytes.size() - 8, 8);
  if (digest != XXH3_64bits(bytes.data(), bytes.size() - 8)) {
    return damaged(path, "bytes that differ from those that were written");
  }
  const char* at = bytes.data() + sizeof header;
  file.starts_ = {reinterpret_cast<const std::uint64_t*>(at), header.documents + 1};
  at += file.starts_.size_bytes();
  file.rows_ = {reinterpret_cast<const std::int64_t*>(at), header.documents};
  at += file.rows_.size_bytes();
  file.ids_ = {reinterpret_cast<const std::int32_t*>(at), header.tokens};
  at += file.ids_.size_bytes();
  file.weights_ = {reinterpret_cast<const float*>(at), header.tokens};
  return file;
}

std::span<const std::int32_t> TokenFile::document(std::int64_t index) const {
  const auto at = static_cast<std::size_t>(index);
  return ids_.subspan(starts_[at], starts_[at + 1] - starts_[at]);
}

std::span<const float> TokenFile::weights(std::int64_t index) const {
  const auto at = static_cast<std::size_t>(index);
  return weights_.subspan(starts_[at], starts_[at + 1] - starts_[at]);
}

}  // namespace attune::train
