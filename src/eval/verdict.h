// What a comparison comes down to: the decision, its reasons in words and numbers, and the bars
// that were asked for. advise::decide() fills it; reports print it.
#pragma once

#include <string>
#include <vector>

#include "stats/statistics.h"

namespace attune::eval {

enum class Decision {
  fine_tune,
  prompting_is_enough,
  do_not_fine_tune,
  inconclusive,
  none,  // no tuned arm was measured: nothing to decide but the bars
};

// A required bar. met: the interval's lower end clears it; unproven: the value clears it and the
// lower end does not.
enum class GateState { met, unproven, missed };

struct Gate {
  std::string name;  // "format compliance"
  std::string arm;   // the arm that was measured
  double required = 0;
  stats::Estimate measured;
  GateState state = GateState::missed;
};

struct Verdict {
  Decision decision = Decision::inconclusive;
  std::string recommended_arm;  // "tuned", "few_shot", ...; empty when inconclusive
  std::string headline;         // one sentence
  std::vector<std::string> reasons;
  std::vector<Gate> gates;
  int exit_code = 3;  // 0 done, 1 a required bar is missed, 3 inconclusive
  // The thresholds that were applied, in shares (0.05 = 5 points).
  double least_gain = 0;
  double harm_margin = 0;
  double significance = 0;
};

// "fine-tune", "few-shot prompting is enough", "do not fine-tune", "inconclusive", "none".
std::string decision_text(Decision decision);
std::string gate_state_text(GateState state);

}  // namespace attune::eval
