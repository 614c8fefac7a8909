// A process that writes to the store is killed at random moments. Whatever it had reached, the
// store is whole: each transaction is there with all of its parts, or not at all.
#include <csignal>
#include <fstream>
#include <random>
#include <set>

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "jobs/store_fixture.h"

namespace attune::testing_support {
namespace {

class Crash : public StoreTest {
 protected:
  // What the process does until it is killed: it creates, claims, trains and ends jobs, as fast as
  // it can. An error of the store ends it with a status that the test sees.
  [[noreturn]] void work(int round) {
    auto store = Store::open(url_, {.clock = [this] { return time_.load(); }});
    auto blobs = BlobStore::open(folder_.path() / "blobs");
    if (!store || !blobs) ::_exit(3);
    for (int i = 0;; ++i) {
      if (!work_once(**store, *blobs, fmt::format("{}.{}", round, i))) ::_exit(4);
    }
  }

  static bool work_once(Store& store, const BlobStore& blobs, const std::string& name) {
    auto writer = blobs.open_writer();
    if (!writer || !writer->write(name)) return false;
    auto digest = writer->commit();
    if (!digest) return false;
    FileRow file;
    file.digest = *digest;
    file.file.id = "file-" + name;
    file.file.bytes = writer->bytes();
    file.file.created_at = 1;
    file.file.filename = "f";
    file.file.purpose = "fine-tune";
    if (!store.add_file({}, file)) return false;
    JobRow row;
    row.job.id = "ftjob-" + name;
    row.job.status = JobStatus::queued;
    row.training_digest = *digest;
    if (!store.create_job(row, {info_event("Created")})) return false;
    auto claimed = store.claim_next({.worker = "w"});
    if (!claimed || !*claimed) return false;
    const std::string& id = (*claimed)->job.id;
    std::int64_t attempt = (*claimed)->attempt;
    for (int step = 1; step <= 3; ++step) {
      wire::CheckpointObject made = checkpoint(id, step);
      Transition progress{
          .events = {info_event(fmt::format("Step {}", step), fmt::format("step {}", step))},
          .checkpoints = {made},
          .models = {model(made.fine_tuned_model_checkpoint, id)}};
      progress.models[0].adapter = "/tmp";
      if (!store.record(id, attempt, progress)) return false;
    }
    ModelRow last = model("ft:base:org::" + id, id);
    last.adapter = "/tmp";
    return store
        .record(id, attempt,
                {.to = JobStatus::succeeded,
                 .fine_tuned_model = last.model.id,
                 .events = {info_event("The job has successfully completed")},
                 .models = {last}})
        .has_value();
  }

