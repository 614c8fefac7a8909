// The metrics file of a finished job, whoever wrote it. OpenAI names the columns
// step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy and sometimes wraps the file
// in base64; Azure says train_mean_token_accuracy, validation_mean_token_accuracy and adds
// full_valid_*. Columns are found by name, cells may be empty, unknown columns are left out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace attune::client {

struct ResultRow {
  std::int64_t step = 0;
  std::optional<double> train_loss, train_accuracy;
  std::optional<double> valid_loss, valid_accuracy;            // on a small batch
  std::optional<double> full_valid_loss, full_valid_accuracy;  // on the whole validation file
};

struct ResultTable {
  std::vector<ResultRow> rows;
  std::string csv;  // the file as plain CSV, unwrapped
};

Result<ResultTable> parse_result_csv(std::string_view bytes, std::string_view where);

// Standard base64 with or without line breaks and padding; nothing when it is not that.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace attune::client
