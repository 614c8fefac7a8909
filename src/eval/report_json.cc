#include <cmath>

#include "eval/report.h"
#include "io/file.h"

namespace attune::eval {

namespace {

// Not finite numbers have no JSON form.
Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json to_json(const stats::Estimate& estimate) {
  return {{"value", number(estimate.value)},
          {"low", number(estimate.low)},
          {"high", number(estimate.high)}};
}

Json to_json(const metrics::ConsistencyScore& score) {
  const auto optional = [](const std::optional<stats::Estimate>& estimate) {
    return estimate ? to_json(*estimate) : Json(nullptr);
  };
  Json parts = Json::object();
  for (std::size_t part = 0; part < metrics::kConsistencyParts; ++part)
    parts[std::string(metrics::kConsistencyNames[part])] = optional(score.parts[part]);
  return {{"score", optional(score.score)},
          {"parts", parts},
          {"missing", score.missing},
          {"items", score.judged},
          {"consistently_right", to_json(score.consistently_right)},
          {"consistently_wrong", to_json(score.consistently_wrong)}};
}

Json to_json(const AdapterOverhead& overhead) {
  return {{"n", overhead.n},
          {"tokens", overhead.tokens},
          {"first_token_ms", to_json(overhead.first_token_ms)},
          {"token_ms", to_json(overhead.token_ms)}};
}

Json to_json(const FormatPatience& patience) {
  return {{"fenced", to_json(patience.fenced)},
          {"extract", to_json(patience.extract)},
          {"field", number(patience.field)}};
}

Json to_json(const LabelSummary& labels) {
  const auto optional = [](const std::optional<double>& value) {
    return value ? number(*value) : Json(nullptr);
  };
  return {{"macro_f1", optional(labels.macro_f1)}, {"mcc", optional(labels.mcc)}};
}

Json to_json(const std::vector<MeasureSummary>& measures) {
  Json all = Json::object();
  for (const MeasureSummary& measure : measures) {
    Json& one = all[measure.name] = to_json(measure.value);
    one["n"] = measure.items;
    one["lower_is_better"] = measure.lower_is_better;
    if (!measure.signature.empty()) one["signature"] = measure.signature;
  }
  return all;
}

Json to_json(const std::vector<MeasureDifference>& measures) {
  Json all = Json::object();
  for (const MeasureDifference& measure : measures)
    all[measure.name] = {{"difference", to_json(measure.difference)}};
  return all;
}

Json to_json(const ArmSummary& arm) {
  Json fields = Json::object();
  for (const FieldAccuracy& field : arm.fields) {
    fields[field.name] = to_json(field.accuracy);
    fields[field.name]["n"] = field.n;
  }
  return {
      {"arm", arm.name},
      {"n", arm.n},
      {"format_compliance", to_json(arm.format_compliance)},
      {"domain_accuracy", to_json(arm.domain_accuracy)},
      {"exact_match", to_json(arm.exact_match)},
      {"json_found", to_json(arm.json_found)},
      {"latency_ms",
       {{"median", number(arm.latency_ms.median)},
        {"p95", number(arm.latency_ms.p95)},
        {"mean", number(arm.latency_ms.mean)},
        {"n", arm.latency_ms.n}}},
      {"first_token_ms",
       {{"median", number(arm.first_token_ms.median)},
        {"p95", number(arm.first_token_ms.p95)},
        {"mean", number(arm.first_token_ms.mean)},
        {"n", arm.first_token_ms.n}}},
      {"format_levels", arm.patience ? to_json(*arm.patience) : Json(nullptr)},
      {"measures", to_json(arm.measures)},
      {"labels", arm.labels ? to_json(*arm.labels) : Json(nullptr)},
      {"adapter_overhead", arm.adapter_overhead ? to_json(*arm.adapter_overhead) : Json(nullptr)},
      {"consistency", arm.consistency ? to_json(*arm.consistency) : Json(nullptr)},
      {"failures", arm.failures},
      {"cut", arm.cut},
      {"tokens",
       {{"prompt", number(arm.prompt_tokens)}, {"completion", number(arm.completion_tokens)}}},
      {"terms", {{"preferred", arm.preferred_terms}, {"forbidden", arm.forbidden_terms}}},
      {"fields", fields}};
}

Json to_json(const RateComparison& rates) {
  return {{"difference", to_json(rates.difference)}, {"both", rates.counts.both},
          {"subject_only", rates.counts.first_only}, {"other_only", rates.counts.second_only},
          {"neither", rates.counts.neither},         {"mcnemar_p", number(rates.p)}};
}

Json to_json(const PairedComparison& pair) {
  return {{"subject", pair.subject},
          {"other", pair.other},
          {"format_compliance", to_json(pair.format_compliance)},
          {"exact_match", to_json(pair.exact_match)},
          {"domain_accuracy", {{"difference", to_json(pair.domain_accuracy_difference)}}},
          {"latency_ms", {{"difference", to_json(pair.latency_ms_difference)}}},
          {"first_token_ms", {{"difference", to_json(pair.first_token_ms_difference)}}},
          {"measures", to_json(pair.measures)}};
}

Json to_json(const Verdict& verdict) {
  Json gates = Json::array();
  for (const Gate& gate : verdict.gates) {
    gates.push_back({{"name", gate.name},
                     {"arm", gate.arm},
                     {"required", gate.required},
                     {"measured", to_json(gate.measured)},
                     {"state", gate_state_text(gate.state)}});
  }
  return {{"decision", decision_text(verdict.decision)},
          {"recommended_arm",
           verdict.recommended_arm.empty() ? Json(nullptr) : Json(verdict.recommended_arm)},
          {"headline", verdict.headline},
          {"reasons", verdict.reasons},
          {"gates", gates},
          {"exit_code", verdict.exit_code},
          {"thresholds",
           {{"least_gain", verdict.least_gain},
            {"harm_margin", verdict.harm_margin},
            {"significance", verdict.significance}}}};
}

Json to_json(const Example& example) {
  Json answers = Json::object();
  for (const ExampleAnswer& answer : example.answers) {
    answers[answer.arm] = {{"text", answer.text},
                           {"compliant", answer.score.compliant},
                           {"exact", answer.score.exact},
                           {"accuracy", number(answer.score.accuracy)},
                           {"violations", answer.score.violations}};
    for (const auto& [name, value] : answer.score.measures)
      answers[answer.arm]["measures"][name] = number(value);
  }
  return {{"id", example.id},
          {"input", example.input},
          {"reference", example.reference},
          {"answers", answers}};
}

Json to_json(const std::vector<CurvePoint>& points) {
  Json out = Json::array();
  for (const CurvePoint& point : points) out.push_back({point.step, number(point.value)});
  return out;
}

Json to_json(const std::vector<Example>& examples) {
  Json out = Json::array();
  for (const Example& example : examples) out.push_back(to_json(example));
  return out;
}

}  // namespace

Json report_json(const ReportInput& input) {
  const Comparison& comparison = input.comparison;
  Json arms = Json::array();
  for (const ArmSummary& arm : comparison.arms) arms.push_back(to_json(arm));
  Json comparisons = Json::array();
  for (const PairedComparison& pair : comparison.comparisons) comparisons.push_back(to_json(pair));
  Json training = input.training.facts.is_object() ? input.training.facts : Json::object();
  training["curve"] = {{"loss", to_json(input.training.loss)},
                       {"validation_loss", to_json(input.training.validation_loss)}};
  Json report = {{"version", kReportVersion},
                 {"title", input.title},
                 {"created", input.created},
                 {"items", comparison.n},
                 {"metric", metric_name(comparison.metric)},
                 {"clusters", comparison.clusters ? Json{{"field", comparison.clusters->field},
                                                         {"n", comparison.clusters->n}}
                                                  : Json(nullptr)},
                 {"compliance_basis", comparison.compliance_basis},
                 {"arms", arms},
                 {"comparisons", comparisons},
                 {"verdict", to_json(input.verdict)},
                 {"training", training},
                 {"data", input.data},
                 {"model", input.model},
                 {"examples", to_json(comparison.examples)},
                 {"worst", to_json(comparison.worst)}};
  for (const Supplement& part : comparison.supplements) report[part.key] = part.figures;
  return report;
}

Result<void> write_report(const std::filesystem::path& folder, const ReportInput& input) {
  ATTUNE_TRY_VOID(ensure_directory(folder));
  ATTUNE_TRY_VOID(write_file_atomic(folder / "report.json", to_pretty_text(report_json(input))));
  return write_file_atomic(folder / "report.html", report_html(input));
}

}  // namespace attune::eval
