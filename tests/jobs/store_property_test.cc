// Random sequences of operations on the store, against a plain model of what it promises.
#include <algorithm>
#include <map>
#include <random>

#include <fmt/format.h>

#include "jobs/store_fixture.h"

namespace attune::testing_support {
namespace {

// What a job must be, by the rules alone.
struct ExpectedJob {
  Tenant tenant;
  std::int64_t priority = 0;
  std::int64_t age = 0;
  JobStatus status = JobStatus::queued;
  std::int64_t attempt = 0;
  bool held = false;
  std::int64_t lease_until = 0;
  std::vector<std::string> events = {"Created fine-tuning job"};
  std::map<std::int64_t, std::string> checkpoints = {};
  bool started = false;
};

class Property : public StoreTest {
 protected:
  void play(unsigned seed, int steps) {
    random_.seed(seed);
    for (int step = 0; step < steps && !HasFailure(); ++step) {
      SCOPED_TRACE(fmt::format("seed {} step {}", seed, step));
      play_one();
    }
    compare_all();
    CheckReport report = must(store_->check(*blobs_, {.read_contents = true}));
    for (const CheckProblem& problem : report.problems) {
      if (problem.kind != "stuck_lease") ADD_FAILURE() << problem.kind << " " << problem.found;
    }
  }

 private:
  int below(int bound) { return static_cast<int>(random_() % static_cast<unsigned>(bound)); }

  void play_one() {
    switch (below(12)) {
      case 0:
        return create();
      case 1:
        return act(Action::cancel);
      case 2:
        return act(Action::pause);
      case 3:
        return act(Action::resume);
      case 4:
      case 5:
        return claim_one();
      case 6:
        return beat();
      case 7:
      case 8:
        return write_progress();
      case 9:
        return end();
      case 10:
        return lose();
      default:
        return let_time_pass();
    }
  }

  void create() {
    if (expected_.size() >= 25) return;
    Tenant tenant{"org", below(2) == 0 ? "a" : "b"};
    std::int64_t priority = below(3);
    std::string id = create_job(tenant, priority);
    ids_.push_back(id);
    expected_[id] = {
        .tenant = tenant, .priority = priority, .age = static_cast<std::int64_t>(expected_.size())};
  }

  // Some job, and its model; null if there is none yet.
  ExpectedJob* pick() {
    if (ids_.empty()) return nullptr;
    id_ = ids_[static_cast<std::size_t>(below(static_cast<int>(ids_.size())))];
    return &expected_[id_];
  }
  // Mostly the attempt that it has, at times an older or a future one.
  std::int64_t some_attempt(const ExpectedJob& job) {
    return below(5) == 0 ? job.attempt + below(3) - 1 : job.attempt;
  }

  void act(Action action) {
    ExpectedJob* job = pick();
    if (job == nullptr) return;
    ActionAnswer answer = action == Action::cancel ? must(store_->request_cancel(job->tenant, id_))
                          : action == Action::pause
                              ? must(store_->request_pause(job->tenant, id_))
                              : must(store_->request_resume(job->tenant, id_));
    bool allowed = may_do(action, job->status);
    EXPECT_EQ(answer.outcome,
              allowed ? ActionAnswer::Outcome::done : ActionAnswer::Outcome::wrong_state);
    if (allowed) {
      job->status = target(action);
      job->events.push_back(
          action == Action::cancel  ? "Fine tuning process stopping due to job cancellation"
          : action == Action::pause ? "Fine-tuning job paused"
                                    : "Fine-tuning job resumed, moving job to queued state");
    }
    EXPECT_EQ(answer.job.status, job->status);
  }

  void claim_one() {
    ExpectedJob* best = nullptr;
    for (auto& [id, job] : expected_) {
      if (job.status != JobStatus::queued || job.held) continue;
      if (best == nullptr || job.priority > best->priority ||
          (job.priority == best->priority && job.age < best->age)) {
        best = &job;
        id_ = id;
      }
    }
    std::optional<JobRow> claimed = claim();
    ASSERT_EQ(claimed.has_value(), best != nullptr);
    if (best == nullptr) return;
    EXPECT_EQ(claimed->job.id, id_);
    best->status = JobStatus::running;
    best->held = true;
    best->lease_until = time_ + 30;
    EXPECT_EQ(claimed->attempt, ++best->attempt);
    if (!best->started) best->events.push_back("Fine-tuning job started");
    best->started = true;
  }

  void beat() {
    ExpectedJob* job = pick();
    if (job == nullptr) return;
    std::int64_t attempt = some_attempt(*job);
    Wish wish = must(store_->heartbeat(id_, attempt, 30));
    if (!job->held || attempt != job->attempt) {
      EXPECT_EQ(wish, Wish::lost);
      return;
    }
    job->lease_until = time_ + 30;
    EXPECT_EQ(wish, job->status == JobStatus::running ? Wish::run
                    : is_final(job->status)           ? Wish::cancel
                                                      : Wish::pause);
  }

