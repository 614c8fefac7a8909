// Text on its way to tokens that remembers which bytes may become control tokens: a chat template's
// own words are trusted, what a user wrote is not. Normalisers rewrite the text and keep the marks
// in step.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace attune::text {

struct MarkedText {
  std::string text = {};
  bool all_trusted = false;                // for every byte, when `trusted` is empty
  std::vector<std::uint8_t> trusted = {};  // one entry a byte, or empty

  bool is_trusted(std::size_t begin, std::size_t end) const {
    if (trusted.empty()) return all_trusted;
    return std::all_of(trusted.begin() + static_cast<std::ptrdiff_t>(begin),
                       trusted.begin() + static_cast<std::ptrdiff_t>(end),
                       [](std::uint8_t byte) { return byte != 0; });
  }

  // An empty text with the same way of marking.
  MarkedText empty_like() const { return {{}, all_trusted, {}}; }

  void append(std::string_view more, bool is_trusted_text) {
    // The first byte that differs from the rest makes the marks explicit.
    if (trusted.empty() && is_trusted_text != all_trusted && !more.empty()) {
      if (text.empty()) {
        all_trusted = is_trusted_text;
      } else {
        trusted.assign(text.size(), all_trusted ? 1 : 0);
      }
    }
    text.append(more);
    if (!trusted.empty()) trusted.resize(text.size(), is_trusted_text ? 1 : 0);
  }

  // Bytes [begin, end) of `other` with their marks.
  void append_part(const MarkedText& other, std::size_t begin, std::size_t end) {
    const std::string_view part = std::string_view(other.text).substr(begin, end - begin);
    if (other.trusted.empty()) return append(part, other.all_trusted);
    for (std::size_t at = begin; at < end;) {
      std::size_t stop = at;
      while (stop < end && other.trusted[stop] == other.trusted[at]) ++stop;
      append(std::string_view(other.text).substr(at, stop - at), other.trusted[at] != 0);
      at = stop;
    }
  }
};

// Where a piece of text stands; some steps add a space only at a start.
struct PieceStart {
  bool of_run = true;   // the start of the text, or right after an added token
  bool of_text = true;  // the start of the whole text
};

}  // namespace attune::text