  void expect_whole(int round) {
    SCOPED_TRACE(fmt::format("after kill {}", round));
    CheckReport report = must(store_->check(*blobs_, {.read_contents = true}));
    for (const CheckProblem& problem : report.problems) {
      ADD_FAILURE() << problem.kind << " " << problem.subject << " " << problem.found;
    }
    int held = 0;
    for (const auto& job : must(store_->list_jobs({}, {.limit = 100'000})).items) {
      std::vector<std::string> events = event_messages(job.id);
      std::size_t checkpoints =
          must(store_->list_checkpoints({}, job.id, {.limit = 100})).items.size();
      if (job.status == JobStatus::cancelled) continue;  // by this test, an earlier round
      bool ended = job.status == JobStatus::succeeded;
      bool started = job.status != JobStatus::queued;
      EXPECT_EQ(events.size(), 1U + (started ? 1U : 0U) + checkpoints + (ended ? 1U : 0U))
          << job.id;
      EXPECT_EQ(must(store_->find_model({}, "ft:base:org::" + job.id)).has_value(), ended);
      held += job.status == JobStatus::running ? 1 : 0;
    }
    EXPECT_EQ(must(store_->held_jobs("")).size(), static_cast<std::size_t>(held));
  }
};
ATTUNE_ON_EVERY_DATABASE(Crash);

TEST_P(Crash, LeavesTheStoreWholeWhereverTheWriterWasKilled) {
  std::mt19937 random(7);
  constexpr int kKills = 8;
  for (int round = 0; round < kKills; ++round) {
    store_.reset();  // SQLite's connections may not go through a fork
    pid_t child = ::fork();
    if (child == 0) work(round);
    ::usleep(static_cast<useconds_t>(100'000 + random() % 300'000));
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "it ended with status " << WEXITSTATUS(status);
    store_ = open_again();
    expect_whole(round);
    // The next process goes on; jobs of the dead one return to the queue.
    for (const JobRow& row : must(store_->held_jobs(""))) {
      must(store_->lose_worker(row.job.id, row.attempt, "killed"));
      must(store_->request_cancel({}, row.job.id));
    }
    for (const auto& job : must(store_->list_jobs({}, {.limit = 100'000})).items) {
      if (job.status == JobStatus::queued) must(store_->request_cancel({}, job.id));
    }
    CheckReport report = must(store_->check(*blobs_, {}));
    EXPECT_TRUE(report.problems.empty());
  }
  EXPECT_FALSE(must(store_->list_jobs({}, {})).items.empty());
}

// ---- several processes ----

// Claims until nothing is left, and writes each id as a line of `path`.
[[noreturn]] void claim_all(const std::string& url, const std::string& name, const Path& path) {
  auto store = Store::open(url, {.connections = 2});
  std::ofstream lines(path);
  for (int idle = 0; store && idle < 10;) {
    auto job = (*store)->claim_next({.worker = name, .lease_seconds = 3600});
    if (!job) ::_exit(4);
    if (!*job) {
      ++idle;
      ::usleep(2'000);
      continue;
    }
    lines << (*job)->job.id << std::endl;
  }
  ::_exit(store ? 0 : 3);
}

TEST_P(Crash, GivesNoJobToTwoOfSeveralProcesses) {
  constexpr int kJobs = 40, kProcesses = 4;
  for (int i = 0; i < kJobs; ++i) create_job();
  store_.reset();
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses; ++i) {
    Path path = folder_.path() / fmt::format("claimed.{}", i);
    pid_t child = ::fork();
    if (child == 0) claim_all(url_, fmt::format("w{}", i), path);
    children.push_back(child);
  }
  for (pid_t child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  std::multiset<std::string> claimed;
  for (int i = 0; i < kProcesses; ++i) {
    std::ifstream lines(folder_.path() / fmt::format("claimed.{}", i));
    for (std::string id; std::getline(lines, id);) claimed.insert(id);
  }
  EXPECT_EQ(claimed.size(), static_cast<std::size_t>(kJobs));
  EXPECT_EQ(std::set<std::string>(claimed.begin(), claimed.end()).size(), claimed.size());
  store_ = open_again();
  EXPECT_EQ(must(store_->statistics()).leases, kJobs);
}

// ---- a full disk ----

TEST(FullDisk, IsAnErrorAndLeavesTheStoreWhole) {
  TemporaryFolder folder;
  std::string url = "sqlite:" + (folder.path() / "attune.db").string();
  ASSERT_TRUE(Store::open(url, {}).has_value());
  pid_t child = ::fork();
  if (child == 0) {
    // No file of this process may grow beyond that: writing ends as on a full disk.
    ::signal(SIGXFSZ, SIG_IGN);
    rlimit limit{.rlim_cur = 400'000, .rlim_max = 400'000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    auto store = Store::open(url, {});
    if (!store) ::_exit(3);
    JobRow row;
    row.job.status = JobStatus::queued;
    row.private_data = Json(std::string(10'000, 'x'));
    for (int i = 0; i < 1000; ++i) {
      auto created = (*store)->create_job(row, {info_event("Created")});
      if (!created) ::_exit(created.error().kind == ErrorKind::environment ? 0 : 5);
    }
    ::_exit(6);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  auto store = must(Store::open(url, {}));
  BlobStore blobs = must(BlobStore::open(folder.path() / "blobs"));
  EXPECT_TRUE(must(store->check(blobs, {})).problems.empty());
  auto jobs = must(store->list_jobs({}, {.limit = 1000})).items;
  EXPECT_FALSE(jobs.empty());
  EXPECT_EQ(must(store->request_cancel({}, jobs[0].id)).outcome, ActionAnswer::Outcome::done);
}

}  // namespace
}  // namespace attune::testing_support
