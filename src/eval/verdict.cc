#include "eval/verdict.h"

namespace attune::eval {

std::string decision_text(Decision decision) {
  switch (decision) {
    case Decision::fine_tune:
      return "fine-tune";
    case Decision::prompting_is_enough:
      return "few-shot prompting is enough";
    case Decision::do_not_fine_tune:
      return "do not fine-tune";
    case Decision::none:
      return "none";
    case Decision::inconclusive:
      break;
  }
  return "inconclusive";
}

std::string gate_state_text(GateState state) {
  switch (state) {
    case GateState::met:
      return "met";
    case GateState::unproven:
      return "unproven";
    case GateState::missed:
      break;
  }
  return "missed";
}

}  // namespace attune::eval
