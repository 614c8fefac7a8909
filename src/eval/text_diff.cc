#include "eval/text_diff.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <vector>

#include "eval/html.h"
#include "eval/score.h"

namespace attune::eval {

namespace {

constexpr std::size_t kMostPieces = 2000;

// A word or a single other character, with the white space before it. White space is shown and
// never compared.
struct Piece {
  std::string_view space;
  std::string_view text;
};

enum class Kind { space, word, other };

Kind kind_of(char c) {
  if (c == ' ' || c == '\n' || c == '\t' || c == '\r') return Kind::space;
  const bool letter = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                      c == '_' || static_cast<unsigned char>(c) >= 0x80;
  return letter ? Kind::word : Kind::other;
}

std::vector<Piece> pieces_of(std::string_view text) {
  std::vector<Piece> pieces;
  std::size_t begin = 0;
  while (begin < text.size()) {
    std::size_t word = begin;
    while (word < text.size() && kind_of(text[word]) == Kind::space) ++word;
    if (word == text.size()) break;
    const Kind kind = kind_of(text[word]);
    std::size_t end = word + 1;
    while (kind == Kind::word && end < text.size() && kind_of(text[end]) == kind) ++end;
    pieces.push_back({text.substr(begin, word - begin), text.substr(word, end - word)});
    begin = end;
  }
  return pieces;
}

// Whether marks would help: at least two fifths of the reference's words are somewhere in the
// answer.
bool alike(const std::vector<Piece>& wanted, const std::vector<Piece>& given) {
  std::multiset<std::string_view> left;
  for (const Piece& piece : given) left.insert(piece.text);
  std::size_t words = 0;
  std::size_t common = 0;
  for (const Piece& piece : wanted) {
    if (kind_of(piece.text[0]) != Kind::word) continue;
    ++words;
    const auto place = left.find(piece.text);
    if (place == left.end()) continue;
    left.erase(place);
    ++common;
  }
  return common * 5 >= words * 2;
}

// Text gathered under one mark, so that neighbours share a tag.
class MarkedText {
 public:
  // White space between two pieces of one mark is inside it, any other outside.
  void add(const char* tag, std::string_view space, std::string_view text) {
    if (tag != open_) close();
    out_ += escape(space);
    if (tag != nullptr && open_ == nullptr) out_ += std::string("<") + tag + ">";
    open_ = tag;
    out_ += escape(text);
  }
  std::string take() {
    close();
    return std::move(out_);
  }

 private:
  void close() {
    if (open_ != nullptr) out_ += std::string("</") + open_ + ">";
    open_ = nullptr;
  }
  const char* open_ = nullptr;
  std::string out_;
};

Json ordered_like(const Json& value, const Json& reference) {
  if (value.is_object() && reference.is_object()) {
    Json result = Json::object();
    for (const auto& [key, member] : reference.items()) {
      if (value.contains(key)) result[key] = ordered_like(value[key], member);
    }
    for (const auto& [key, member] : value.items()) {
      if (!result.contains(key)) result[key] = member;
    }
    return result;
  }
  if (value.is_array() && reference.is_array()) {
    Json result = Json::array();
    for (std::size_t i = 0; i < value.size(); ++i) {
      result.push_back(i < reference.size() ? ordered_like(value[i], reference[i]) : value[i]);
    }
    return result;
  }
  return value;
}

}  // namespace

std::string diff_html(std::string_view reference, std::string_view answer) {
  static constexpr const char* kInserted = "ins";
  static constexpr const char* kDeleted = "del";
  const std::vector<Piece> wanted = pieces_of(reference);
  const std::vector<Piece> given = pieces_of(answer);
  if (wanted.size() > kMostPieces || given.size() > kMostPieces || !alike(wanted, given)) {
    return escape(answer);
  }

  // longest[i][k]: length of the longest common subsequence of wanted[i..] and given[k..].
  const std::size_t columns = given.size() + 1;
  std::vector<std::uint16_t> longest((wanted.size() + 1) * columns, 0);
  for (std::size_t i = wanted.size(); i-- > 0;) {
    for (std::size_t k = given.size(); k-- > 0;) {
      longest[i * columns + k] =
          wanted[i].text == given[k].text
              ? static_cast<std::uint16_t>(longest[(i + 1) * columns + k + 1] + 1)
              : std::max(longest[(i + 1) * columns + k], longest[i * columns + k + 1]);
    }
  }
  MarkedText out;
  std::size_t i = 0;
  std::size_t k = 0;
  while (i < wanted.size() || k < given.size()) {
    if (i < wanted.size() && k < given.size() && wanted[i].text == given[k].text) {
      out.add(nullptr, given[k].space, given[k].text);
      ++i;
      ++k;
    } else if (k == given.size() || (i < wanted.size() && longest[(i + 1) * columns + k] >=
                                                              longest[i * columns + k + 1])) {
      // Missing words don't bring the reference's line breaks along.
      out.add(kDeleted, wanted[i].space.empty() ? "" : " ", wanted[i].text);
      ++i;
    } else {
      out.add(kInserted, given[k].space, given[k].text);
      ++k;
    }
  }
  return out.take();
}

std::string readable(std::string_view text, std::string_view reference) {
  const std::optional<Json> value = json_reference(text);
  if (!value) return std::string(text);
  const std::optional<Json> like = json_reference(reference);
  std::string shown = to_pretty_text(like ? ordered_like(*value, *like) : *value);
  if (!shown.empty() && shown.back() == '\n') shown.pop_back();
  return shown;
}

}  // namespace attune::eval
