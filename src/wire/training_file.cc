#include "wire/training_file.h"

#include <algorithm>
#include <fstream>

#include <fmt/format.h>

#include "io/text_encoding.h"
#include "wire/object_reader.h"
#include "wire/training_example.h"

namespace attune::wire {

namespace {

constexpr std::string_view kNotADictionary = "data_type";

bool is_blank_line(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

// The hosted service's words, of one line.
std::string not_a_dictionary(std::int64_t line, std::string_view text) {
  const std::size_t length =
      text.empty() ? 0 : std::max<std::size_t>(1, utf8_sequence_length(text));
  return fmt::format("Line {} is not a dictionary (HINT: line starts with: \"{}...\").", line,
                     quote_for_message(text.substr(0, length)));
}

std::string_view column_of(std::string_view where) {
  const std::size_t colon = where.rfind(':');
  return colon == std::string_view::npos ? where : where.substr(colon + 1);
}

}  // namespace

struct TrainingFileChecker::State {
  std::function<void(const LineFault&)> each_fault;
  TrainingFileReport report;
  std::string pending;  // the beginning of a line whose end has not come
  std::int64_t line = 0;
  bool started = false;
  bool too_long = false;  // the line at work has outgrown kLongestLine; its rest is skipped

  void add_fault(LineFault fault) {
    if (last_faulty_line != fault.line) ++report.faulty_lines;
    last_faulty_line = fault.line;
    ++report.fault_count;
    ++report.faults_of_kind[fault.kind];
    if (each_fault) each_fault(fault);
    if (report.faults.size() < kMostFaultsKept) report.faults.push_back(std::move(fault));
  }

  void keep(std::string_view piece) {
    if (too_long) return;
    if (pending.size() + piece.size() > kLongestLine) {
      too_long = true;
      pending.resize(std::min<std::size_t>(pending.size(), 8));  // enough for the hint
      return;
    }
    pending.append(piece);
  }

  void end_line(std::string_view text) {
    ++line;
    if (line == 1 && text.starts_with(kUtf8ByteOrderMark)) {
      text.remove_prefix(kUtf8ByteOrderMark.size());
    }
    if (too_long) {
      ++report.examples;
      add_fault({.line = line,
                 .kind = "line_too_long",
                 .message = fmt::format("Example {} is longer than {} bytes", report.examples,
                                        kLongestLine),
                 .path = {}});
    } else if (!is_blank_line(text)) {
      ++report.examples;
      check_example(text);
    }
    too_long = false;
    pending.clear();
  }

  void check_example(std::string_view text) {
    const Result<Json> parsed = parse_json(text, "line", line);
    if (!parsed || !parsed->is_object()) {
      std::string message = not_a_dictionary(line, text);
      if (!parsed) {
        message +=
            fmt::format(" Column {}: {}", column_of(parsed.error().where), parsed.error().found);
        if (!parsed.error().wanted.empty()) message += "; wanted " + parsed.error().wanted;
      }
      return add_fault({.line = line,
                        .kind = std::string(kNotADictionary),
                        .message = std::move(message),
                        .path = {}});
    }
    const FaultReceiver fault = [this](std::string_view kind, std::string_view place,
                                       std::string words, std::string path) {
      add_fault({.line = line,
                 .kind = std::string(kind),
                 .message = fmt::format("Example {}{}{} {}", report.examples,
                                        place.empty() ? "" : ", ", place, words),
                 .path = std::move(path)});
    };
    if (report.format == TrainingFormat::unknown) report.format = format_of(*parsed);
    switch (report.format) {
      case TrainingFormat::prompt_completion:
        check_prompt_completion(*parsed, fault);
        return;
      case TrainingFormat::preference:
        check_preference(*parsed, fault);
        return;
      default:
        break;
    }
    const ExampleFacts facts = check_chat_example(*parsed, fault);
    report.without_system_message += facts.has_system_message ? 0 : 1;
    report.without_user_message += facts.has_user_message ? 0 : 1;
  }

