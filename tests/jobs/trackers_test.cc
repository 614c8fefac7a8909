// The threads and notes of trackers, with a tracker of the test's own.
#include "jobs/trackers.h"

#include <atomic>
#include <chrono>
#include <fstream>

#include "jobs/store_fixture.h"
#include "jobs/tracker_log.h"

namespace attune::testing_support {
namespace {

// Keeps what it was shown; fails or hangs when told.
class ShownTracker final : public Tracker {
 public:
  explicit ShownTracker(std::string name) : name_(std::move(name)) {}
  std::string name() const override { return name_; }
  bool wants(const JobRow& job) const override { return job.job.model != "unwanted"; }
  Result<void> update(const TrackerUpdate& update, Json& notes) override {
    ++calls;
    while (hang && !stopped) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (fail) {
      notes["lost"] = true;
      return environment_failure({.where = "tracker", .found = "down"});
    }
    for (const EventRow& event : update.events) messages.push_back(event.event.message);
    notes["seen"] = notes.value("seen", 0) + static_cast<int>(update.events.size());
    last_notes = notes;
    ended = ended || update.ended;
    return {};
  }
  void stop() override { stopped = true; }

  std::vector<std::string> messages;
  Json last_notes;
  std::atomic<int> calls{0};
  std::atomic<bool> ended{false}, fail{false}, hang{false}, stopped{false};

