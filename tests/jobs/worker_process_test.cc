#include "jobs/worker_process.h"

#include <gtest/gtest.h>
#include <poll.h>

#include "io/temporary_folder.h"

namespace attune::jobs {
namespace {

using testing_support::slurp;
using testing_support::TemporaryFolder;

class Process : public ::testing::Test {
 protected:
  WorkerProcess start(const std::string& script) {
    auto started = WorkerProcess::start({.program = "/bin/sh",
                                         .arguments = {"-c", script},
                                         .environment = {{"ATTUNE_HOME", "/somewhere"}},
                                         .log = folder_.path() / "runs" / "worker.log"});
    EXPECT_TRUE(started) << started.error().message();
    return std::move(*started);
  }
  Ending end_of(const std::string& script) { return start(script).reap(); }
  TemporaryFolder folder_;
};

TEST_F(Process, EndsWell) {
  EXPECT_EQ(end_of("exit 0").kind, Ending::Kind::done);
  EXPECT_GT(end_of("exit 0").peak_memory_bytes, 0);
}

TEST_F(Process, LeavesItsLastWords) {
  const Ending ending = end_of("echo the disk is gone; exit 4");
  EXPECT_EQ(ending.kind, Ending::Kind::error);
  EXPECT_EQ(ending.reason, "the disk is gone");
  EXPECT_EQ(end_of("exit 3").reason, "it ended with exit code 3");
}

TEST_F(Process, ThatCrashesIsToldFromOneThatIsKilled) {
  const Ending crashed = end_of("kill -SEGV $$");
  EXPECT_EQ(crashed.kind, Ending::Kind::crashed);
  EXPECT_EQ(crashed.reason, "it was ended by signal 11 (Segmentation fault)");
  EXPECT_EQ(end_of("kill -KILL $$").kind, Ending::Kind::killed);
  EXPECT_EQ(end_of("kill -TERM $$").reason, "it was ended by signal 15 (Terminated)");
}

TEST_F(Process, HasTheEnvironmentAndTheLog) {
  EXPECT_EQ(end_of("echo $ATTUNE_HOME; echo noted >&2; exit 1").reason, "/somewhere");
  EXPECT_EQ(slurp(folder_.path() / "runs" / "worker.log"), "noted\n");
}

TEST_F(Process, InheritsNothingButItsStreams) {
  EXPECT_EQ(end_of("ls /proc/self/fd | wc -l; exit 1").reason, "4");  // 0, 1, 2 and the listing
}

TEST_F(Process, IsAskedToLeave) {
  const WorkerProcess other = start("read line");  // holds no end of the first one's pipes
  WorkerProcess process = start("read line; exit 7");
  EXPECT_FALSE(process.has_ended());
  process.ask_to_leave();
  const Ending ending = process.reap();
  EXPECT_EQ(ending.kind, Ending::Kind::killed);
  EXPECT_EQ(ending.reason, "it was ended by signal 15 (Terminated)");
}

TEST_F(Process, TellsItsEndByADescriptor) {
  WorkerProcess process = start("sleep 0.1; exit 0");
  pollfd watched{.fd = process.ended_descriptor(), .events = 0, .revents = 0};
  ASSERT_EQ(::poll(&watched, 1, 5000), 1);
  EXPECT_NE(watched.revents & POLLHUP, 0);
  EXPECT_EQ(process.reap().kind, Ending::Kind::done);
}

TEST_F(Process, ThatCannotStartIsAnError) {
  const auto started = WorkerProcess::start({.program = "/nowhere/attune",
                                             .arguments = {},
                                             .environment = {},
                                             .log = folder_.path() / "worker.log"});
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().kind, ErrorKind::environment);
}

}  // namespace
}  // namespace attune::jobs