 private:
  std::int64_t last_faulty_line = 0;
};

TrainingFileChecker::TrainingFileChecker(std::function<void(const LineFault&)> each_fault)
    : state_(std::make_unique<State>()) {
  state_->each_fault = std::move(each_fault);
}
TrainingFileChecker::~TrainingFileChecker() = default;
TrainingFileChecker::TrainingFileChecker(TrainingFileChecker&&) noexcept = default;
TrainingFileChecker& TrainingFileChecker::operator=(TrainingFileChecker&&) noexcept = default;

void TrainingFileChecker::add(std::string_view bytes) {
  State& state = *state_;
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    if (end == std::string_view::npos) return state.keep(bytes);
    const std::string_view piece = bytes.substr(0, end);
    bytes.remove_prefix(end + 1);
    if (state.pending.empty() && !state.too_long && piece.size() <= kLongestLine) {
      state.end_line(piece);  // the whole line is here: no copy
    } else {
      state.keep(piece);
      state.end_line(state.pending);
    }
  }
}

TrainingFileReport TrainingFileChecker::finish() {
  if (!state_->pending.empty() || state_->too_long) state_->end_line(state_->pending);
  return std::move(state_->report);
}

Result<TrainingFileReport> check_training_file(const std::filesystem::path& path,
                                               std::function<void(const LineFault&)> each_fault) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return environment_failure({.where = path.string(),
                                .found = "the file cannot be opened",
                                .wanted = "a training file",
                                .fix = "check its path and its permissions"});
  }
  TrainingFileChecker checker(std::move(each_fault));
  std::string piece(std::size_t{1} << 20, '\0');
  while (file) {
    file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    checker.add(std::string_view(piece.data(), static_cast<std::size_t>(file.gcount())));
  }
  if (file.bad()) {
    return environment_failure({.where = path.string(),
                                .found = "reading stopped before the end of the file",
                                .fix = "check the disk"});
  }
  return checker.finish();
}

std::string_view to_text(TrainingFormat format) {
  switch (format) {
    case TrainingFormat::chat:
      return "fine-tune-chat";
    case TrainingFormat::prompt_completion:
      return "fine-tune-completion";
    case TrainingFormat::preference:
      return "fine-tune-preference";
    case TrainingFormat::unknown:
      break;
  }
  return "unknown";
}

std::optional<ApiError> upload_refusal(const TrainingFileReport& report) {
  const auto first = std::find_if(report.faults.begin(), report.faults.end(),
                                  [](const auto& fault) { return fault.kind == kNotADictionary; });
  if (first == report.faults.end()) return std::nullopt;
  const std::string_view words = first->message;
  const std::string_view end = ").";
  const std::size_t hint_end = words.find(end, words.find("(HINT"));
  return bad_request(fmt::format(
      "Expected file to have JSONL format, where every line is a JSON dictionary. {}",
      words.substr(0, hint_end == std::string_view::npos ? words.size() : hint_end + end.size())));
}

std::optional<JobError> job_error(const TrainingFileReport& report, std::string_view param,
                                  std::string_view file_id, std::string_view method) {
  const bool training = param != "validation_file";
  const std::string_view noun = training ? "training" : "validation";
  const auto invalid = [&](std::string why) {
    return JobError{
        .code = fmt::format("invalid_{}_file", noun),
        .message = fmt::format("The job failed due to an invalid {} file. Invalid file format. {}",
                               noun, why),
        .param = std::string(param)};
  };
  if (report.format == TrainingFormat::unknown && report.examples > 0 &&
      report.faults_of_kind.count(std::string(kNotADictionary)) == 0) {
    return invalid(
        "Unexpected file format, expected either prompt/completion pairs or chat messages.");
  }
  if (!report.faults.empty()) {
    std::string why = report.faults.front().message;
    if (report.fault_count > 1) {
      why += fmt::format(" (the first of {} faults in {} line{})", report.fault_count,
                         report.faulty_lines, report.faulty_lines == 1 ? "" : "s");
    }
    return invalid(std::move(why));
  }
  const std::string_view fitting =
      report.format == TrainingFormat::preference ? "dpo" : "supervised";
  if (report.examples > 0 && method != fitting) {
    return invalid(
        fmt::format("Input file {} is in the {} format, but the specified fine-tuning "
                    "job is not using '{}' as the training method (provided method={}). ",
                    file_id, to_text(report.format), fitting, method));
  }
  const std::int64_t least = training ? kLeastExamples : 1;
  if (report.examples < least) {
    return JobError{
        .code = "invalid_n_examples",
        .message = fmt::format("{} file has {} example(s), but must have at least {} example{}",
                               training ? "Training" : "Validation", report.examples, least,
                               least == 1 ? "" : "s"),
        .param = std::string(param)};
  }
  return std::nullopt;
}

}  // namespace attune::wire
