// The files of a job in tokens: rows as the user uploaded them, turned into what the model sees.
//
// Nothing is cleaned: a request to the trained model is not cleaned either, and the two must meet.
// Chat rows go through the model's chat template. Prompt and completion pairs are plain text, as
// /v1/completions serves it: the tokens of the prompt, those of the completion, and the token that
// ends a text.
//
//   ATTUNE_TRY(const TrainingRows rows, read_training_rows(blob, "file-abc", format,
//   job.created_at)); if (!rows.encoded.faults.empty()) ...                       // rows that the
//   template refuses
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/dataset.h"
#include "io/file.h"
#include "text/chat_format.h"
#include "train/encode.h"

namespace attune::jobs {

struct TrainingRows {
  train::EncodedRows encoded;
  // Of chat rows, evenly spread over the file: what the train = serve gate asks again.
  std::vector<data::Example> samples;
  std::int64_t examples = 0;
};

// The file has been checked (wire/training_file.h); a line that is no row here is an error. `now`
// is the date that a template may show. `samples` bounds TrainingRows::samples.
Result<TrainingRows> read_training_rows(const Path& file, const std::string& name,
                                        const text::ChatFormat& format, std::time_t now,
                                        std::int64_t samples = 32);

// Messages of a row as a chat template takes them, by the rules of wire::parse_chat_request: text
// parts are joined, the legacy function_call is a tool call.
Json template_messages(const Json& messages);
// The tools of a row, the legacy `functions` among them; null without any.
Json template_tools(const Json& row);

}  // namespace attune::jobs
