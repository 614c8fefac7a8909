#include "eval/adapter_times.h"

#include <algorithm>

#include "stats/hodges_lehmann.h"

namespace attune::eval {

namespace {

std::vector<double> numbers(const Json& json, const char* key) {
  std::vector<double> values;
  if (!json.is_object() || !json.contains(key)) return values;
  for (const Json& value : json[key]) values.push_back(value.is_number() ? value.get<double>() : 0);
  return values;
}

TokenTimes token_times(const Json& json, const char* key) {
  if (!json.is_object() || !json.contains(key)) return {};
  return {numbers(json[key], "first_token_ms"), numbers(json[key], "token_ms")};
}

Json to_json(const TokenTimes& times) {
  return {{"first_token_ms", times.first_token_ms}, {"token_ms", times.token_ms}};
}

stats::Estimate difference(const std::vector<double>& first, const std::vector<double>& second) {
  if (first.empty() || first.size() != second.size()) return {};
  return stats::hodges_lehmann(first, second).difference;
}

}  // namespace

AdapterOverhead overhead_of(const AdapterTimes& times) {
  return {
      .n = std::ssize(times.base.first_token_ms),
      .tokens = times.tokens,
      .first_token_ms = difference(times.with_adapter.first_token_ms, times.base.first_token_ms),
      .token_ms = difference(times.with_adapter.token_ms, times.base.token_ms)};
}

Json to_json(const AdapterTimes& times) {
  return {{"tokens", times.tokens},
          {"with_adapter", to_json(times.with_adapter)},
          {"base", to_json(times.base)}};
}

AdapterTimes adapter_times_from_json(const Json& json) {
  AdapterTimes times;
  if (json.is_object() && json.contains("tokens") && json["tokens"].is_number_integer())
    times.tokens = json["tokens"].get<std::int64_t>();
  times.with_adapter = token_times(json, "with_adapter");
  times.base = token_times(json, "base");
  return times;
}

}  // namespace attune::eval
