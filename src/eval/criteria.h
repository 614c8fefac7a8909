// The testing criteria of an OpenAI eval over the items of a run: the graders of grader.h, each a
// field of the item's score. Accuracy is the share of those with a grade that pass; exact match
// means that all do.
//
//   ATTUNE_TRY(const Criteria criteria, Criteria::prepare(testing_criteria, "eval.json"));
//   answer.judged = criteria.ask(item, answer.text, ask);       // once, when there is an answer
//   ItemScore score = criteria.score(item, answer, nullptr);    // as often as one likes
//
// What models say is kept with the answer, so that the same run gives the same figures without
// asking again. A criterion without a grade (the judge's model failed, the item lacks a value)
// is neither passed nor failed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "eval/arms.h"
#include "eval/grader.h"
#include "eval/score.h"

namespace attune::eval {

class Criteria {
 public:
  // Refused: what the API refuses (docs/evals-api.md), two criteria of one name.
  static Result<Criteria> prepare(const Json& testing_criteria, std::string_view where);

  bool ask_models() const;  // whether some criterion asks one
  std::vector<std::string> models() const;

  // What the models said, in the order of the questions. `item.side` has "item".
  std::vector<Json> ask(const Item& item, const std::string& answer, const AskModel& ask) const;

  ItemScore score(const Item& item, const Answer& answer, const grammar::Contract* contract) const;

 private:
  std::vector<Judge> judges_;
};

}  // namespace attune::eval
