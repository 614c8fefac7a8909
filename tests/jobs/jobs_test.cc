#include <fmt/format.h>

#include "io/sha256.h"
#include "jobs/store_fixture.h"

namespace attune::testing_support {
namespace {

class Jobs : public StoreTest {};
ATTUNE_ON_EVERY_DATABASE(Jobs);

using Outcome = ActionAnswer::Outcome;

TEST_P(Jobs, AreFoundAsTheyWereCreated) {
  JobRow row;
  row.job.model = "base";
  row.job.training_file = "file-abc";
  row.job.validation_file = "file-def";
  row.job.status = JobStatus::validating_files;
  row.job.seed = 2'147'483'647;
  row.job.metadata = wire::Metadata{{"team", "support"}, {"näme", "o'hara \"x\" :p1 ?"}};
  row.job.user_provided_suffix = "tickets";
  row.job.hyperparameters.n_epochs.value = 3;
  row.job.hyperparameters.learning_rate_multiplier.value = 0.1;
  row.private_data = Json{{"notes", {1, 2, 3}}};
  JobRow created =
      must(store_->create_job(row, {info_event("Created"), info_event("Validating")})).job;
  EXPECT_TRUE(created.job.id.starts_with("ftjob-"));
  EXPECT_EQ(created.job.created_at, time_);
  EXPECT_EQ(created.job.organization_id, "org-local");
  std::optional<JobRow> found = must(store_->find_job({}, created.job.id));
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->job, created.job);
  EXPECT_EQ(found->private_data, row.private_data);
  EXPECT_EQ(event_messages(created.job.id), (std::vector<std::string>{"Created", "Validating"}));
}

TEST_P(Jobs, TextIsTheObjectAndFollowsEveryChange) {
  std::string id = create_job();
  auto text = must(store_->job_text({}, id));
  ASSERT_TRUE(text);
  EXPECT_EQ(*text, to_text(wire::to_json(job(id).job)));
  EXPECT_EQ(*must(store_->job_text({}, id)), *text);
  must(store_->request_cancel({}, id));
  EXPECT_EQ(*must(store_->job_text({}, id)), to_text(wire::to_json(job(id).job)));
  EXPECT_NE(*must(store_->job_text({}, id)), *text);

  std::unique_ptr<Store> other = open_again();
  std::string second = create_job();
  EXPECT_TRUE(must(other->job_text({}, second)));
  must(store_->request_pause({}, second));
  EXPECT_NE(must(other->job_text({}, second))->find("\"paused\""), std::string::npos)
      << "a change by another process is seen";
  EXPECT_FALSE(must(store_->job_text({}, "ftjob-unknown")));
  EXPECT_FALSE(must(store_->job_text({"org-other", "proj-local"}, id)));
}

TEST_P(Jobs, OfAnotherTenantAreNotThere) {
  std::string id = create_job();
  claim();
  must(store_->record(id, 1,
                      {.events = {info_event("Step 1")}, .checkpoints = {checkpoint(id, 1)}}));
  for (const Tenant& other : {Tenant{"org-other", "proj-local"}, Tenant{"org-local", "proj-b"}}) {
    EXPECT_FALSE(must(store_->find_job(other, id)).has_value());
    EXPECT_TRUE(must(store_->list_jobs(other, {})).items.empty());
    EXPECT_FALSE(must(store_->list_jobs(other, {.after = id})).cursor_found);
    EXPECT_EQ(must(store_->request_cancel(other, id)).outcome, Outcome::not_found);
    EXPECT_EQ(must(store_->request_pause(other, id)).outcome, Outcome::not_found);
    EXPECT_EQ(must(store_->request_resume(other, id)).outcome, Outcome::not_found);
    EXPECT_FALSE(must(store_->set_priority(other, id, 9)));
    EXPECT_TRUE(must(store_->list_events(other, id, {})).items.empty());
    EXPECT_TRUE(must(store_->list_checkpoints(other, id, {})).items.empty());
  }
  EXPECT_EQ(status(id), JobStatus::running);
}

TEST_P(Jobs, AreListedInPagesNewestFirst) {
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(create_job());
  auto first = must(store_->list_jobs({}, {.limit = 3}));
  ASSERT_EQ(first.items.size(), 3U);
  EXPECT_TRUE(first.has_more);
  EXPECT_EQ(first.items[0].id, ids[4]);
  auto rest = must(store_->list_jobs({}, {.after = first.items[2].id, .limit = 3}));
  ASSERT_EQ(rest.items.size(), 2U);
  EXPECT_FALSE(rest.has_more);
  EXPECT_EQ(rest.items[1].id, ids[0]);
}

TEST_P(Jobs, AreListedByMetadata) {
  auto create = [&](std::optional<wire::Metadata> metadata) {
    JobRow row;
    row.job.status = JobStatus::queued;
    row.job.metadata = std::move(metadata);
    return must(store_->create_job(row, {})).job.job.id;
  };
  std::string plain = create(std::nullopt);
  std::string both = create(wire::Metadata{{"team", "support"}, {"stage", "test"}});
  std::string one = create(wire::Metadata{{"team", "support"}});
  auto ids = [&](const JobFilter& filter) {
    std::vector<std::string> found;
    for (const auto& job : must(store_->list_jobs({}, {}, filter)).items) found.push_back(job.id);
    return found;
  };
  EXPECT_EQ(ids({.metadata = {{"team", "support"}}}), (std::vector{one, both}));
  EXPECT_EQ(ids({.metadata = {{"team", "support"}, {"stage", "test"}}}), (std::vector{both}));
  EXPECT_EQ(ids({.metadata = {{"team", "sales"}}}), std::vector<std::string>{});
  EXPECT_EQ(ids({.without_metadata = true}), (std::vector{plain}));
}

// ---- wishes ----

TEST_P(Jobs, ThatWaitAreCancelledForGood) {
  std::string id = create_job();
  ActionAnswer answer = must(store_->request_cancel({}, id));
  EXPECT_EQ(answer.outcome, Outcome::done);
  EXPECT_EQ(answer.job.status, JobStatus::cancelled);
  EXPECT_EQ(answer.job.finished_at, time_.load());
  EXPECT_EQ(event_messages(id).back(), "Fine tuning process stopping due to job cancellation");
  ActionAnswer again = must(store_->request_cancel({}, id));
  EXPECT_EQ(again.outcome, Outcome::wrong_state);
  EXPECT_EQ(again.job.status, JobStatus::cancelled);
  EXPECT_EQ(must(store_->request_resume({}, id)).outcome, Outcome::wrong_state);
  EXPECT_FALSE(claim().has_value());
  EXPECT_EQ(event_messages(id).size(), 2U);
}

TEST_P(Jobs, PausedAndResumedGoBackToTheQueue) {
  std::string id = create_job();
  EXPECT_EQ(must(store_->request_pause({}, id)).job.status, JobStatus::paused);
  EXPECT_FALSE(claim().has_value());
  EXPECT_EQ(must(store_->request_pause({}, id)).outcome, Outcome::wrong_state);
  EXPECT_EQ(must(store_->request_resume({}, id)).job.status, JobStatus::queued);
  EXPECT_TRUE(claim().has_value());
}

TEST_P(Jobs, ThatAreNotThereCannotBeCancelled) {
  EXPECT_EQ(must(store_->request_cancel({}, "ftjob-unknown")).outcome, Outcome::not_found);
}

// ---- idempotency and quotas ----

TEST_P(Jobs, AreCreatedOnceForAnIdempotencyKey) {
  JobRow row;
  row.job.status = JobStatus::queued;
  Remembered outcome{.key_hash = sha256("key"), .body_hash = sha256("body"), .body = "{\"id\":1}"};
  EXPECT_EQ(must(store_->create_job(row, {}, outcome)).outcome, CreatedJob::Outcome::created);
  outcome.body = "{\"id\":2}";
  outcome.body_hash = sha256("other body");
  CreatedJob second = must(store_->create_job(row, {}, outcome));
  EXPECT_EQ(second.outcome, CreatedJob::Outcome::repeated);
  EXPECT_EQ(second.remembered->body, "{\"id\":1}");
  EXPECT_EQ(second.remembered->body_hash, sha256("body"));
  EXPECT_EQ(must(store_->list_jobs({}, {})).items.size(), 1U);
  row.tenant.project = "proj-b";
  EXPECT_EQ(must(store_->create_job(row, {}, outcome)).outcome, CreatedJob::Outcome::created)
      << "another tenant's key is another key";
}

TEST_P(Jobs, IdempotencyRecordsAreForgottenAfterADay) {
  Remembered outcome{.key_hash = sha256("key"), .body_hash = sha256("body"), .body = "first"};
  EXPECT_EQ(must(store_->remember({}, outcome)).body, "first");
  outcome.body = "second";
  EXPECT_EQ(must(store_->remember({}, outcome)).body, "first");
  EXPECT_EQ(must(store_->recall({}, sha256("key")))->body, "first");
  time_ += 24 * 3600 + 1;
  EXPECT_EQ(must(store_->sweep()).idempotency_forgotten, 1);
  EXPECT_FALSE(must(store_->recall({}, sha256("key"))).has_value());
}

TEST_P(Jobs, OfAKeyEndAtItsQuota) {
  must(store_->add_key({.id = "key_1", .hash = sha256("k"), .unfinished_jobs_limit = 2}));
  JobRow row;
  row.job.status = JobStatus::queued;
  row.key_id = "key_1";
  Remembered outcome{.key_hash = sha256("key"), .body_hash = sha256("body"), .body = "x"};
  std::string first = must(store_->create_job(row, {})).job.job.id;
  must(store_->create_job(row, {}));
  CreatedJob third = must(store_->create_job(row, {}, outcome));
  EXPECT_EQ(third.outcome, CreatedJob::Outcome::over_quota);
  EXPECT_EQ(third.unfinished_limit, 2);
  EXPECT_FALSE(must(store_->recall({}, outcome.key_hash)).has_value());
  must(store_->request_cancel({}, first));
  EXPECT_EQ(must(store_->create_job(row, {}, outcome)).outcome, CreatedJob::Outcome::created);
}

// ---- events ----

TEST_P(Jobs, EventsAreListedNewestFirstAndReadForwardBySequence) {
  std::string id = create_job();
  claim();
  for (int step = 1; step <= 5; ++step) {
    NewEvent event = info_event(fmt::format("Step {}/5", step));
    event.event.type = "metrics";
    event.event.data = Json{{"step", step}, {"train_loss", 0.25}};
    must(store_->record(id, 1, {.events = {event}}));
  }
  auto page = must(store_->list_events({}, id, {.limit = 2}));
  ASSERT_EQ(page.items.size(), 2U);
  EXPECT_TRUE(page.has_more);
  EXPECT_EQ(page.items[0].event.message, "Step 5/5");
  EXPECT_EQ(page.items[0].event.job_id, id);
  EXPECT_EQ(page.items[0].event.data["step"], 5);
  auto next = must(store_->list_events({}, id, {.after = page.items[1].event.id, .limit = 100}));
  EXPECT_EQ(next.items.size(), 5U);
  EXPECT_EQ(next.items.back().event.message, "Created fine-tuning job");
  auto after = must(store_->events_after(id, 5, 100));
  ASSERT_EQ(after.size(), 2U);
  EXPECT_EQ(after[0].sequence, 6);
  EXPECT_EQ(after[1].event.message, "Step 5/5");
  EXPECT_FALSE(must(store_->list_events({}, id, {.after = "ftevent-unknown"})).cursor_found);
}

TEST_P(Jobs, TailsSayHowFarManyJobsHaveCome) {
  std::vector<std::string> ids;
  for (int i = 0; i < 120; ++i) ids.push_back(create_job());
  must(store_->request_cancel({}, ids[7]));
  ids.push_back("ftjob-unknown");
  std::map<std::string, JobTail> tails;
  for (const JobTail& tail : must(store_->tails(ids))) {
    EXPECT_TRUE(tails.emplace(tail.job_id, tail).second) << "each job once";
  }
  EXPECT_EQ(tails.size(), 120U);
  EXPECT_EQ(tails[ids[7]].last_sequence, 2);
  EXPECT_EQ(tails[ids[7]].status, JobStatus::cancelled);
  EXPECT_EQ(tails[ids[119]].last_sequence, 1);
  EXPECT_TRUE(must(store_->tails({})).empty());
}

TEST_P(Jobs, ChangeTokenMovesWithEveryCommitOfAnyProcess) {
  std::optional<std::int64_t> before = store_->change_token();
  if (is_postgresql()) {
    EXPECT_FALSE(before.has_value());
    return;
  }
  EXPECT_EQ(store_->change_token(), before);
  create_job();
  std::optional<std::int64_t> after = store_->change_token();
  EXPECT_NE(after, before);
  must(open_again()->remember({}, {.key_hash = "a", .body_hash = "b"}));
  EXPECT_NE(store_->change_token(), after);
}

TEST_P(Jobs, StatisticsCountJobsByState) {
  create_job();
  create_job();
  claim();
  add_file("abc");
  Statistics statistics = must(store_->statistics());
  EXPECT_EQ(statistics.jobs[JobStatus::queued], 1);
  EXPECT_EQ(statistics.jobs[JobStatus::running], 1);
  EXPECT_EQ(statistics.leases, 1);
  EXPECT_EQ(statistics.files, 1);
  EXPECT_EQ(statistics.blobs, 1);
  EXPECT_EQ(statistics.blob_bytes, 3);
}

}  // namespace
}  // namespace attune::testing_support
