#include "cli/pii_options.h"

#include "io/json.h"

namespace attune::cli {

void PiiOptions::declare(CLI::App& command) {
  command
      .add_option(
          "--pii", policy,
          "Secrets and personal data: report; fail (errors); mask (replaced by placeholders) "
          "or drop (rows left out) where rows are written; allow (not looked for)")
      ->check(CLI::IsMember({"report", "fail", "mask", "drop", "allow"}))
      ->capture_default_str();
  command.add_option("--pii-rules", rules, "JSON file of rules to add to the built-in ones");
}

data::PiiPolicy PiiOptions::chosen() const {
  return data::pii_policy_from_name(policy).value_or(data::PiiPolicy::report);
}

Result<data::PiiScanner> PiiOptions::scanner() const {
  ATTUNE_TRY(data::PiiScanner built_in, data::PiiScanner::built_in());
  if (rules.empty()) return built_in;
  ATTUNE_TRY(const Json document, read_json(rules));
  ATTUNE_TRY_VOID(built_in.add_rules(document, rules));
  return built_in;
}

}  // namespace attune::cli
