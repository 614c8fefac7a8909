// A hosted account copied into a folder: pages, refusals, second runs and servers that misbehave.
#include "client/account_copy.h"

#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/test_clients.h"

namespace attune::client {
namespace {

using testing::HasSubstr;

const std::string kRows = "{\"messages\":[]}\n{\"messages\":[]}\n";

// An account of three files (one of them a result) and two jobs, one of which still runs.
struct Account {
  std::int64_t told_bytes = std::ssize(kRows);
  int content_status = 200;  // of file-a
  int key_status = 200;      // of every call
  bool repeats_pages = false;
  std::string job_id = "ftjob-1";

  Json file(const std::string& id, const std::string& purpose) const {
    return {{"id", id},
            {"object", "file"},
            {"bytes", told_bytes},
            {"created_at", 1},
            {"filename", id + ".jsonl"},
            {"purpose", purpose},
            {"status", "processed"}};
  }
  static Json job(const std::string& id, const std::string& status) {
    return {{"id", id},
            {"object", "fine_tuning.job"},
            {"model", "tiny"},
            {"created_at", 1},
            {"status", status},
            {"training_file", "file-gone"},
            {"result_files", status == "succeeded" ? Json{"file-r"} : Json::array()}};
  }
  static Json event(int number) {
    return {{"id", fmt::format("ev-{}", number)}, {"created_at", number}, {"message", "m"}};
  }