 private:
  std::string name_;
};

class TrackersOfAStore : public StoreTest {
 protected:
  std::unique_ptr<Trackers> make(Log* log = nullptr, double poll_seconds = 0.01) {
    return std::make_unique<Trackers>(
        *store_,
        TrackersOptions{
            .notes = folder_.path() / "tracking", .host = "box", .poll_seconds = poll_seconds},
        log);
  }
  ShownTracker& add(Trackers& trackers, const std::string& name = "shown") {
    auto tracker = std::make_unique<ShownTracker>(name);
    ShownTracker& shown = *tracker;
    trackers.add(std::move(tracker));
    return shown;
  }
  void finish(const JobRow& claimed) {
    must(store_->record(claimed.job.id, claimed.attempt,
                        {.to = JobStatus::succeeded, .events = {info_event("done")}}));
  }
  bool notes_exist(const std::string& id, const std::string& tracker = "shown") {
    return std::filesystem::exists(folder_.path() / "tracking" / tracker / (id + ".json"));
  }
};
INSTANTIATE_TEST_SUITE_P(On, TrackersOfAStore, ::testing::Values("sqlite", "postgresql"),
                         database_name);

TEST_P(TrackersOfAStore, ShowEveryEventOfAHeldJobOnce) {
  auto trackers = make();
  ShownTracker& shown = add(*trackers);
  const std::string id = create_job();
  const JobRow claimed = claim().value();
  std::vector<NewEvent> events;
  for (int i = 0; i < 1200; ++i) events.push_back(info_event("step " + std::to_string(i)));
  must(store_->record(id, 1, {.events = events}));  // more than one batch
  while (must(trackers->pass("shown")) > 0) {
  }
  EXPECT_FALSE(shown.ended);
  finish(claimed);
  while (must(trackers->pass("shown")) > 0) {
  }
  EXPECT_TRUE(shown.ended);
  EXPECT_EQ(shown.messages, event_messages(id));
  EXPECT_EQ(shown.last_notes["seen"], shown.messages.size());
  const int calls = shown.calls;
  trackers->follow(id);
  EXPECT_EQ(must(trackers->pass("shown")), 1);  // looked at, nothing to show
  EXPECT_EQ(shown.calls, calls);
}

TEST_P(TrackersOfAStore, TakeUpAfterARestartWhereTheyWere) {
  const std::string id = create_job();
  const JobRow claimed = claim().value();
  std::vector<std::string> messages;
  {
    auto trackers = make();
    ShownTracker& shown = add(*trackers);
    must(trackers->pass("shown"));
    messages = shown.messages;
    EXPECT_FALSE(messages.empty());
  }
  finish(claimed);  // while no tracker lives; the job is held no more
  auto trackers = make();
  ShownTracker& shown = add(*trackers);
  trackers->start();
  for (int i = 0; i < 500 && !shown.ended; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  trackers->stop();
  messages.insert(messages.end(), shown.messages.begin(), shown.messages.end());
  EXPECT_EQ(messages, event_messages(id));
}

TEST_P(TrackersOfAStore, ShowTheSameEventsAgainAfterAFailure) {
  auto trackers = make();
  ShownTracker& shown = add(*trackers);
  const std::string id = create_job();
  claim();
  shown.fail = true;
  EXPECT_EQ(must(trackers->pass("shown")), 0);
  EXPECT_EQ(trackers->failures(), 1);
  EXPECT_EQ(must(trackers->pass("shown")), 0);  // waits before it tries again
  EXPECT_EQ(shown.calls, 1);
  shown.fail = false;
  std::this_thread::sleep_for(std::chrono::milliseconds(1050));
  EXPECT_EQ(must(trackers->pass("shown")), 1);
  EXPECT_EQ(shown.messages, event_messages(id));
  EXPECT_FALSE(shown.last_notes.contains("lost"));  // the notes of the failed call are gone
}

TEST_P(TrackersOfAStore, OneThatHangsHoldsUpNeitherOthersNorTheStop) {
  auto trackers = make();
  ShownTracker& hanging = add(*trackers, "hanging");
  ShownTracker& shown = add(*trackers);
  hanging.hang = true;
  trackers->start();
  const std::string id = create_job();
  const JobRow claimed = claim().value();
  trackers->follow(id);
  finish(claimed);
  for (int i = 0; i < 500 && !shown.ended; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_TRUE(shown.ended);
  EXPECT_EQ(status(id), JobStatus::succeeded);
  const auto begun = std::chrono::steady_clock::now();
  trackers->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(3));
}

TEST_P(TrackersOfAStore, ShowAJobThatEndedBeforeTheyLooked) {
  auto trackers = make();
  ShownTracker& shown = add(*trackers);
  const std::string id = create_job();
  finish(claim().value());
  EXPECT_EQ(must(trackers->pass("shown")), 0);
  trackers->follow(id);
  must(trackers->pass("shown"));
  EXPECT_TRUE(shown.ended);
  EXPECT_EQ(shown.messages, event_messages(id));
}

TEST_P(TrackersOfAStore, KeepNoNotesOfJobsThatNobodyWants) {
  auto trackers = make();
  ShownTracker& shown = add(*trackers);
  JobRow row;
  row.job.model = "unwanted";
  row.job.status = JobStatus::queued;
  const std::string id = must(store_->create_job(row, {})).job.job.id;
  claim();
  must(trackers->pass("shown"));
  must(trackers->pass("shown"));
  EXPECT_EQ(shown.calls, 0);
  EXPECT_FALSE(notes_exist(id));
}

TEST_P(TrackersOfAStore, WriteEventsToTheLog) {
  const std::string path = (folder_.path() / "log.jsonl").string();
  auto log = must(Log::open({.destination = path}));
  auto trackers = make(log.get());
  trackers->add(std::make_unique<LogTracker>(*log));
  const std::string id = create_job();
  const JobRow claimed = claim().value();
  NewEvent metrics = info_event("Step 1/2: training loss=0.50");
  metrics.event.type = "metrics";
  metrics.event.data = {{"step", 1}, {"total_steps", 2}, {"train_loss", 0.5}};
  NewEvent failure = error_event("The training file is gone");
  must(store_->record(id, claimed.attempt, {.events = {metrics, failure}}));
  must(trackers->pass("log"));
  log->flush();
  std::ifstream file(path);
  std::vector<Json> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(must(parse_json(line, "log")));
  ASSERT_EQ(lines.size(), event_messages(id).size());
  EXPECT_EQ(lines[0]["Attributes"]["attune.job.id"], id);
  EXPECT_EQ(lines[0]["Attributes"]["attune.event.sequence"], 1);
  const Json& step = lines[lines.size() - 2];
  EXPECT_EQ(step["Body"], "Step 1/2: training loss=0.50");
  EXPECT_EQ(step["Attributes"]["attune.metric.train_loss"], 0.5);
  EXPECT_EQ(lines.back()["SeverityText"], "ERROR");
}

}  // namespace
}  // namespace attune::testing_support
