// Checks a training file while it arrives: every fault of every line, in the API's own words.
//
//   TrainingFileChecker checker;
//   checker.add(bytes);                                   // any pieces, any number of times
//   const TrainingFileReport report = checker.finish();
//   if (auto refusal = upload_refusal(report)) ...        // 400 at upload: it is not JSONL
//   if (auto error = job_error(report, "training_file"))  // what a job fails with
//
// Lines may be supervised chat examples, prompt and completion pairs, or preference pairs; the
// first good line decides which. UTF-8 with or without a byte order mark; empty lines are skipped.
// Memory stays below a few lines' length and the faults that are kept.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/json.h"
#include "wire/error.h"
#include "wire/objects.h"

namespace attune::wire {

inline constexpr std::int64_t kLeastExamples = 10;
inline constexpr std::size_t kMostFaultsKept = 10'000;
inline constexpr std::size_t kLongestLine = std::size_t{32} << 20;

struct LineFault {
  std::int64_t line = 0;  // of the file, from 1
  std::string kind;       // "missing_messages_list", "message_missing_key", "unrecognized_role" ...
  std::string message;    // "Example 100, message 2 Discriminator 'role' is missing in value"
  std::string path;       // in the line: "messages[1].role"; empty: the line as a whole
  bool operator==(const LineFault&) const = default;
};
Json to_json(const LineFault& fault);

enum class TrainingFormat { unknown, chat, prompt_completion, preference };
std::string_view to_text(TrainingFormat format);  // "fine-tune-chat", ...

struct TrainingFileReport {
  TrainingFormat format = TrainingFormat::unknown;
  std::int64_t examples = 0;     // lines that are not empty, faulty ones included
  std::int64_t fault_count = 0;  // all of them
  std::int64_t faulty_lines = 0;
  std::vector<LineFault> faults;  // the first kMostFaultsKept, in file order
  std::map<std::string, std::int64_t> faults_of_kind;
  std::int64_t without_system_message = 0;
  std::int64_t without_user_message = 0;

  bool good() const { return fault_count == 0; }
  bool operator==(const TrainingFileReport&) const = default;
};
Json to_json(const TrainingFileReport& report);
template <>
Result<TrainingFileReport> from_json(const Json& json, std::string_view where);

class TrainingFileChecker {
 public:
  // `each_fault`, if given, gets every fault, also those that the report has no room for.
  explicit TrainingFileChecker(std::function<void(const LineFault&)> each_fault = {});
  ~TrainingFileChecker();
  TrainingFileChecker(TrainingFileChecker&&) noexcept;
  TrainingFileChecker& operator=(TrainingFileChecker&&) noexcept;

  void add(std::string_view bytes);
  TrainingFileReport finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Result<TrainingFileReport> check_training_file(
    const std::filesystem::path& path, std::function<void(const LineFault&)> each_fault = {});

// What an upload is refused with when a line is no JSON object, else nothing.
std::optional<ApiError> upload_refusal(const TrainingFileReport& report);

// What a job that uses the file by `method` fails with: invalid_n_examples or
// invalid_training_file; else nothing. `param` is training_file or validation_file; only the former
// must have kLeastExamples. `file_id` is named where the format does not fit the method.
std::optional<JobError> job_error(const TrainingFileReport& report, std::string_view param,
                                  std::string_view file_id = {},
                                  std::string_view method = "supervised");

}  // namespace attune::wire
