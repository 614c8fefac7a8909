#include "jobs/trackers.h"

#include <algorithm>
#include <chrono>
#include <set>

#include <fmt/format.h>

namespace attune::jobs {

namespace {

constexpr std::int64_t kGiveUpAfter = 72 * 3600;       // after the end of the job
constexpr std::int64_t kForgetAfter = 30 * 24 * 3600;  // notes of ended jobs
constexpr double kLongestPause = 300;

using SteadyTime = std::chrono::steady_clock::time_point;

}  // namespace

// One job as one tracker knows it.
struct Trackers::Followed {
  bool loaded = false;
  std::int64_t sequence = 0;  // of the last event shown
  bool ended = false;
  Json notes = Json::object();
  std::optional<JobTail> shown;  // what the store said at the last update
  std::int64_t failures_in_row = 0;
  SteadyTime not_before{};
};

struct Trackers::Lane {
  std::unique_ptr<Tracker> tracker;
  std::map<std::string, Followed> jobs;
  std::set<std::string> newcomers;  // guarded by mutex_
  std::thread thread;
};

Trackers::Trackers(Store& store, TrackersOptions options, Log* log)
    : store_(store), options_(std::move(options)), log_(log) {}

Trackers::~Trackers() { stop(); }

void Trackers::add(std::unique_ptr<Tracker> tracker) {
  lanes_.emplace_back().tracker = std::move(tracker);
}

void Trackers::start() {
  stopping_ = false;
  for (Lane& lane : lanes_) lane.thread = std::thread([this, &lane] { run(lane); });
}

void Trackers::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (Lane& lane : lanes_) lane.tracker->stop();
  for (Lane& lane : lanes_)
    if (lane.thread.joinable()) lane.thread.join();
}

void Trackers::follow(const std::string& job_id) {
  {
    const std::lock_guard lock(mutex_);
    for (Lane& lane : lanes_) lane.newcomers.insert(job_id);
  }
  changed_.notify_all();
}

Path Trackers::notes_of(const Lane& lane, const std::string& job_id) const {
  return options_.notes / lane.tracker->name() / (job_id + ".json");
}

// Jobs whose notes say that they are not finished; old notes of finished ones are removed.
void Trackers::take_up(Lane& lane) {
  std::error_code fault;
  const Path folder = options_.notes / lane.tracker->name();
  for (const auto& entry : std::filesystem::directory_iterator(folder, fault)) {
    if (entry.path().extension() != ".json") continue;
    const auto notes = read_json(entry.path());
    if (!notes || !notes->is_object()) continue;
    if (!notes->value("ended", false)) {
      lane.jobs.try_emplace(entry.path().stem().string());
    } else if (std::filesystem::file_time_type::clock::now() - entry.last_write_time(fault) >
               std::chrono::seconds(kForgetAfter)) {
      std::filesystem::remove(entry.path(), fault);
    }
  }
}

void Trackers::run(Lane& lane) {
  take_up(lane);
  bool store_answers = true;
  while (!stopping_) {
    const auto updates = pass(lane);
    if (!updates && store_answers && log_ != nullptr)
      log_->warning(
          "a tracker waits for the store",
          {{"attune.tracker", lane.tracker->name()}, {"error.message", updates.error().message()}});
    store_answers = updates.has_value();
    if (updates && *updates > 0) continue;
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::duration<double>(options_.poll_seconds),
                      [&] { return stopping_.load() || !lane.newcomers.empty(); });
  }
}

Result<std::int64_t> Trackers::pass(const std::string& tracker) {
  for (Lane& lane : lanes_)
    if (lane.tracker->name() == tracker) return pass(lane);
  return 0;
}

