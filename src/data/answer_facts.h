// The facts in a text that can be right or wrong: names, numbers, codes such as "EX-4471"; and
// whether another text says them too.
//
//   for (const Fact& fact : facts_of(answer))
//     if (!known.says(fact)) ...          // KnownFacts known(prompt)
//
// Names are words with a capital letter inside a sentence, in Latin script. Both sides err towards
// silence: what may be said in other words (a rounded number, another ending) counts as said, and
// abbreviations of up to four letters are no names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace attune::data {

struct Fact {
  enum class Kind : std::uint8_t { name, number, code };
  Kind kind = Kind::name;
  std::size_t begin = 0;  // bytes of the text
  std::size_t end = 0;
  std::string_view text;   // "Berlin", "4.2", "EX-4471"
  std::string_view shown;  // with its unit: "4.2 kW"
};

// In the order of the text. Numbers at the beginning of a list item and whole numbers up to 12,
// which count things, are left out.
std::vector<Fact> facts_of(std::string_view text);

// What a text says, for looking facts up in it.
class KnownFacts {
 public:
  void add(std::string_view text);
  bool says(const Fact& fact) const;
  std::size_t numbers() const { return numbers_.size(); }

 private:
  bool says_number(std::string_view written) const;

  std::string words_;     // in lower case
  std::string initials_;  // of its words, in lower case
  std::vector<double> numbers_;
};

}  // namespace attune::data
