// What a model makes of training rows: how surprising each answer is, with and without its
// question, and where each question lies among the others.
//
//   const std::vector<RowMeasure> measures = measure_rows(context, model, chats, options);
//
// A row's numbers come from one forward pass in packed batches (no cache), and do not depend on the
// rows beside it. `loss` is the mean of -log p over the targets in nats, the mean log-probability
// of `attune score` with its sign turned; `state` is the mean of the final norm's output over the
// tokens before the first target, what the embeddings endpoint computes for the prompt, not yet
// brought to length one.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "io/json.h"
#include "kernels/context.h"
#include "model/forward.h"
#include "text/chat_format.h"

namespace attune::infer {

struct RowMeasure {
  std::optional<double> loss;  // none without a target in the model's context
  std::int64_t targets = 0;
  std::vector<float> state;  // [H] where states are wanted
};

struct MeasureOptions {
  bool states = false;
  bool use_adapter = false;
  std::int64_t tokens_per_batch = 1024;
  // Called after each batch with the tokens done and in all.
  std::function<void(std::int64_t done, std::int64_t all)> progress = {};
};

// Tokens behind the model's context are not read.
std::vector<RowMeasure> measure_rows(const kernels::Context& context, const model::Model& model,
                                     std::span<const text::EncodedChat> chats,
                                     const MeasureOptions& options);

// A conversation of which the last answer alone is the target, whatever its turns' weights.
Result<text::EncodedChat> encode_last_answer(const text::ChatFormat& format, const Json& messages,
                                             const Json& tools);

// The last answer to an empty question: what the model expects of answers as such.
Result<text::EncodedChat> encode_answer_alone(const text::ChatFormat& format, const Json& messages);

// `vectors` [rows, width] less their mean, each brought to length one. States of a language model
// point much the same way; what they have in common says nothing about a row.
void centre(std::span<float> vectors, std::int64_t width);

// Similarities (cosines) of chosen rows of `vectors` [rows, width] with all, [chosen, rows].
void cosines(const kernels::Context& context, std::span<const float> vectors, std::int64_t width,
             std::span<const std::int64_t> chosen, std::span<float> out);

}  // namespace attune::infer