Result<std::int64_t> Trackers::pass(Lane& lane) {
  {
    const std::lock_guard lock(mutex_);
    for (const std::string& job_id : lane.newcomers) lane.jobs.try_emplace(job_id);
    lane.newcomers.clear();
  }
  if (!options_.host.empty()) {
    ATTUNE_TRY(const std::vector<JobRow> held, store_.held_jobs(options_.host));
    for (const JobRow& row : held) lane.jobs.try_emplace(row.job.id);
  }
  if (lane.jobs.empty()) return 0;
  std::vector<std::string> ids;
  for (const auto& [id, followed] : lane.jobs) ids.push_back(id);
  ATTUNE_TRY(const std::vector<JobTail> tails, store_.tails(ids));
  std::map<std::string, JobTail> known;
  for (const JobTail& tail : tails) known.emplace(tail.job_id, tail);

  std::int64_t updates = 0;
  const SteadyTime now = std::chrono::steady_clock::now();
  for (auto at = lane.jobs.begin(); at != lane.jobs.end() && !stopping_;) {
    auto& [id, followed] = *at;
    const auto tail = known.find(id);
    if (tail == known.end()) {  // no such job any more
      at = lane.jobs.erase(at);
      continue;
    }
    const bool changed = !followed.shown ||
                         followed.shown->last_sequence != tail->second.last_sequence ||
                         followed.shown->status != tail->second.status;
    if (changed && !followed.ended && followed.not_before <= now) {
      const Result<bool> caught_up = advance(lane, id, followed);
      if (!caught_up) {
        note_failure(lane, id, followed, caught_up.error());
      } else {
        ++updates;
        followed.failures_in_row = 0;
        if (*caught_up) followed.shown = tail->second;
      }
    }
    // A job that goes on may be named again: it stays, so that it is not looked up again.
    const bool forget = followed.ended && is_final(tail->second.status);
    at = forget ? lane.jobs.erase(at) : std::next(at);
  }
  return updates;
}

// Shows the next events of a job; true if that were all of them.
Result<bool> Trackers::advance(Lane& lane, const std::string& job_id, Followed& followed) {
  const Path path = notes_of(lane, job_id);
  if (!followed.loaded) {
    if (std::filesystem::exists(path)) {
      ATTUNE_TRY(const Json saved, read_json(path));
      followed.sequence = saved.value("sequence", std::int64_t{0});
      followed.ended = saved.value("ended", false);
      if (saved.contains("notes")) followed.notes = saved["notes"];
    }
    followed.loaded = true;
  }
  if (followed.ended) return true;
  // The events first: what the row says is then at least as new as they are.
  ATTUNE_TRY(const std::vector<EventRow> events,
             store_.events_after(job_id, followed.sequence, kBatch));
  ATTUNE_TRY(const std::optional<JobRow> row, store_.load_job(job_id));
  if (!row || !lane.tracker->wants(*row)) {
    followed.ended = true;
    return true;
  }
  const std::int64_t last = events.empty() ? followed.sequence : events.back().sequence;
  const bool caught_up = last >= row->last_event;
  const TrackerUpdate update{
      .job = *row, .events = events, .ended = caught_up && is_final(row->job.status)};
  Json notes = followed.notes;
  ATTUNE_TRY_VOID(lane.tracker->update(update, notes));
  ATTUNE_TRY_VOID(ensure_directory(path.parent_path()));
  const Json saved = {{"sequence", last}, {"ended", update.ended}, {"notes", notes}};
  ATTUNE_TRY_VOID(write_file_atomic(path, to_text(saved)));
  followed.sequence = last;
  followed.ended = update.ended;
  followed.notes = std::move(notes);
  ++updates_;
  return caught_up;
}

void Trackers::note_failure(Lane& lane, const std::string& job_id, Followed& followed,
                            const Error& error) {
  ++failures_;
  const std::int64_t failures = ++followed.failures_in_row;
  const double pause =
      std::min(kLongestPause,
               static_cast<double>(std::int64_t{1} << std::min<std::int64_t>(failures - 1, 10)));
  followed.not_before = std::chrono::steady_clock::now() +
                        std::chrono::milliseconds(static_cast<std::int64_t>(pause * 1000));
  bool given_up = false;
  const auto row = store_.load_job(job_id);
  const auto now = store_.now();
  if (row && *row && now && is_final((*row)->job.status))
    given_up = *now - (*row)->job.finished_at.value_or(*now) > kGiveUpAfter;
  if (given_up) {
    followed.ended = true;
    const Json saved = {
        {"sequence", followed.sequence}, {"ended", true}, {"notes", followed.notes}};
    static_cast<void>(write_file_atomic(notes_of(lane, job_id), to_text(saved)));
  }
  // Of a long outage, the 1st, 2nd, 4th, 8th ... failure is told.
  const bool tell = given_up || (failures & (failures - 1)) == 0;
  if (log_ == nullptr || !tell) return;
  log_->warning(given_up ? "a tracker gave a job up" : "a tracker failed",
                {{"attune.tracker", lane.tracker->name()},
                 {"attune.job.id", job_id},
                 {"attune.tracker.failures", failures},
                 {"attune.tracker.next_try_seconds", given_up ? 0.0 : pause},
                 {"error.message", error.message()}});
}

}  // namespace attune::jobs
