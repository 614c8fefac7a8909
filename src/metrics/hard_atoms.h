// The parts of a sentence that are true or made up, with nothing between: numbers with their units,
// dates, identifiers, quoted words and names. What the faithfulness check (faithfulness.h) looks up
// in the context.
//
//   hard_atoms("On 5 March 2024 pump P-101 moved 3.5 kg for Ada Lovelace.")
//     date 2024-03-05, identifier p101, number mass:3.5, name "ada lovelace"
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace attune::metrics {

enum class AtomKind { number, date, identifier, quote, name };

struct HardAtom {
  AtomKind kind = AtomKind::number;
  std::string text;       // as written
  std::string canonical;  // equal for equal atoms of a kind
  // Number: its value without the unit. Name: at the beginning of a sentence without the first
  // word, which may be an ordinary one ("Low CSF pressure").
  std::string bare;
};

// Articles, pronouns, prepositions and their like, in lower case: they say nothing of their own.
bool is_function_word(std::string_view word);

std::string_view atom_kind_name(AtomKind kind);

// From left to right; a stretch of text is one atom only. Names are runs of capitalised words and
// of capital letters; the first word of a sentence alone is none.
std::vector<HardAtom> hard_atoms(std::string_view sentence);

}  // namespace attune::metrics
