#include "data/word_difference.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace attune::data {

namespace {

constexpr std::size_t kMostWords = 2000;
constexpr std::size_t kShownOfLong = 12;
constexpr std::string_view kBetweenWords = " \t\n\r\f\v";

using Words = std::vector<std::string_view>;

Words words_of(std::string_view text) {
  Words words;
  while (true) {
    const std::size_t begin = text.find_first_not_of(kBetweenWords);
    if (begin == std::string_view::npos) return words;
    const std::size_t end = std::min(text.find_first_of(kBetweenWords, begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    text.remove_prefix(end);
  }
}

struct Piece {
  Mark mark;
  std::string_view word;
};

// A longest common subsequence of the two, by the classic table.
void compare_middles(const Words& before, const Words& after, std::vector<Piece>& pieces) {
  const std::size_t width = after.size() + 1;
  std::vector<std::uint16_t> common((before.size() + 1) * width, 0);  // of the rests from (i, j)
  for (std::size_t i = before.size(); i-- > 0;) {
    for (std::size_t j = after.size(); j-- > 0;) {
      common[i * width + j] =
          before[i] == after[j] ? static_cast<std::uint16_t>(common[(i + 1) * width + j + 1] + 1)
                                : std::max(common[(i + 1) * width + j], common[i * width + j + 1]);
    }
  }
  std::size_t i = 0, j = 0;
  while (i < before.size() || j < after.size()) {
    if (i < before.size() && j < after.size() && before[i] == after[j]) {
      pieces.push_back({Mark::equal, before[i]});
      ++i, ++j;
    } else if (j == after.size() ||
               (i < before.size() && common[(i + 1) * width + j] >= common[i * width + j + 1])) {
      pieces.push_back({Mark::removed, before[i++]});
    } else {
      pieces.push_back({Mark::added, after[j++]});
    }
  }
}

void cut_middles(const Words& before, const Words& after, std::vector<Piece>& pieces) {
  const auto add = [&](const Words& words, Mark mark) {
    for (std::size_t i = 0; i < std::min(words.size(), kShownOfLong); ++i)
      pieces.push_back({mark, words[i]});
    if (words.size() > kShownOfLong) pieces.push_back({mark, "..."});
  };
  add(before, Mark::removed);
  add(after, Mark::added);
}

std::vector<Piece> compare(const Words& before, const Words& after) {
  const std::size_t shorter = std::min(before.size(), after.size());
  std::size_t head = 0, tail = 0;
  while (head < shorter && before[head] == after[head]) ++head;
  while (tail < shorter - head &&
         before[before.size() - 1 - tail] == after[after.size() - 1 - tail])
    ++tail;
  const auto middle = [&](const Words& words) {
    return Words(words.begin() + static_cast<std::ptrdiff_t>(head),
                 words.end() - static_cast<std::ptrdiff_t>(tail));
  };
  std::vector<Piece> pieces;
  for (std::size_t i = 0; i < head; ++i) pieces.push_back({Mark::equal, before[i]});
  const Words mine = middle(before), other = middle(after);
  if (mine.size() > kMostWords || other.size() > kMostWords) {
    cut_middles(mine, other, pieces);
  } else {
    compare_middles(mine, other, pieces);
  }
  for (std::size_t i = before.size() - tail; i < before.size(); ++i)
    pieces.push_back({Mark::equal, before[i]});
  return pieces;
}

// Which pieces are shown: the differences, and `context` equal words around each.
std::vector<bool> shown(const std::vector<Piece>& pieces, std::size_t context) {
  std::vector<bool> keep(pieces.size(), false);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (pieces[i].mark == Mark::equal) continue;
    const std::size_t end = std::min(pieces.size(), i + context + 1);
    for (std::size_t j = i < context ? 0 : i - context; j < end; ++j) keep[j] = true;
  }
  return keep;
}

}  // namespace

std::vector<DifferentWords> word_difference(std::string_view before, std::string_view after,
                                            std::size_t context) {
  const std::vector<Piece> pieces = compare(words_of(before), words_of(after));
  const std::vector<bool> keep = shown(pieces, context);
  std::vector<DifferentWords> parts;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const Mark mark = keep[i] ? pieces[i].mark : Mark::left_out;
    if (parts.empty() || parts.back().mark != mark) parts.push_back({.mark = mark, .text = {}});
    if (mark == Mark::left_out) continue;
    std::string& text = parts.back().text;
    (text += text.empty() ? "" : " ") += pieces[i].word;
  }
  return parts;
}

std::string marked_difference(std::string_view before, std::string_view after,
                              std::size_t context) {
  std::string out;
  Mark previous = Mark::equal;
  for (const DifferentWords& part : word_difference(before, after, context)) {
    const bool replaces = previous == Mark::removed && part.mark == Mark::added;
    if (!out.empty() && !replaces) out += ' ';
    switch (part.mark) {
      case Mark::equal:
        out += part.text;
        break;
      case Mark::removed:
        out += "[-" + part.text + "-]";
        break;
      case Mark::added:
        out += "{+" + part.text + "+}";
        break;
      case Mark::left_out:
        out += "...";
        break;
    }
    previous = part.mark;
  }
  return out;
}

}  // namespace attune::data
