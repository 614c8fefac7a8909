// Text that remembers where each byte came from. A chat template's own words are trusted: only they
// may become control tokens. What {% generation %} blocks wrote is known too. Whatever rewrites the
// text keeps the marks in step.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace attune::text {

inline constexpr std::uint8_t kTrusted = 1;        // a template's own words
inline constexpr std::uint8_t kGenerated = 2;      // written inside a {% generation %} block
inline constexpr std::uint8_t kOddGeneration = 4;  // tells two blocks apart that touch

struct MarkedText {
  std::string text = {};
  std::uint8_t mark = 0;                 // of every byte, when `marks` is empty
  std::vector<std::uint8_t> marks = {};  // one entry a byte, or empty

  std::uint8_t mark_at(std::size_t at) const { return marks.empty() ? mark : marks[at]; }

  bool is_trusted(std::size_t begin, std::size_t end) const {
    if (marks.empty()) return (mark & kTrusted) != 0;
    return std::all_of(marks.begin() + static_cast<std::ptrdiff_t>(begin),
                       marks.begin() + static_cast<std::ptrdiff_t>(end),
                       [](std::uint8_t byte) { return (byte & kTrusted) != 0; });
  }

  // The mark for text made from bytes [begin, end): trusted only when all of them are.
  std::uint8_t joint_mark(std::size_t begin, std::size_t end) const {
    if (marks.empty() || begin == end) return mark;
    std::uint8_t joint = marks[begin];
    for (std::size_t at = begin; at < end; ++at) joint &= marks[at];
    return joint;
  }

  // The end of the run of equal marks that starts at `at`, at most `end`.
  std::size_t run_end(std::size_t at, std::size_t end) const {
    if (marks.empty()) return end;
    std::size_t stop = at;
    while (stop < end && marks[stop] == marks[at]) ++stop;
    return stop;
  }

  void append(std::string_view more, std::uint8_t mark_of_more) {
    if (more.empty()) return;
    if (text.empty()) {
      mark = mark_of_more;
    } else if (marks.empty() && mark_of_more != mark) {
      marks.assign(text.size(), mark);
    }
    text.append(more);
    if (!marks.empty()) marks.resize(text.size(), mark_of_more);
  }

  // Bytes [begin, end) of `other` with their marks.
  void append_part(const MarkedText& other, std::size_t begin, std::size_t end) {
    while (begin < end) {
      const std::size_t stop = other.run_end(begin, end);
      append(std::string_view(other.text).substr(begin, stop - begin), other.mark_at(begin));
      begin = stop;
    }
  }

  void append(const MarkedText& other) { append_part(other, 0, other.text.size()); }

  MarkedText part(std::size_t begin, std::size_t end) const {
    MarkedText out;
    out.append_part(*this, begin, end);
    return out;
  }

  // Sets `bits` on every byte from `begin` on.
  void add_mark(std::size_t begin, std::uint8_t bits) {
    if (begin >= text.size()) return;
    if (marks.empty()) marks.assign(text.size(), mark);
    for (std::size_t at = begin; at < text.size(); ++at) marks[at] |= bits;
  }
};

// Where a piece of text stands; some steps add a space only at a start.
struct PieceStart {
  bool of_run = true;   // the start of the text, or right after an added token
  bool of_text = true;  // the start of the whole text
};

}  // namespace attune::text
