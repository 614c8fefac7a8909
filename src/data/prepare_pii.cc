#include "data/prepare_pii.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace attune::data {

namespace {

class PiiTreatment {
 public:
  PiiTreatment(const Example& example, const PiiScanner& scanner, PiiPolicy policy,
               std::vector<Finding>& findings)
      : example_(example), scanner_(scanner), policy_(policy), findings_(findings) {}

  void messages(Json& list, const std::string& path) {
    if (!list.is_array()) return;
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (list[i].is_object()) message(list[i], fmt::format("{}[{}]", path, i));
    }
  }

  bool kept() const { return kept_; }

 private:
  void message(Json& message, const std::string& path) {
    if (message.contains("content")) text(message["content"], path + ".content");
    if (!message.contains("tool_calls") || !message["tool_calls"].is_array()) return;
    Json& calls = message["tool_calls"];
    for (std::size_t i = 0; i < calls.size(); ++i) {
      const bool function = calls[i].is_object() && calls[i].contains("function") &&
                            calls[i]["function"].is_object() &&
                            calls[i]["function"].contains("arguments");
      if (function)
        text(calls[i]["function"]["arguments"],
             fmt::format("{}.tool_calls[{}].function.arguments", path, i));
    }
  }

  void text(Json& value, std::string path) {
    if (!value.is_string()) return;
    const std::string words = value.get<std::string>();
    const std::vector<PiiMatch> matches = scanner_.scan(words);
    if (matches.empty()) return;
    const PiiMatch& first = matches.front();
    const bool strict = policy_ == PiiPolicy::fail ||
                        std::any_of(matches.begin(), matches.end(), [](const PiiMatch& match) {
                          return match.rule->severity == Severity::error;
                        });
    Finding finding;
    finding.rule = "secret_or_personal_data";
    finding.severity = strict ? Severity::error : Severity::warning;
    finding.where = example_.where();
    finding.row = example_.id;
    finding.path = std::move(path);
    finding.found = fmt::format(
        "{}: {}{}", first.rule->description,
        shown_in_part(std::string_view(words).substr(first.begin, first.end - first.begin)),
        matches.size() == 1 ? "" : fmt::format(" and {} more", matches.size() - 1));
    finding.wanted = "text without it";
    if (policy_ == PiiPolicy::mask) {
      finding.severity = Severity::info;
      finding.action = Action::changed;
      value = mask_.apply(words, matches);
    } else if (policy_ == PiiPolicy::drop) {
      finding.action = Action::dropped;
      // One finding drops the row.
      if (!std::exchange(kept_, false)) return;
    } else {
      finding.fix = "--pii mask replaces such values, --pii drop leaves the rows out";
    }
    findings_.push_back(std::move(finding));
  }

  const Example& example_;
  const PiiScanner& scanner_;
  PiiPolicy policy_;
  std::vector<Finding>& findings_;
  PiiMask mask_;
  bool kept_ = true;
};

}  // namespace

bool treat_pii(Example& example, const PiiScanner& scanner, PiiPolicy policy,
               std::vector<Finding>& findings) {
  if (policy == PiiPolicy::allow) return true;
  PiiTreatment treatment(example, scanner, policy, findings);
  treatment.messages(example.messages, "messages");
  treatment.messages(example.preferred, "preferred_output");
  treatment.messages(example.non_preferred, "non_preferred_output");
  return treatment.kept();
}

}  // namespace attune::data
