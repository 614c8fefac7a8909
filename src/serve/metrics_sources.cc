#include "serve/metrics_sources.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include "io/json.h"

namespace attune::serve {

namespace {

constexpr auto kAskAgainAfter = std::chrono::seconds(1);
constexpr std::int64_t kEventsLookedAt = 20;  // the last metrics event is among them
constexpr std::array kAllStatuses = {jobs::JobStatus::validating_files, jobs::JobStatus::queued,
                                     jobs::JobStatus::running,          jobs::JobStatus::paused,
                                     jobs::JobStatus::succeeded,        jobs::JobStatus::failed,
                                     jobs::JobStatus::cancelled};

// Resident memory of a process in bytes; 0: there is none.
std::int64_t resident_bytes(std::int64_t process) {
  std::ifstream file(fmt::format("/proc/{}/statm", process));
  std::int64_t total = 0, resident = 0;
  if (!(file >> total >> resident)) return 0;
  return resident * ::sysconf(_SC_PAGESIZE);
}

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

// When this process began, in Unix seconds: kernel ticks since the boot, and the boot's time.
double start_time() {
  std::ifstream stat("/proc/self/stat");
  std::string text;
  std::getline(stat, text);
  const std::size_t after_name = text.rfind(')');
  if (after_name == std::string::npos) return 0;
  std::istringstream fields(text.substr(after_name + 1));
  std::string field;
  for (int i = 0; i < 20; ++i) fields >> field;  // the 22nd field of the line
  std::ifstream kernel("/proc/stat");
  double boot = 0;
  while (kernel >> text) {
    if (text == "btime" && kernel >> boot) break;
  }
  return boot + std::atof(field.c_str()) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double open_descriptors() {
  std::error_code fault;
  std::filesystem::directory_iterator at("/proc/self/fd", fault);
  return fault ? 0 : static_cast<double>(std::distance(begin(at), end(at)));
}

// A gauge with a sample for each running job whose latest event has the number.
struct JobGauge {
  std::string_view name, help, field;
};
constexpr std::array kJobGauges = {
    JobGauge{"attune_job_train_loss", "Training loss of the latest step.", "train_loss"},
    JobGauge{"attune_job_valid_loss", "Loss on a few validation rows, latest.", "valid_loss"},
    JobGauge{"attune_job_full_valid_loss", "Loss on all validation rows, latest.",
             "full_valid_loss"},
    JobGauge{"attune_job_step", "Latest step.", "step"},
    JobGauge{"attune_job_total_steps", "Steps that the job has.", "total_steps"},
    JobGauge{"attune_job_tokens_per_second", "Training speed.", "tokens_per_second"},
    JobGauge{"attune_job_eta_seconds", "Time that is left, estimated.", "eta_seconds"}};

}  // namespace

StoreMetrics::StoreMetrics(jobs::Store& store, std::string host)
    : store_(store), host_(std::move(host)) {}

Result<StoreMetrics::Answer> StoreMetrics::ask() {
  Answer answer;
  ATTUNE_TRY(answer.statistics, store_.statistics());
  ATTUNE_TRY(std::vector<jobs::JobRow> held, store_.held_jobs(""));
  for (jobs::JobRow& row : held) {
    RunningJob job;
    ATTUNE_TRY(
        const std::vector<jobs::EventRow> events,
        store_.events_after(row.job.id, std::max<std::int64_t>(0, row.last_event - kEventsLookedAt),
                            kEventsLookedAt));
    for (const jobs::EventRow& event : events) {
      if (event.event.type != "metrics" || !event.event.data.is_object()) continue;
      // Validation is measured now and then: its latest value stands until the next one.
      for (const auto& [name, value] : event.event.data.items()) job.data[name] = value;
    }
    if (row.process > 0 && !host_.empty() && row.host == host_)
      job.memory_bytes = resident_bytes(row.process);
    job.row = std::move(row);
    answer.running.push_back(std::move(job));
  }
  return answer;
}

void StoreMetrics::write(MetricsText& text) {
  const std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (!asked_ || now - *asked_ >= kAskAgainAfter) {
    auto fresh = ask();
    answer_ = fresh ? std::optional<Answer>(std::move(*fresh)) : std::nullopt;
    asked_ = now;
  }
  text.gauge("attune_store_up", "1 if the database answers.", answer_ ? 1 : 0);
  if (!answer_) return;
  const jobs::Statistics& statistics = answer_->statistics;
  const auto count = [&](jobs::JobStatus status) {
    const auto found = statistics.jobs.find(status);
    return found == statistics.jobs.end() ? 0.0 : static_cast<double>(found->second);
  };
  text.family("attune_jobs", "gauge", "Jobs in the store by status.");
  for (const jobs::JobStatus status : kAllStatuses)
    text.sample({{"status", wire::to_text(status)}}, count(status));
  text.gauge("attune_queue_length", "Jobs that wait for a worker.",
             count(jobs::JobStatus::queued) + count(jobs::JobStatus::validating_files));
  text.gauge("attune_workers", "Workers that hold a job.", static_cast<double>(statistics.leases));
  text.family("attune_webhook_deliveries", "gauge", "Webhooks in the outbox by state.");
  text.sample({{"state", "pending"}}, static_cast<double>(statistics.deliveries_pending));
  text.sample({{"state", "dead"}}, static_cast<double>(statistics.deliveries_dead));
  text.gauge("attune_files", "Files in the store.", static_cast<double>(statistics.files));
  text.gauge("attune_blob_bytes", "Bytes of the contents on disk.",
             static_cast<double>(statistics.blob_bytes));

  for (const JobGauge& gauge : kJobGauges) {
    text.family(gauge.name, "gauge", gauge.help);
    for (const RunningJob& job : answer_->running) {
      const auto value = job.data.find(gauge.field);
      if (value == job.data.end() || !value->is_number()) continue;
      text.sample({{"job_id", job.row.job.id}, {"model", job.row.job.model}}, value->get<double>());
    }
  }
  text.family("attune_job_attempts", "gauge", "Times that a worker took this job up.");
  for (const RunningJob& job : answer_->running)
    text.sample({{"job_id", job.row.job.id}}, static_cast<double>(job.row.attempt));
  text.family("attune_job_worker_losses", "gauge",
              "Workers of this job that were lost since its last checkpoint.");
  for (const RunningJob& job : answer_->running)
    text.sample({{"job_id", job.row.job.id}}, static_cast<double>(job.row.losses));
  text.family("attune_job_memory_bytes", "gauge", "Resident memory of the job's worker.");
  for (const RunningJob& job : answer_->running)
    if (job.memory_bytes > 0)
      text.sample({{"job_id", job.row.job.id}}, static_cast<double>(job.memory_bytes));
}

// The names that every Prometheus client library uses.
void write_process_metrics(MetricsText& text) {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  text.counter("process_cpu_seconds_total", "User and system CPU time.",
               seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime));
  text.gauge("process_resident_memory_bytes", "Resident memory.",
             static_cast<double>(resident_bytes(::getpid())));
  text.gauge("process_open_fds", "Open file descriptors.", open_descriptors());
  static const double started = start_time();
  text.gauge("process_start_time_seconds", "Start of the process, in Unix seconds.", started);
}

void write_server_metrics(MetricsText& text, const ServerCounters& counters) {
  text.gauge("attune_http_connections", "Open connections.",
             static_cast<double>(counters.connections));
  text.gauge("attune_event_streams", "Open streams of job events.",
             static_cast<double>(counters.event_streams));
  text.gauge("attune_http_requests_waiting", "Requests that wait for a worker thread.",
             static_cast<double>(counters.waiting));
  text.gauge("attune_http_long_requests", "Generations and streams going on.",
             static_cast<double>(counters.long_running));
}

void write_webhook_metrics(MetricsText& text, const jobs::WebhookCounters& counters) {
  text.family("attune_webhook_attempts_total", "counter",
              "Attempts of this server to deliver a webhook, by outcome.");
  text.sample({{"outcome", "delivered"}}, static_cast<double>(counters.delivered.load()));
  text.sample({{"outcome", "failed"}}, static_cast<double>(counters.failed.load()));
  text.counter("attune_webhook_dead_total", "Deliveries that this server gave up.",
               static_cast<double>(counters.dead.load()));
}

void write_tracker_metrics(MetricsText& text, const jobs::Trackers& trackers) {
  text.counter("attune_tracker_updates_total", "Updates of jobs in trackers.",
               static_cast<double>(trackers.updates()));
  text.counter("attune_tracker_failures_total", "Updates of trackers that failed and were put off.",
               static_cast<double>(trackers.failures()));
}

}  // namespace attune::serve
