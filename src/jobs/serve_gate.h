// The train = serve gate: a model is published only when the serving path sees the tokens that were
// trained and gives them the trainer's log-probabilities.
//
//   // before training: the prompt that a chat request with a row's messages becomes
//   ATTUNE_TRY(auto mismatch, compare_tokens(format, rows.samples, now));
//   // before publishing: the adapter as it lies on disk, through the server's forward pass
//   ATTUNE_TRY(auto mismatch, compare_logprobs(context, model, adapter_folder, rows.encoded));
//   if (mismatch) ...                        // mismatch->message says what, ->details shows it
//
// Both directions of the model are compared where they part ways: chat request to tokens
// (wire::parse_chat_request, ChatFormat::encode_prompt against encode_training) and tokens to
// log-probabilities (Adapter::load and extend_sequences against the training forward pass).
#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "data/dataset.h"
#include "io/json.h"
#include "kernels/context.h"
#include "model/model.h"
#include "text/chat_format.h"
#include "train/encode.h"

namespace attune::jobs {

struct Mismatch {
  std::string message;  // for the event and the job's error
  Json details;         // the rendered template, the token ids, the log-probabilities
};

// Nothing when every row agrees. Rows without an answer to learn are passed over.
Result<std::optional<Mismatch>> compare_tokens(const text::ChatFormat& format,
                                               std::span<const data::Example> rows,
                                               std::time_t now);

struct LogprobLimits {
  // The two passes differ in how many rows a product has, which our kernels do not let reach a sum:
  // measured on the shipped base after 40 steps (bf16 and f32, 512 tokens) they agree to all four
  // digits that were looked at. The room is for kernels that add in another order.
  double token = 0.05;  // largest difference of one token's log-probability
  double mean = 0.005;  // of the mean of the differences
  std::int64_t rows = 4;
  std::int64_t targets_a_row = 32;
};

// `model` as it was trained; `adapter` is the folder that was saved from it. `context` is the
// longest document that was trained, in input tokens.
Result<std::optional<Mismatch>> compare_logprobs(const kernels::Context& kernels,
                                                 const model::Model& model, const Path& adapter,
                                                 std::span<const train::Document> documents,
                                                 std::int64_t context,
                                                 const LogprobLimits& limits = {});

}  // namespace attune::jobs
