#include "client/job_progress.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <ctime>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "client/chart.h"

namespace attune::client {

namespace {

constexpr std::size_t kMostRecent = 50;

std::optional<double> number_at(const Json& data, std::initializer_list<const char*> names) {
  if (!data.is_object()) return std::nullopt;
  for (const char* name : names) {
    const auto found = data.find(name);
    if (found != data.end() && found->is_number() && std::isfinite(found->get<double>()))
      return found->get<double>();
  }
  return std::nullopt;
}

// The number behind `label` in an event's words, for servers that leave `data` empty:
// "Step 300/303: training loss=0.15, validation loss=0.27, full validation loss=0.40".
std::optional<double> number_behind(std::string_view text, std::string_view label) {
  const std::size_t at = text.find(label);
  if (at == std::string_view::npos) return std::nullopt;
  text.remove_prefix(at + label.size());
  double value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  (void)end;
  if (fault != std::errc() || !std::isfinite(value)) return std::nullopt;
  return value;
}

// A run that was continued from a checkpoint tells some steps again: the later telling counts.
void put(std::vector<CurveValue>& curve, std::int64_t step, std::optional<double> value) {
  if (!value) return;
  while (!curve.empty() && curve.back().step >= step) curve.pop_back();
  curve.push_back({step, *value});
}

std::string bar(double share) {
  constexpr int kWidth = 20;
  const int filled = static_cast<int>(std::lround(kWidth * std::clamp(share, 0.0, 1.0)));
  return "[" + std::string(static_cast<std::size_t>(filled), '=') +
         std::string(static_cast<std::size_t>(kWidth - filled), ' ') + "]";
}

std::string time_left_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole >= 3600) return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
  if (whole >= 60) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} s", whole);
}

std::string clock_text(std::int64_t time, const char* format) {
  const std::time_t seconds = static_cast<std::time_t>(time);
  std::tm local = {};
  localtime_r(&seconds, &local);
  char text[32] = "";
  std::strftime(text, sizeof text, format, &local);
  return text;
}

}  // namespace

void JobProgress::take(const JobView& job) {
  job_ = job;
  if (job.steps_done) step_ = std::max(step_, *job.steps_done);
  if (job.steps_all) steps_ = *job.steps_all;
}

bool JobProgress::take(const wire::EventObject& event) {
  if (!event.id.empty() && !seen_.insert(event.id).second) return false;
  recent_.push_back(event);
  if (recent_.size() > kMostRecent) recent_.pop_front();
  take_metrics(event);
  return true;
}

void JobProgress::take_metrics(const wire::EventObject& event) {
  const std::string_view words = event.message;
  auto step = number_at(event.data, {"step"});
  if (!step && words.starts_with("Step ")) step = number_behind(words, "Step ");
  if (!step || *step < 0) return;
  const auto at = static_cast<std::int64_t>(*step);
  auto all = number_at(event.data, {"total_steps"});
  if (!all) {
    if (const std::size_t slash = words.find('/'); slash != std::string_view::npos)
      all = number_behind(words.substr(slash), "/");
  }
  if (all && *all >= 1) steps_ = static_cast<std::int64_t>(*all);
  const auto either = [&](const char* name, std::string_view label) {
    const auto value = number_at(event.data, {name});
    return value ? value : number_behind(words, label);
  };
  put(loss_, at, either("train_loss", "training loss="));
  put(validation_, at, either("valid_loss", ", validation loss="));
  put(full_validation_, at, either("full_valid_loss", "full validation loss="));
  if (const auto speed = number_at(event.data, {"tokens_per_second"})) tokens_per_second_ = speed;
  if (const auto memory = number_at(event.data, {"memory_bytes", "peak_memory_bytes"}))
    memory_bytes_ = memory;
  server_seconds_left_ = number_at(event.data, {"eta_seconds"});
  if (last_time_ == 0 || at <= step_) {  // the first metrics, or those of a continued run
    pace_step_ = at;
    pace_time_ = event.created_at;
  }
  step_ = at;
  last_time_ = event.created_at;
}

