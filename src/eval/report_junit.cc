// junit.xml: an item of the subject is a test case, a required bar another, for the pages of
// continuous integration.
#include <fmt/format.h>

#include "eval/html.h"
#include "eval/report.h"
#include "eval/words.h"

namespace attune::eval {

namespace {

std::string failure(std::string_view message, std::string_view text) {
  return fmt::format("<failure message=\"{}\">{}</failure>", escape(message), escape(text));
}

// An item passes when its answer is compliant and wholly right.
std::string item_case(const std::string& id, const ItemScore& score, const std::string& arm) {
  std::string body;
  if (!score.compliant) {
    body = failure("breaks the format", score.violations.empty() ? "" : score.violations.front());
  } else if (score.accuracy < 1) {
    std::string wrong;
    for (const FieldScore& field : score.fields) {
      if (!field.correct)
        wrong += fmt::format("{}: wanted {}, found {}\n", field.name, field.wanted, field.found);
    }
    body = failure(fmt::format("{} right", percent(score.accuracy)), wrong);
  }
  return fmt::format("<testcase classname=\"{}\" name=\"{}\">{}</testcase>\n", escape(arm),
                     escape(id), body);
}

}  // namespace

std::string report_junit(const ReportInput& input, const std::vector<Item>& items) {
  const Comparison& comparison = input.comparison;
  std::string cases;
  std::int64_t failed = 0, all = 0;
  for (std::size_t a = 0; a < comparison.arms.size(); ++a) {
    if (comparison.arms[a].name != comparison.subject) continue;
    for (std::size_t i = 0; i < items.size(); ++i) {
      const ItemScore& score = comparison.scores[a][i];
      failed += score.compliant && score.accuracy >= 1 ? 0 : 1;
      cases += item_case(items[i].id, score, comparison.subject);
      ++all;
    }
  }
  for (const Gate& gate : input.verdict.gates) {
    const bool met = gate.state == GateState::met;
    failed += met ? 0 : 1;
    ++all;
    cases +=
        fmt::format("<testcase classname=\"bars\" name=\"{}\">{}</testcase>\n", escape(gate.name),
                    met ? ""
                        : failure(std::string(gate_state_text(gate.state)),
                                  fmt::format("required {}, measured {}", percent(gate.required),
                                              percent_interval(gate.measured))));
  }
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites><testsuite name=\"{}\" tests=\"{}\" "
      "failures=\"{}\" timestamp=\"{}\">\n{}</testsuite></testsuites>\n",
      escape(input.title), all, failed, escape(input.created), cases);
}

}  // namespace attune::eval
