#include "metrics/output_agreement.h"

#include "grammar/canonical.h"
#include "metrics/answer_text.h"
#include "metrics/json_part.h"

namespace attune::metrics {

namespace {

std::optional<std::string> canonical_json(std::string_view output, const OutputRule& rule) {
  const std::optional<JsonPart> part = find_json_part(output);
  if (!part) return std::nullopt;
  if (rule.decision_fields.empty()) return grammar::canonical_text(part->value);
  std::string decided;
  for (const std::string& field : rule.decision_fields) {
    const Json::json_pointer pointer(field);
    decided +=
        part->value.contains(pointer) ? grammar::canonical_text(part->value[pointer]) : "(missing)";
    decided += '\n';
  }
  return decided;
}

}  // namespace

std::optional<std::string> canonical_output(std::string_view output, const OutputRule& rule) {
  if (rule.as == OutputKind::json) return canonical_json(output, rule);
  std::string plain = normalised_answer(output);
  if (plain.empty()) return std::nullopt;
  return plain;
}

std::optional<double> mean_agreement(std::span<const std::string> outputs, const OutputRule& rule) {
  if (outputs.size() < 2) return std::nullopt;
  std::vector<std::optional<std::string>> decided;
  for (const std::string& output : outputs) decided.push_back(canonical_output(output, rule));
  double sum = 0;
  std::int64_t pairs = 0;
  for (std::size_t a = 0; a < outputs.size(); ++a) {
    for (std::size_t b = a + 1; b < outputs.size(); ++b, ++pairs) {
      if (!decided[a] || !decided[b]) continue;
      if (*decided[a] == *decided[b]) {
        sum += 1;
      } else if (rule.as == OutputKind::text) {
        sum += token_f1(outputs[a], outputs[b]);
      }
    }
  }
  return sum / static_cast<double>(pairs);
}

std::optional<double> pass_power_k(std::int64_t right, std::int64_t n, std::int64_t k) {
  if (k < 1 || k > n || right < 0 || right > n) return std::nullopt;
  double chance = 1;
  for (std::int64_t i = 0; i < k && chance > 0; ++i) {
    chance *= right > i ? static_cast<double>(right - i) / static_cast<double>(n - i) : 0;
  }
  return chance;
}

}  // namespace attune::metrics
