#include "jobs/result_csv.h"

#include <iterator>

#include <fmt/format.h>

namespace attune::jobs {

namespace {

void add_cell(std::string& line, const std::optional<double>& value) {
  line += ',';
  if (value) fmt::format_to(std::back_inserter(line), "{:.5f}", *value);
}

}  // namespace

std::string result_csv(std::span<const StepMetrics> rows) {
  std::string csv =
      "step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy,"
      "full_valid_loss,full_valid_mean_token_accuracy\n";
  for (const StepMetrics& row : rows) {
    csv += fmt::format("{}", static_cast<std::int64_t>(row.step.value_or(0)));
    add_cell(csv, row.train_loss);
    add_cell(csv, row.train_mean_token_accuracy);
    add_cell(csv, row.valid_loss);
    add_cell(csv, row.valid_mean_token_accuracy);
    add_cell(csv, row.full_valid_loss);
    add_cell(csv, row.full_valid_mean_token_accuracy);
    csv += '\n';
  }
  return csv;
}

}  // namespace attune::jobs
