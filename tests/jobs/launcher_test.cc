// The launcher with real workers: it runs the queue, and says truly how a worker ended.
#include "jobs/launcher.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <thread>

#include <fmt/format.h>
#include <unistd.h>

#include "jobs/worker_fixture.h"

namespace attune::testing_support {
namespace {

class Launching : public WorkerTest {
 protected:
  LauncherOptions options() const {
    return {.program = ATTUNE_BINARY,
            .database_url = url_,
            .worker_arguments = {"--threads", "1", "--checkpoint-seconds", "0.1"},
            .poll_seconds = 0.05};
  }
  std::unique_ptr<Launcher> start(const LauncherOptions& with) {
    return must(Launcher::start(*store_, home_, with));
  }
  // Waits for a state; the states that a job can't leave end the wait as well.
  JobStatus wait_for(const std::string& id, JobStatus status) {
    for (int round = 0; round < 6000; ++round) {
      const JobStatus now = job(id).job.status;
      if (now == status || is_final(now)) return now;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return job(id).job.status;
  }
  bool was_told(const std::string& id, const std::string& words) {
    const auto all = messages(id);
    return std::any_of(all.begin(), all.end(), [&](const std::string& message) {
      return message.find(words) != std::string::npos;
    });
  }
};

TEST_F(Launching, RunsTheQueueInOrder) {
  const std::string first = create_job({});
  const std::string second = create_job({});
  // Of two files checked side by side, the one that is done first goes first.
  LauncherOptions one_check = options();
  one_check.checks_at_once = 1;
  const auto launcher = start(one_check);
  EXPECT_EQ(wait_for(second, JobStatus::succeeded), JobStatus::succeeded);
  EXPECT_EQ(job(first).job.status, JobStatus::succeeded);
  EXPECT_LE(*job(first).job.finished_at, *job(second).job.finished_at);
  EXPECT_TRUE(launcher->problem().empty()) << launcher->problem();
}

TEST_F(Launching, SeesAKillAtOnceAndContinues) {
  const std::string id = create_job({.epochs = 20});
  const auto launcher = start(options());
  wait_for_event(id, "Step ");
  for (const ActiveWorker& worker : launcher->workers()) {
    EXPECT_EQ(worker.job_id, id);
    ::kill(static_cast<pid_t>(worker.process), SIGKILL);
  }
  wait_for_event(id, "The worker of this job was lost (it was ended by signal 9 (Killed))");
  EXPECT_EQ(wait_for(id, JobStatus::succeeded), JobStatus::succeeded);
}

TEST_F(Launching, FailsAJobWhoseWorkerCrashesAgainAndAgainWithTheReason) {
  const std::string id = create_job({});
  LauncherOptions crashing = options();
  crashing.program = folder_.write("crash", "#!/bin/sh\nkill -SEGV $$\n");
  std::filesystem::permissions(crashing.program, std::filesystem::perms::owner_all);
  crashing.crash_limit = 2;
  const auto launcher = start(crashing);
  EXPECT_EQ(wait_for(id, JobStatus::failed), JobStatus::failed);
  ASSERT_TRUE(job(id).job.error);
  EXPECT_EQ(job(id).job.error->code, "worker_crashed");
  EXPECT_NE(job(id).job.error->message.find("signal 11 (Segmentation fault)"), std::string::npos)
      << job(id).job.error->message;
}

TEST_F(Launching, TellsTheLastWordsOfAWorkerThatCannotWork) {
  const std::string id = create_job({});
  LauncherOptions broken = options();
  broken.program =
      folder_.write("broken", "#!/bin/sh\necho the disk of the runs is gone\nexit 4\n");
  std::filesystem::permissions(broken.program, std::filesystem::perms::owner_all);
  broken.crash_limit = 2;
  const auto launcher = start(broken);
  EXPECT_EQ(wait_for(id, JobStatus::failed), JobStatus::failed);
  EXPECT_TRUE(was_told(id, "the disk of the runs is gone"));
}

TEST_F(Launching, StoppedGivesItsJobsBack) {
  const std::string id = create_job({.epochs = 20});
  auto launcher = start(options());
  wait_for_event(id, "Step ");
  launcher->stop();
  EXPECT_TRUE(launcher->workers().empty());
  const JobRow row = job(id);
  EXPECT_EQ(row.job.status, JobStatus::queued);
  EXPECT_TRUE(row.worker.empty());
  EXPECT_EQ(row.losses, 0);
  const auto again = start(options());
  EXPECT_EQ(wait_for(id, JobStatus::succeeded), JobStatus::succeeded);
  EXPECT_TRUE(was_told(id, "continuing after step"));
}

// A server in a process of its own, so that it can be killed: this program once more, with the
// test below alone.
TEST_F(Launching, KilledLeavesWorkersThatGiveTheirJobBack) {
  const std::string id = create_job({.epochs = 150});
  {
    const WorkerProcess server = must(WorkerProcess::start(
        {.program = "/proc/self/exe",
         .arguments = {"--gtest_filter=ServerForATest.*", "--gtest_also_run_disabled_tests"},
         .environment = {{"ATTUNE_HOME", home_.root.string()}, {"ATTUNE_DATABASE_URL", url_}},
         .log = folder_.path() / "server.log"}));
    wait_for_event(id, "Step ");
    EXPECT_GT(job(id).process, 0);
  }  // it is killed here
  EXPECT_EQ(wait_for(id, JobStatus::queued), JobStatus::queued);
  EXPECT_TRUE(job(id).worker.empty());
  const auto launcher = start(options());
  EXPECT_EQ(wait_for(id, JobStatus::succeeded), JobStatus::succeeded);
}

TEST(ServerForATest, DISABLED_RunsUntilItIsKilled) {
  const Home home = Home::from_environment();
  const auto store = must(Store::open(home.database_url(), {}));
  const auto launcher =
      must(Launcher::start(*store, home,
                           {.program = ATTUNE_BINARY,
                            .worker_arguments = {"--threads", "1", "--checkpoint-seconds", "0.1"},
                            .poll_seconds = 0.05}));
  while (true) ::pause();
}

TEST_F(Launching, FindsAWorkerThatDiedTogetherWithItsServer) {
  const std::string id = create_job({});
  validate(id);
  const auto row =
      must(store_->claim_next({.worker = "gone", .host = host_identity(), .lease_seconds = 3600}));
  ASSERT_TRUE(row);
  must(store_->note_process(id, row->attempt, 999'999'999));
  const auto launcher = start(options());
  wait_for_event(id, "The worker of this job was lost (its process is gone");
  EXPECT_EQ(wait_for(id, JobStatus::succeeded), JobStatus::succeeded);
}

}  // namespace
}  // namespace attune::testing_support