  void write_progress() {
    ExpectedJob* job = pick();
    if (job == nullptr) return;
    std::int64_t attempt = some_attempt(*job);
    int step = below(6);
    wire::CheckpointObject made = checkpoint(id_, step);
    std::string message = fmt::format("Step {}", step);
    Transition change{.events = {info_event(message, message), info_event("tick")},
                      .checkpoints = {made},
                      .models = {model(made.fine_tuned_model_checkpoint, id_)}};
    change.models[0].adapter = folder_.path();
    Recorded recorded = must(store_->record(id_, attempt, change));
    if (!job->held || attempt != job->attempt) {
      EXPECT_EQ(recorded, Recorded::lost);
    } else if (is_final(job->status)) {
      EXPECT_EQ(recorded, Recorded::refused);
    } else {
      EXPECT_EQ(recorded, Recorded::written);
      bool known = std::find(job->events.begin(), job->events.end(), message) != job->events.end();
      if (!known) job->events.push_back(message);
      job->events.push_back("tick");
      job->checkpoints.emplace(step, made.fine_tuned_model_checkpoint);
    }
  }

  void end() {
    ExpectedJob* job = pick();
    if (job == nullptr) return;
    std::int64_t attempt = some_attempt(*job);
    bool let_go = below(2) == 0;
    JobStatus to = below(2) == 0 ? JobStatus::succeeded : JobStatus::failed;
    Transition change{.let_go = let_go, .events = {info_event("end")}};
    if (!let_go) change.to = to;
    if (!let_go && to == JobStatus::succeeded) change.fine_tuned_model = "ft:x";
    Recorded recorded = must(store_->record(id_, attempt, change));
    if (attempt != job->attempt || !job->held) {
      bool repeat = attempt == job->attempt && (let_go || job->status == to);
      EXPECT_EQ(recorded, repeat ? Recorded::written : Recorded::lost);
      return;
    }
    if (!let_go && !may_move(job->status, to)) {
      EXPECT_EQ(recorded, Recorded::refused);
      return;
    }
    EXPECT_EQ(recorded, Recorded::written);
    job->events.push_back("end");
    job->held = false;
    if (!let_go) {
      job->status = to;
    } else if (job->status == JobStatus::running) {
      lose_now(*job, false);
    }
  }

  void lose() {
    ExpectedJob* job = pick();
    if (job == nullptr) return;
    std::int64_t attempt = some_attempt(*job);
    Recorded recorded = must(store_->lose_worker(id_, attempt, "killed"));
    bool was_held = job->held && attempt == job->attempt;
    EXPECT_EQ(recorded, was_held ? Recorded::written : Recorded::lost);
    if (was_held) lose_now(*job, true);
  }

  void lose_now(ExpectedJob& job, bool told) {
    job.held = false;
    if (job.status != JobStatus::running) return;
    job.status = JobStatus::queued;
    if (told) {
      job.events.push_back(
          "The worker of this job was lost (killed). The job goes back to the queue and resumes "
          "from its last checkpoint.");
    }
  }

  void let_time_pass() {
    time_ += below(25);
    std::vector<std::string> released, awaited;
    for (const JobRow& row : must(store_->release_expired())) {
      released.push_back(row.job.id);
      std::vector<std::string> messages = event_messages(row.job.id);
      if (expected_[row.job.id].status == JobStatus::running) {
        expected_[row.job.id].events.push_back(messages.back());
      }
    }
    for (const std::string& id : ids_) {
      ExpectedJob& job = expected_[id];
      if (!job.held || job.lease_until >= time_) continue;
      awaited.push_back(id);
      lose_now(job, false);
    }
    EXPECT_EQ(released, awaited);
  }

  void compare_all() {
    for (const std::string& id : ids_) {
      SCOPED_TRACE(id);
      const ExpectedJob& expected = expected_[id];
      JobRow row = job(id);
      EXPECT_EQ(row.job.status, expected.status);
      EXPECT_EQ(row.attempt, expected.attempt);
      EXPECT_EQ(!row.worker.empty(), expected.held);
      EXPECT_EQ(row.job.finished_at.has_value(), is_final(expected.status));
      EXPECT_EQ(event_messages(id), expected.events);
      std::map<std::int64_t, std::string> checkpoints;
      auto page = must(store_->list_checkpoints(expected.tenant, id, {.limit = 100}));
      for (const auto& made : page.items) {
        checkpoints[made.step_number] = made.fine_tuned_model_checkpoint;
      }
      EXPECT_EQ(checkpoints, expected.checkpoints);
    }
    for (const char* project : {"a", "b"}) compare_list({"org", project});
  }

  // The pages of three, one after the other, are all jobs of the tenant, newest first.
  void compare_list(const Tenant& tenant) {
    std::vector<std::string> listed, awaited;
    wire::PageQuery query{.limit = 3};
    for (bool more = true; more;) {
      Page<wire::JobObject> page = must(store_->list_jobs(tenant, query));
      for (const auto& job : page.items) listed.push_back(job.id);
      more = page.has_more;
      if (!page.items.empty()) query.after = page.items.back().id;
    }
    for (const std::string& id : ids_) {
      if (expected_[id].tenant == tenant) awaited.insert(awaited.begin(), id);
    }
    EXPECT_EQ(listed, awaited);
  }

  std::mt19937 random_;
  std::vector<std::string> ids_;
  std::map<std::string, ExpectedJob> expected_;
  std::string id_;
};
ATTUNE_ON_EVERY_DATABASE(Property);

TEST_P(Property, StoreAndModelAgreeAfterRandomOperations) { play(1, 400); }
TEST_P(Property, StoreAndModelAgreeAfterOtherRandomOperations) { play(2, 400); }

}  // namespace
}  // namespace attune::testing_support