  Scripted operator()(const Seen& request) const {
    const std::string path = request.path();
    const bool first = request.target.find("after=") == std::string::npos;
    if (key_status != 200) return answer({{"error", {{"message", "no"}}}}, key_status);
    if (path == "/v1/files") {
      // Two pages; a server that repeats itself sends the first for ever.
      if (first || repeats_pages)
        return answer({{"data", {file("file-a", "fine-tune")}}, {"has_more", true}});
      return answer({{"data", {file("file-b", "batch"), file("file-r", "fine-tune-results")}},
                     {"has_more", false}});
    }
    if (path == "/v1/fine_tuning/jobs")
      return answer(
          {{"data", {job(job_id, "succeeded"), job("ftjob-2", "running")}}, {"has_more", false}});
    if (path.ends_with("/events")) {
      if (first) return answer({{"data", {event(3), event(2)}}, {"has_more", true}});
      return answer({{"data", {event(1)}}, {"has_more", false}});
    }
    if (path.ends_with("/checkpoints"))
      return answer({{"data", {{{"id", "ck"}, {"step_number", 1}}}}, {"has_more", false}});
    if (path == "/v1/files/file-a/content" && content_status == 200) return {.body = kRows};
    if (path == "/v1/files/file-r/content") return {.body = "c3RlcCx0cmFpbl9sb3NzCjEsMi41Cg=="};
    return answer({{"error", {{"message", "Not allowed to download it"}}}},
                  path == "/v1/files/file-a/content" ? content_status : 404);
  }
};

std::string text_of(const Path& path) { return read_file(path).value_or("missing"); }

std::set<std::string> paths_asked(const ScriptedServer& server, std::size_t from) {
  std::set<std::string> paths;
  const std::vector<Seen> seen = server.seen();
  for (std::size_t i = from; i < seen.size(); ++i) paths.insert(seen[i].path());
  return paths;
}

CopySummary copy(ApiClient& api, const Path& folder, const CopyOptions& options = {}) {
  const Result<CopySummary> summary = copy_account(api, folder, options);
  EXPECT_TRUE(summary) << summary.error().message();
  return summary.value_or(CopySummary{});
}

TEST(CopyAccount, EverythingIsStoredWhateverPageItStandsOn) {
  const TemporaryFolder folder;
  const ScriptedServer server{Account()};
  const CopySummary summary = copy(*client_of(server), folder.path());
  EXPECT_EQ(text_of(folder / "files/file-a.jsonl"), kRows);
  EXPECT_EQ(text_of(folder / "results/file-r.csv"), "step,train_loss\n1,2.5\n");
  EXPECT_THAT(text_of(folder / "jobs/ftjob-1.json"), HasSubstr("\"succeeded\""));
  EXPECT_EQ(text_of(folder / "jobs/ftjob-1.events.jsonl"), to_text(Account::event(1)) + "\n" +
                                                               to_text(Account::event(2)) + "\n" +
                                                               to_text(Account::event(3)) + "\n");
  EXPECT_THAT(text_of(folder / "jobs/ftjob-1.checkpoints.json"), HasSubstr("\"ck\""));
  EXPECT_EQ(summary.stored, 8);  // a file, a result, and three of each job
  EXPECT_EQ(summary.other_purpose, 1);
  ASSERT_EQ(summary.not_available.size(), 1u);  // what the jobs were trained on is gone
  EXPECT_EQ(summary.not_available[0].id, "file-gone");
  EXPECT_TRUE(summary.failed.empty());
}

TEST(CopyAccount, ASecondRunAsksOnlyForWhatMayHaveChanged) {
  const TemporaryFolder folder;
  const ScriptedServer server{Account()};
  copy(*client_of(server), folder.path());
  const std::size_t before = server.seen().size();
  const CopySummary again = copy(*client_of(server), folder.path());
  EXPECT_EQ(paths_asked(server, before),
            (std::set<std::string>{"/v1/files", "/v1/fine_tuning/jobs", "/v1/files/file-gone",
                                   "/v1/fine_tuning/jobs/ftjob-2/events",
                                   "/v1/fine_tuning/jobs/ftjob-2/checkpoints"}));
  EXPECT_EQ(again.kept, 5);
  EXPECT_EQ(again.stored, 3);
}

TEST(CopyAccount, AFileThatWasCutShortIsFetchedAgain) {
  const TemporaryFolder folder;
  const ScriptedServer server{Account()};
  copy(*client_of(server), folder.path());
  std::filesystem::resize_file(folder / "files/file-a.jsonl", 3);
  std::filesystem::remove(folder / "jobs/ftjob-1.events.jsonl");
  copy(*client_of(server), folder.path());
  EXPECT_EQ(text_of(folder / "files/file-a.jsonl"), kRows);
  EXPECT_NE(text_of(folder / "jobs/ftjob-1.events.jsonl"), "missing");
}

TEST(CopyAccount, WhatAKilledRunWasWritingIsRemoved) {
  const TemporaryFolder folder;
  const pid_t killed = fork();
  if (killed == 0) _exit(0);
  waitpid(killed, nullptr, 0);
  std::filesystem::create_directories(folder / "files");
  const Path left = write_text(folder / fmt::format("files/.file-a.jsonl.{}-3.tmp", killed), "x");
  const Path own = write_text(folder / fmt::format("files/.file-a.jsonl.{}-3.tmp", getpid()), "x");
  const Path other = write_text(folder / "files/.notes.tmp", "x");
  const ScriptedServer server{Account()};
  copy(*client_of(server), folder.path());
  EXPECT_FALSE(std::filesystem::exists(left));
  EXPECT_TRUE(std::filesystem::exists(own));
  EXPECT_TRUE(std::filesystem::exists(other));
}

TEST(CopyAccount, ARefusedFileIsListedAndDoesNotStopTheRest) {
  for (const int status : {400, 403, 404}) {
    const TemporaryFolder folder;
    const ScriptedServer server{Account{.content_status = status}};
    const CopySummary summary = copy(*client_of(server), folder.path());
    ASSERT_EQ(summary.not_available.size(), 2u) << status;
    EXPECT_EQ(summary.not_available[0].id, "file-a");
    EXPECT_THAT(summary.not_available[0].reason, HasSubstr("Not allowed to download it"));
    EXPECT_EQ(text_of(folder / "files/file-a.jsonl"), "missing");
    EXPECT_EQ(summary.stored, 7);
    EXPECT_THAT(text_of(folder / "index.json"), HasSubstr("Not allowed to download it"));
  }
}

TEST(CopyAccount, AFaultOfTheServerIsAFailureThatTheNextRunMends) {
  const TemporaryFolder folder;
  const ScriptedServer broken{Account{.content_status = 500}};
  const CopySummary summary = copy(*client_of(broken), folder.path());
  ASSERT_EQ(summary.failed.size(), 1u);
  EXPECT_EQ(summary.failed[0].id, "file-a");
}

TEST(CopyAccount, AnotherSizeThanTheServersIsKeptButCountsAsFailed) {
  const TemporaryFolder folder;
  const ScriptedServer server{Account{.told_bytes = 99}};
  const CopySummary summary =
      copy(*client_of(server), folder.path(),
           {.kinds = {.jobs = false, .events = false, .checkpoints = false, .results = false}});
  ASSERT_EQ(summary.failed.size(), 1u);
  EXPECT_EQ(summary.failed[0].reason, "32 bytes came, the server says 99");
  EXPECT_EQ(text_of(folder / "files/file-a.jsonl"), kRows);
}

TEST(CopyAccount, AnIdThatIsAPathIsNeverWritten) {
  const TemporaryFolder folder;
  const ScriptedServer server{Account{.job_id = "../../evil"}};
  const CopySummary summary = copy(*client_of(server), folder / "deep/er");
  ASSERT_EQ(summary.not_available.size(), 2u);
  EXPECT_EQ(summary.not_available[0].id, "../../evil");
  EXPECT_FALSE(std::filesystem::exists(folder / "evil.json"));
}

TEST(CopyAccount, AServerThatRepeatsAPageDoesNotHoldItUp) {
  const TemporaryFolder folder;
  const ScriptedServer server{Account{.repeats_pages = true}};
  const CopySummary summary = copy(*client_of(server), folder.path());
  ASSERT_EQ(summary.failed.size(), 1u);
  EXPECT_THAT(summary.failed[0].reason, HasSubstr("repeats a page"));
  EXPECT_EQ(text_of(folder / "files/file-a.jsonl"), kRows);
}

TEST(CopyAccount, ARefusedKeyEndsItAtOnce) {
  const TemporaryFolder folder;
  const ScriptedServer server{Account{.key_status = 401}};
  const auto summary = copy_account(*client_of(server), folder.path(), {});
  ASSERT_FALSE(summary);
  EXPECT_THAT(summary.error().message(), HasSubstr("HTTP 401"));
  EXPECT_EQ(server.seen().size(), 1u);
}

TEST(CopyAccount, TwoAccountsDoNotShareAFolder) {
  const TemporaryFolder folder;
  const ScriptedServer server{Account()};
  const ScriptedServer other{Account()};
  copy(*client_of(server), folder.path());
  const auto summary = copy_account(*client_of(other), folder.path(), {});
  ASSERT_FALSE(summary);
  EXPECT_THAT(summary.error().message(), HasSubstr("give each account a folder of its own"));
}

TEST(CopyAccount, OnlyTheKindsThatWereAskedForAreFetched) {
  const TemporaryFolder folder;
  const ScriptedServer server{Account()};
  const Result<CopyKinds> kinds = CopyKinds::parse({"events"});
  ASSERT_TRUE(kinds);
  EXPECT_EQ(copy(*client_of(server), folder.path(), {.kinds = *kinds}).stored, 2);
  EXPECT_FALSE(CopyKinds::parse({"models"}));
}

}  // namespace
}  // namespace attune::client