std::optional<double> JobProgress::seconds_left(std::int64_t now) const {
  if (!job_ || job_->finished()) return std::nullopt;
  if (job_->job.estimated_finish && *job_->job.estimated_finish > now)
    return static_cast<double>(*job_->job.estimated_finish - now);
  const double since = static_cast<double>(std::max<std::int64_t>(0, now - last_time_));
  if (server_seconds_left_) return std::max(0.0, *server_seconds_left_ - since);
  const std::int64_t done = step_ - pace_step_;
  const std::int64_t taken = last_time_ - pace_time_;
  if (done <= 0 || taken <= 0 || steps_ <= step_) return std::nullopt;
  const double pace = static_cast<double>(taken) / static_cast<double>(done);
  return std::max(0.0, pace * static_cast<double>(steps_ - step_) - since);
}

std::string JobProgress::heading() const {
  if (!job_) return "waiting for the job";
  const wire::JobObject& job = job_->job;
  std::string line = fmt::format("{}  {}  {}", job.id, job_->status_text, job.model);
  if (job.fine_tuned_model) line += " -> " + *job.fine_tuned_model;
  return line;
}

std::string JobProgress::progress_line(std::int64_t now, std::int64_t columns) const {
  if (steps_ <= 0 && step_ <= 0) return {};
  std::string line = fmt::format("step {}", step_);
  if (steps_ > 0) {
    const double share = static_cast<double>(step_) / static_cast<double>(steps_);
    line += fmt::format("/{}", steps_);
    if (columns >= 60) line += " " + bar(share);
    line += fmt::format(" {:.0f} %", 100 * share);
  }
  if (const auto left = seconds_left(now)) line += fmt::format("   {} left", time_left_text(*left));
  if (tokens_per_second_) line += fmt::format("   {:.0f} tokens/s", *tokens_per_second_);
  if (memory_bytes_) line += fmt::format("   {:.1f} GiB", *memory_bytes_ / (1 << 30));
  return line;
}

std::string JobProgress::loss_line() const {
  if (loss_.empty()) return {};
  std::string line =
      fmt::format("training loss {:.4f} -> {:.4f}", loss_.front().value, loss_.back().value);
  if (!validation_.empty()) line += fmt::format("   validation {:.4f}", validation_.back().value);
  if (!full_validation_.empty())
    line += fmt::format("   full validation {:.4f}", full_validation_.back().value);
  return line;
}

void JobProgress::draw_curve(std::vector<std::string>& lines, const DrawOptions& options) const {
  constexpr std::int64_t kScale = 9;  // columns of the scale on the left
  if (loss_.size() < 2 || options.columns < kScale + 8) return;
  std::vector<double> values;
  for (const CurveValue& point : loss_) values.push_back(point.value);
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const auto chart = block_chart(values, options.columns - kScale, options.chart_rows);
  for (std::size_t row = 0; row < chart.size(); ++row) {
    const bool first = row == 0;
    const bool last = row + 1 == chart.size();
    const std::string scale = first  ? fmt::format("{:>8.3f} ", *high)
                              : last ? fmt::format("{:>8.3f} ", *low)
                                     : std::string(kScale, ' ');
    lines.push_back(scale + chart[row]);
  }
}

std::vector<std::string> JobProgress::draw(const DrawOptions& options) const {
  std::vector<std::string> lines = {heading()};
  for (std::string line : {progress_line(options.now, options.columns), loss_line()}) {
    if (!line.empty()) lines.push_back(std::move(line));
  }
  draw_curve(lines, options);
  const auto shown =
      std::min<std::size_t>(recent_.size(), static_cast<std::size_t>(options.events));
  for (std::size_t i = recent_.size() - shown; i < recent_.size(); ++i) {
    lines.push_back(fmt::format("{}  {}", clock_text(recent_[i].created_at, "%H:%M:%S"),
                                printable(recent_[i].message)));
  }
  if (!options.trouble.empty()) lines.push_back(options.trouble);
  for (std::string& line : lines) line = cut_to(printable(line), options.columns);
  return lines;
}

std::string event_line(const wire::EventObject& event) {
  return fmt::format("{}  {:<5}  {}", clock_text(event.created_at, "%Y-%m-%d %H:%M:%S"),
                     printable(event.level), printable(event.message));
}

std::string printable(std::string_view text) {
  std::string safe(text);
  for (char& c : safe) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
  }
  return safe;
}

std::string cut_to(std::string_view text, std::int64_t columns) {
  std::int64_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool starts_character = (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80;
    if (starts_character && ++count > columns) return std::string(text.substr(0, i));
  }
  return std::string(text);
}

}  // namespace attune::client
