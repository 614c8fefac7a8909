// The result file of a job, step_metrics.csv:
//
//   step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy,full_valid_loss,full_valid_mean_token_accuracy
//   1,1.52347,0.00000,,,,
//
// The first five columns are those of the hosted service, in its order and with its names; the last
// two hold the whole validation file's, at the end of each epoch. A value that was not measured at
// a step is an empty cell.
#pragma once

#include <span>
#include <string>

#include "jobs/metrics.h"

namespace attune::jobs {

std::string result_csv(std::span<const StepMetrics> rows);

}  // namespace attune::jobs
