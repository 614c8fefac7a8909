// Whether answers use the house's terms: terminology adherence over a list of concepts.
//
//   TA = (concepts named by a required term - w * concepts named by a forbidden one) / applicable
//
// A concept is applicable only when it comes up: one of its words, required, forbidden or plain,
// is in the source or the reference, and one of its context words too, where it has some.
//
//   [{"concept": "valve actuator", "preferred": "valve actuator", "inflections": ["valve
//   actuators"],
//     "forbidden": ["motor", "knob"], "context": ["valve"]}]
//
// The "x-glossary" of a contract (grammar/glossary.h) is read too: each forbidden term with what to
// write instead is a concept. Terms match as glossary.h says: whole words, any letter case.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "grammar/glossary.h"
#include "io/json.h"

namespace attune::metrics {

struct TermUse {
  std::string concept_name;
  bool required = false;   // the answer has a required form
  bool forbidden = false;  // the answer has a forbidden form
};

struct TermScore {
  std::vector<TermUse> applicable;
  // In [-weight, 1]; nothing when no concept is applicable.
  std::optional<double> adherence(double forbidden_weight = 1) const;
};

class Terminology {
 public:
  static Result<Terminology> read(const Json& spec, std::string_view where);

  // `source` is what was asked with its context; `reference` may be empty.
  TermScore check(std::string_view answer, std::string_view source,
                  std::string_view reference) const;

 private:
  struct Concept {
    std::string name;
    grammar::Glossary required;
    grammar::Glossary forbidden;
    grammar::Glossary any_form;
    grammar::Glossary context;
  };
  Result<void> add(const Json& entry, std::string_view where);

  std::vector<Concept> concepts_;
};

}  // namespace attune::metrics
