// A log of real requests, one JSON object a line, and the figures that the advice takes from it.
//
//   ATTUNE_TRY(const RequestLog log, read_request_log(text, "log.jsonl"));
//   const LogFigures figures = measure_log(log);
//   apply_log(figures, inputs);
//
// A line is a request with its answer, in one of these forms; other members are passed over:
//
//   {"request": {"messages": [...], "tools"?}, "response": {"choices": [...], "usage"?,
//   "created"?}}
//   {"messages": [...], "choices"? | "response"?, "usage"?, "created"?}      stored completions
//   {"input": [messages], "output" | "choices": ..., "usage"?}
//   {"messages": [..., {"role": "assistant"}]}                               training rows
//
// `usage` is prompt_tokens, completion_tokens and prompt_tokens_details.cached_tokens of the API
// (or input_tokens, output_tokens). The time is created, created_at, timestamp or time: seconds or
// milliseconds since 1970, or a date. Without usage tokens are reckoned from characters: by those
// lines that have it, else four characters a token.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "advise/knowledge.h"
#include "advise/variables.h"
#include "base/result.h"

namespace attune::advise {

struct LoggedRequest {
  std::string prompt;  // tools and messages before the answer, with their roles; may be left out
  std::string answer;
  double prompt_characters = 0, answer_characters = 0;
  std::optional<double> prompt_tokens, output_tokens, cached_tokens;
  std::optional<double> seconds;  // since 1970
};

struct RequestLog {
  std::string name;
  std::vector<LoggedRequest> requests;
  std::int64_t passed_over = 0;  // lines that are no request
  std::string first_fault;       // of them
};

inline constexpr std::size_t kTextsToKeep = 5000;
inline constexpr std::size_t kFewestPrompts = 10;

// Refused where no line is a request; the fault of the first is told. The texts of the first
// requests are kept, of the others their lengths alone: a log may be larger than the memory.
Result<RequestLog> read_request_log(std::string_view text, const std::string& name,
                                    std::size_t texts_to_keep = kTextsToKeep);

struct LogFigures {
  std::string name;
  std::int64_t requests = 0, passed_over = 0;
  std::string first_fault;
  std::optional<double> days;  // between the first and the last request
  // Mean over the days with its 95 % interval; from less than three days, half to twice the value.
  std::optional<stats::Estimate> requests_per_day;
  stats::Estimate prompt_tokens, output_tokens;  // means with 95 % intervals
  double counted_share = 0;                      // requests whose usage the log has
  std::optional<double> cached_share;            // of prompt tokens, where the usage tells
  // Share of the prompt text, of those that were kept, that stands at the beginning of at least a
  // twentieth of the prompts: instructions and examples that training could take over. Absent where
  // fewer than kFewestPrompts tell nothing about it.
  std::optional<double> repeated_share;
  Knowledge knowledge;
};

LogFigures measure_log(const RequestLog& log);
void apply_log(const LogFigures& figures, Inputs& inputs);

// Training rows: how many there are, whether they hold facts of their own, and personal data or
// secrets (data/pii.h).
Result<std::int64_t> count_rows_with_personal_data(const RequestLog& rows);
void apply_rows(const LogFigures& figures, std::int64_t with_personal_data, Inputs& inputs);

// As LogFigures::repeated_share says.
double repeated_prefix_share(std::vector<std::string_view> prompts);

}  // namespace attune::advise
