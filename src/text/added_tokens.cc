#include "text/added_tokens.h"

#include <algorithm>

#include "text/unicode.h"

namespace attune::text {

namespace {

bool starts_with_word(std::string_view text) {
  return !text.empty() && is_word(character_at(text, 0).code);
}

// The start of the last character before `end`.
std::size_t character_before(std::string_view text, std::size_t end) {
  for (std::size_t bytes = 1; bytes <= 4 && bytes <= end; ++bytes) {
    const Character character = character_at(text.substr(0, end), end - bytes);
    if (character.valid && character.bytes == bytes) return end - bytes;
  }
  return end - 1;
}

bool ends_with_word(std::string_view text) {
  return !text.empty() && is_word(character_at(text, character_before(text, text.size())).code);
}

bool is_space_at(std::string_view text, std::size_t at) {
  const Character character = character_at(text, at);
  return character.valid && is_white_space(character.code);
}

std::size_t without_spaces_before(std::string_view text, std::size_t floor, std::size_t at) {
  while (at > floor) {
    const std::size_t previous = character_before(text, at);
    if (previous < floor || !is_space_at(text, previous)) break;
    at = previous;
  }
  return at;
}

std::size_t past_spaces(std::string_view text, std::size_t at) {
  while (at < text.size() && is_space_at(text, at)) at += character_at(text, at).bytes;
  return at;
}

}  // namespace

Result<AddedToken> read_added_token(const TokenizerJson& json, std::int32_t id,
                                    std::string_view where) {
  AddedToken token{.id = id};
  ATTUNE_TRY(token.content, string_field(json, "content", where));
  ATTUNE_TRY(token.special, bool_field(json, "special", false, where));
  ATTUNE_TRY(token.single_word, bool_field(json, "single_word", false, where));
  ATTUNE_TRY(token.strip_left, bool_field(json, "lstrip", false, where));
  ATTUNE_TRY(token.strip_right, bool_field(json, "rstrip", false, where));
  ATTUNE_TRY(token.normalized, bool_field(json, "normalized", !token.special, where));
  return token;
}

void AddedTokenMatcher::add(const AddedToken& token, std::string_view spelling) {
  if (spelling.empty()) return;
  std::size_t node = 0;
  for (const char byte : spelling) {
    const auto [place, is_new] = nodes_[node].next.try_emplace(byte, nodes_.size());
    node = place->second;
    if (is_new) nodes_.emplace_back();
  }
  starts_[static_cast<unsigned char>(spelling[0])] = true;
  if (nodes_[node].token >= 0) return;
  nodes_[node].token = static_cast<std::int32_t>(tokens_.size());
  tokens_.push_back(token);
}

AddedTokenMatcher::Found AddedTokenMatcher::longest_at(std::string_view text,
                                                       std::size_t at) const {
  Found found;
  std::size_t node = 0;
  while (at < text.size()) {
    const auto next = nodes_[node].next.find(text[at]);
    if (next == nodes_[node].next.end()) break;
    node = next->second;
    ++at;
    if (nodes_[node].token >= 0) found = {nodes_[node].token, at};
  }
  return found;
}

std::vector<TextOrToken> AddedTokenMatcher::split(const MarkedText& marked) const {
  const std::string_view text = marked.text;
  std::vector<TextOrToken> parts;
  std::size_t done = 0;
  for (std::size_t at = tokens_.empty() ? text.size() : 0; at < text.size();) {
    const Found found =
        starts_[static_cast<unsigned char>(text[at])] ? longest_at(text, at) : Found{};
    if (found.token < 0) {
      ++at;
      continue;
    }
    const AddedToken& token = tokens_[static_cast<std::size_t>(found.token)];
    std::size_t begin = at;
    std::size_t end = found.end;
    at = end;
    if (token.special && !marked.is_trusted(begin, end)) continue;
    if (token.single_word &&
        (ends_with_word(text.substr(0, begin)) || starts_with_word(text.substr(end)))) {
      continue;
    }
    if (begin < done) continue;
    if (token.strip_left) begin = without_spaces_before(text, done, begin);
    if (token.strip_right) end = past_spaces(text, end);
    if (done < begin) parts.push_back({-1, done, begin});
    parts.push_back({token.id, begin, end});
    done = end;
  }
  if (done < text.size()) parts.push_back({-1, done, text.size()});
  return parts;
}

}  // namespace attune::text
