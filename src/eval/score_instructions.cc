#include "eval/score_instructions.h"

namespace attune::eval {

ItemScore score_instructions(std::string_view answer, const metrics::IfevalPrompt& prompt,
                             const grammar::Contract* contract) {
  ItemScore score = score_text(answer, "", contract);
  const metrics::IfevalVerdict verdict = metrics::check_ifeval(prompt, answer);
  double kept = 0;
  for (std::size_t i = 0; i < prompt.instructions.size(); ++i) {
    const bool strict = verdict.strict[i];
    kept += strict ? 1 : 0;
    score.fields.push_back({.name = prompt.instructions[i].id,
                            .correct = strict,
                            .wanted = "kept",
                            .found = strict             ? "kept"
                                     : verdict.loose[i] ? "kept loosely"
                                                        : "not kept"});
  }
  score.accuracy = kept / static_cast<double>(prompt.instructions.size());
  score.exact = verdict.all_strict();
  return score;
}

}  // namespace attune::eval
