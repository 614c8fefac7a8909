#include <algorithm>
#include <mutex>
#include <set>
#include <thread>

#include <fmt/format.h>

#include "io/sha256.h"
#include "jobs/store_fixture.h"

namespace attune::testing_support {
namespace {

class Queue : public StoreTest {
 protected:
  Recorded record(const std::string& id, std::int64_t attempt, const Transition& change) {
    return must(store_->record(id, attempt, change));
  }
  Wish heartbeat(const std::string& id, std::int64_t attempt) {
    return must(store_->heartbeat(id, attempt, 30));
  }
};
ATTUNE_ON_EVERY_DATABASE(Queue);

// ---- claiming ----

TEST_P(Queue, GivesTheJobOfHighestPriorityThenTheOldest) {
  std::string old = create_job();
  std::string young = create_job();
  std::string urgent = create_job({}, 5);
  EXPECT_EQ(claim()->job.id, urgent);
  EXPECT_EQ(claim()->job.id, old);
  EXPECT_EQ(claim()->job.id, young);
  EXPECT_FALSE(claim().has_value());
}

TEST_P(Queue, ClaimStartsTheJobUnderALease) {
  std::string id = create_job();
  JobRow claimed = claim("worker-7").value();
  EXPECT_EQ(claimed.job.status, JobStatus::running);
  EXPECT_EQ(claimed.attempt, 1);
  EXPECT_EQ(claimed.worker, "worker-7");
  EXPECT_EQ(claimed.host, "box");
  EXPECT_EQ(claimed.lease_until, time_ + 30);
  EXPECT_EQ(event_messages(id).back(), "Fine-tuning job started");
  EXPECT_EQ(must(store_->note_process(id, 1, 4711)), Recorded::written);
  EXPECT_EQ(must(store_->held_jobs("box")).at(0).process, 4711);
  EXPECT_TRUE(must(store_->held_jobs("other")).empty());
}

TEST_P(Queue, ClaimNeedsAWorkersName) {
  create_job();
  EXPECT_FALSE(store_->claim_next({.worker = ""}).has_value());
}

TEST_P(Queue, HoldsBackAtTheLimitOfTheStore) {
  create_job();
  create_job();
  ClaimRequest request{.worker = "w", .running_limit = 1};
  JobRow first = must(store_->claim_next(request)).value();
  EXPECT_FALSE(must(store_->claim_next(request)).has_value());
  record(first.job.id, 1, {.to = JobStatus::succeeded});
  EXPECT_TRUE(must(store_->claim_next(request)).has_value());
}

TEST_P(Queue, PassesOverProjectsAndKeysThatHaveEnough) {
  must(store_->add_key({.id = "key_1", .hash = sha256("k"), .running_jobs_limit = 1}));
  Tenant a{"org", "a"}, b{"org", "b"};
  std::string a1 = create_job(a, 9), a2 = create_job(a, 9), b1 = create_job(b);
  std::string k1 = create_job({"org", "c"}, 0, "key_1"), k2 = create_job({"org", "d"}, 0, "key_1");
  ClaimRequest request{.worker = "w", .project_running_limit = 1};
  EXPECT_EQ(must(store_->claim_next(request))->job.id, a1);
  EXPECT_EQ(must(store_->claim_next(request))->job.id, b1);
  EXPECT_EQ(must(store_->claim_next(request))->job.id, k1);
  EXPECT_FALSE(must(store_->claim_next(request)).has_value());
  record(a1, 1, {.to = JobStatus::succeeded});
  record(k1, 1, {.to = JobStatus::failed});
  EXPECT_EQ(must(store_->claim_next(request))->job.id, a2);
  EXPECT_EQ(must(store_->claim_next(request))->job.id, k2);
}

TEST_P(Queue, ValidationIsClaimedUnderItsOwnState) {
  JobRow row;
  row.job.status = JobStatus::validating_files;
  std::string id = must(store_->create_job(row, {})).job.job.id;
  EXPECT_FALSE(claim().has_value());
  JobRow claimed =
      must(store_->claim_next({.worker = "w", .from = JobStatus::validating_files})).value();
  EXPECT_EQ(claimed.job.status, JobStatus::validating_files);
  EXPECT_FALSE(
      must(store_->claim_next({.worker = "w", .from = JobStatus::validating_files})).has_value());
  EXPECT_EQ(heartbeat(id, 1), Wish::run);
  EXPECT_EQ(record(id, 1,
                   {.to = JobStatus::queued,
                    .events = {info_event("Files validated, moving job to queued state")}}),
            Recorded::written);
  EXPECT_EQ(heartbeat(id, 1), Wish::lost);
  EXPECT_EQ(claim()->attempt, 2);
}

// ---- the lease ----

TEST_P(Queue, AHolderThatWasReplacedWritesNothing) {
  std::string id = create_job();
  claim("first");
  time_ += 31;
  ASSERT_EQ(must(store_->release_expired()).size(), 1U);
  JobRow second = claim("second").value();
  EXPECT_EQ(second.attempt, 2);
  std::vector<std::string> before = event_messages(id);
  EXPECT_EQ(record(id, 1, {.events = {info_event("late")}}), Recorded::lost);
  EXPECT_EQ(record(id, 1, {.to = JobStatus::succeeded}), Recorded::lost);
  EXPECT_EQ(record(id, 1, {.let_go = true}), Recorded::lost);
  EXPECT_EQ(record(id, 1, {.checkpoints = {checkpoint(id, 3)}}), Recorded::lost);
  EXPECT_EQ(must(store_->note_process(id, 1, 1)), Recorded::lost);
  EXPECT_EQ(must(store_->lose_worker(id, 1, "late")), Recorded::lost);
  EXPECT_EQ(heartbeat(id, 1), Wish::lost);
  EXPECT_EQ(event_messages(id), before);
  EXPECT_EQ(job(id).worker, "second");
  EXPECT_EQ(heartbeat(id, 2), Wish::run);
}

TEST_P(Queue, AHeartbeatKeepsTheLease) {
  std::string id = create_job();
  claim();
  for (int i = 0; i < 5; ++i) {
    time_ += 20;
    EXPECT_EQ(heartbeat(id, 1), Wish::run);
    EXPECT_TRUE(must(store_->release_expired()).empty());
  }
  time_ += 31;
  EXPECT_EQ(must(store_->release_expired()).at(0).job.status, JobStatus::queued);
  EXPECT_EQ(heartbeat(id, 1), Wish::lost);
  EXPECT_TRUE(must(store_->release_expired()).empty());
}

TEST_P(Queue, ALostWorkerIsToldInTheEvents) {
  std::string id = create_job();
  claim();
  EXPECT_EQ(must(store_->lose_worker(id, 1, "it was killed by signal 9")), Recorded::written);
  EXPECT_EQ(status(id), JobStatus::queued);
  EXPECT_EQ(event_messages(id).back(),
            "The worker of this job was lost (it was killed by signal 9). The job goes back to the "
            "queue and resumes from its last checkpoint.");
  EXPECT_EQ(job(id).losses, 1);
  claim();
  EXPECT_EQ(event_messages(id).size(), 3U) << "\"started\" is told once";
  record(id, 2, {.checkpoints = {checkpoint(id, 1)}});
  EXPECT_EQ(job(id).losses, 0) << "a checkpoint is progress";
}

TEST_P(Queue, TellsTheHolderOfAPauseAndWaitsForIt) {
  std::string id = create_job();
  claim();
  must(store_->request_pause({}, id));
  EXPECT_EQ(heartbeat(id, 1), Wish::pause);
  must(store_->request_resume({}, id));
  EXPECT_EQ(heartbeat(id, 1), Wish::pause) << "it lets go before another takes over";
  EXPECT_FALSE(claim().has_value());
  EXPECT_EQ(record(id, 1, {.checkpoints = {checkpoint(id, 4)}}), Recorded::written);
  EXPECT_EQ(record(id, 1, {.to = JobStatus::succeeded}), Recorded::refused);
  EXPECT_EQ(record(id, 1, {.let_go = true}), Recorded::written);
  EXPECT_EQ(record(id, 1, {.let_go = true}), Recorded::written) << "a repeat is no loss";
  EXPECT_EQ(claim()->attempt, 2);
}

TEST_P(Queue, TellsTheHolderOfACancelAndTakesNothingMore) {
  std::string id = create_job();
  claim();
  must(store_->request_cancel({}, id));
  EXPECT_EQ(heartbeat(id, 1), Wish::cancel);
  EXPECT_EQ(record(id, 1, {.events = {info_event("Step 9")}}), Recorded::refused);
  EXPECT_EQ(record(id, 1, {.to = JobStatus::succeeded}), Recorded::refused);
  EXPECT_EQ(must(store_->statistics()).leases, 1);
  EXPECT_EQ(record(id, 1, {.let_go = true}), Recorded::written);
  EXPECT_EQ(must(store_->statistics()).leases, 0);
  EXPECT_EQ(status(id), JobStatus::cancelled);
}

TEST_P(Queue, AWorkerLostWhilePausingLeavesTheJobPaused) {
  std::string id = create_job();
  claim();
  must(store_->request_pause({}, id));
  time_ += 31;
  must(store_->release_expired());
  EXPECT_EQ(status(id), JobStatus::paused);
  EXPECT_TRUE(job(id).worker.empty());
  must(store_->request_resume({}, id));
  EXPECT_TRUE(claim().has_value());
}

// ---- record ----

TEST_P(Queue, RecordsAnEndWithModelFileAndEventsAtOnce) {
  std::string id = create_job();
  claim();
  FileRow results;
  {
    BlobWriter writer = must(blobs_->open_writer());
    must(writer.write("step,train_loss\n1,0.5\n"));
    results.digest = must(writer.commit());
    results.file = {.id = "file-results",
                    .bytes = writer.bytes(),
                    .created_at = time_,
                    .filename = "step_metrics.csv",
                    .purpose = "fine-tune-results"};
  }
  Transition end{.to = JobStatus::succeeded,
                 .fine_tuned_model = "ft:base:org::abcdefgh",
                 .result_files = std::vector<std::string>{"file-results"},
                 .trained_tokens = 5000,
                 .events = {info_event("New fine-tuned model created: ft:base:org::abcdefgh"),
                            info_event("The job has successfully completed")},
                 .checkpoints = {checkpoint(id, 9)},
                 .models = {model("ft:base:org::abcdefgh", id)},
                 .files = {results}};
  EXPECT_EQ(record(id, 1, end), Recorded::written);
  EXPECT_EQ(record(id, 1, end), Recorded::written) << "a repeat after a lost answer";
  JobRow row = job(id);
  EXPECT_EQ(row.job.status, JobStatus::succeeded);
  EXPECT_EQ(row.job.fine_tuned_model, "ft:base:org::abcdefgh");
  EXPECT_EQ(row.job.trained_tokens, 5000);
  EXPECT_EQ(row.job.finished_at, time_.load());
  EXPECT_TRUE(row.worker.empty());
  EXPECT_EQ(event_messages(id).size(), 4U);
  EXPECT_TRUE(must(store_->find_model({}, "ft:base:org::abcdefgh")).has_value());
  EXPECT_EQ(must(store_->find_file({}, "file-results"))->file.purpose, "fine-tune-results");
  EXPECT_EQ(must(store_->list_checkpoints({}, id, {})).items.size(), 1U);
}

TEST_P(Queue, AResumedWorkerRepeatsNoEventAndNoCheckpoint) {
  std::string id = create_job();
  claim();
  wire::CheckpointObject first = checkpoint(id, 2);
  auto change = [&](int step, const wire::CheckpointObject& made) {
    return Transition{
        .events = {info_event(fmt::format("Step {}", step), fmt::format("step {}", step))},
        .checkpoints = {made},
        .models = {model(made.fine_tuned_model_checkpoint, id)}};
  };
  record(id, 1, change(2, first));
  must(store_->lose_worker(id, 1, "killed"));
  claim();
  wire::CheckpointObject again = checkpoint(id, 2);
  EXPECT_EQ(record(id, 2, change(2, again)), Recorded::written);
  record(id, 2, change(4, checkpoint(id, 4)));
  std::vector<std::string> messages = event_messages(id);
  EXPECT_EQ(std::count(messages.begin(), messages.end(), "Step 2"), 1);
  auto page = must(store_->list_checkpoints({}, id, {}));
  ASSERT_EQ(page.items.size(), 2U);
  EXPECT_EQ(page.items[0].step_number, 4);
  EXPECT_EQ(page.items[1], first) << "the first of a step stands";
  EXPECT_FALSE(must(store_->find_model({}, again.fine_tuned_model_checkpoint)).has_value());
  EXPECT_TRUE(must(store_->find_model({}, first.fine_tuned_model_checkpoint)).has_value());
}

TEST_P(Queue, ShowsTheExpectedEndOnlyWhileTheJobRuns) {
  std::string id = create_job();
  claim();
  record(id, 1, {.estimated_finish = time_ + 100});
  EXPECT_EQ(job(id).job.estimated_finish, time_ + 100);
  must(store_->request_pause({}, id));
  EXPECT_FALSE(job(id).job.estimated_finish.has_value());
}

TEST_P(Queue, RefusesMovesThatTheTableLacks) {
  std::string id = create_job();
  claim();
  EXPECT_EQ(record(id, 1, {.to = JobStatus::validating_files}), Recorded::refused);
  EXPECT_EQ(record(id, 1, {.to = JobStatus::running, .trained_tokens = 7}), Recorded::written);
  EXPECT_EQ(job(id).job.trained_tokens, 7);
  EXPECT_EQ(record("ftjob-unknown", 1, {.to = JobStatus::failed}), Recorded::lost);
}

// ---- many at once ----

TEST_P(Queue, GivesNoJobToTwoOfManyClaimers) {
  constexpr int kJobs = 60, kThreads = 6;
  for (int i = 0; i < kJobs; ++i) create_job();
  std::unique_ptr<Store> other = open_again();
  std::mutex mutex;
  std::multiset<std::string> claimed;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      Store& store = t % 2 == 0 ? *store_ : *other;
      for (int idle = 0; idle < 20;) {
        auto job = store.claim_next({.worker = fmt::format("w{}", t), .running_limit = 1000});
        if (!job || !*job) {
          ++idle;
          continue;
        }
        std::lock_guard<std::mutex> lock(mutex);
        claimed.insert((*job)->job.id);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(claimed.size(), static_cast<std::size_t>(kJobs));
  EXPECT_EQ(std::set<std::string>(claimed.begin(), claimed.end()).size(), claimed.size());
}

TEST_P(Queue, KeepsTheLimitUnderManyClaimers) {
  for (int i = 0; i < 20; ++i) create_job();
  std::unique_ptr<Store> other = open_again();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      Store& store = t % 2 == 0 ? *store_ : *other;
      for (int i = 0; i < 5; ++i) {
        (void)store.claim_next({.worker = fmt::format("w{}", t), .running_limit = 3});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(must(store_->statistics()).leases, 3);
}

TEST_P(Queue, NumbersEventsOfManyWritersWithoutGaps) {
  std::string id = create_job();
  claim();
  std::unique_ptr<Store> other = open_again();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      Store& store = t % 2 == 0 ? *store_ : *other;
      for (int i = 0; i < 10; ++i) {
        auto done = store.record(
            id, 1, {.events = {info_event("all", fmt::format("{}", i)), info_event("each")}});
        EXPECT_TRUE(done.has_value()) << done.error().message();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(event_messages(id).size(), 2U + 10U + 40U);
}

}  // namespace
}  // namespace attune::testing_support
