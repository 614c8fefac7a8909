// Lines of the log are read back with a JSON parser, from a file.
#include "base/log.h"

#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/redact.h"

namespace attune {
namespace {

using nlohmann::json;

class LogFile : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) /
              ("log_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<Log> open(LogOptions options = {}) {
    options.destination = path();
    auto log = Log::open(options);
    EXPECT_TRUE(log.has_value());
    return std::move(*log);
  }
  std::string path() const { return (folder_ / "attune.log").string(); }
  std::vector<std::string> lines() const {
    std::ifstream file(path());
    std::vector<std::string> found;
    for (std::string line; std::getline(file, line);) found.push_back(line);
    return found;
  }

  std::filesystem::path folder_;
};

TEST_F(LogFile, WritesOpenTelemetryRecords) {
  auto log = open({.resource = {{"service.version", "1.2"}}});
  log->info("job created", {{"attune.job.id", "ftjob-1"},
                            {"attune.job.attempt", 2},
                            {"http.server.request.duration", 0.25},
                            {"attune.flag", true}});
  log->flush();
  ASSERT_EQ(lines().size(), 1u);
  const json line = json::parse(lines()[0]);
  EXPECT_EQ(line["SeverityText"], "INFO");
  EXPECT_EQ(line["SeverityNumber"], 9);
  EXPECT_EQ(line["Body"], "job created");
  EXPECT_EQ(line["Attributes"]["attune.job.id"], "ftjob-1");
  EXPECT_EQ(line["Attributes"]["attune.job.attempt"], 2);
  EXPECT_EQ(line["Attributes"]["http.server.request.duration"], 0.25);
  EXPECT_EQ(line["Attributes"]["attune.flag"], true);
  EXPECT_EQ(line["Resource"]["service.name"], "attune");
  EXPECT_EQ(line["Resource"]["service.version"], "1.2");
  EXPECT_GT(std::stoll(line["Timestamp"].get<std::string>()), 1'600'000'000'000'000'000);
}

TEST_F(LogFile, KeepsOneJsonDocumentALineWhateverTheTextHolds) {
  auto log = open();
  constexpr char kHostile[] =
      "quote\" back\\ line\nnul\0 bell\x07 latin\xe9 cut\xe2\x82 high\xed\xa0\x80 end";
  const std::string hostile(kHostile, sizeof kHostile - 1);
  log->warning(hostile, {{"attune.text", hostile},
                         {"attune.not_a_number", std::numeric_limits<double>::quiet_NaN()}});
  log->flush();
  ASSERT_EQ(lines().size(), 1u);
  const json line = json::parse(lines()[0]);
  EXPECT_NE(line["Body"].get<std::string>().find("line\nnul"), std::string::npos);
  EXPECT_EQ(line["Body"], line["Attributes"]["attune.text"]);
  EXPECT_TRUE(line["Attributes"]["attune.not_a_number"].is_null());
}

TEST_F(LogFile, LeavesOutWhatIsLessSevere) {
  auto log = open({.least = Severity::warning});
  log->info("no");
  log->error("yes");
  log->flush();
  ASSERT_EQ(lines().size(), 1u);
  EXPECT_EQ(json::parse(lines()[0])["Body"], "yes");
}

TEST_F(LogFile, WritesTextForTerminals) {
  auto log = open({.form = LogForm::text});
  log->info("job created\nforged line", {{"attune.job.id", "ftjob-1"}});
  log->flush();
  ASSERT_EQ(lines().size(), 1u);
  EXPECT_NE(lines()[0].find("INFO  job created\\u000aforged line attune.job.id=\"ftjob-1\""),
            std::string::npos)
      << lines()[0];
}

TEST_F(LogFile, HoldsNoSecret) {
  auto log = open();
  const std::string secret = "sk-attune-0123456789abcdef";
  log->error("refused Authorization: Bearer " + secret,
             {{"authorization", "Bearer " + secret},
              {"webhook.secret", "plain words"},
              {"url.full", "https://user:hunter2@example.com/?api_key=" + secret}});
  log->flush();
  ASSERT_EQ(lines().size(), 1u);
  for (const char* hidden : {"0123456789abcdef", "plain words", "hunter2"})
    EXPECT_EQ(lines()[0].find(hidden), std::string::npos) << lines()[0];
  EXPECT_TRUE(json::accept(lines()[0]));
}

TEST_F(LogFile, TakesLinesFromManyThreadsWhole) {
  auto log = open({.queue_lines = 100'000});
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&, i] {
      for (int line = 0; line < 2000; ++line) log->info("line", {{"thread", i}, {"line", line}});
    });
  for (std::thread& thread : threads) thread.join();
  log->flush();
  EXPECT_EQ(log->dropped(), 0);
  ASSERT_EQ(lines().size(), 8000u);
  for (const std::string& line : lines()) EXPECT_TRUE(json::accept(line));
}

TEST_F(LogFile, WritesWhatIsQueuedBeforeItEnds) {
  {
    auto log = open();
    for (int i = 0; i < 500; ++i) log->info("line");
  }
  EXPECT_EQ(lines().size(), 500u);
}

TEST_F(LogFile, RotatesAtItsLimit) {
  auto log = open({.rotate_bytes = 2000, .rotate_files = 2});
  for (int i = 0; i < 100; ++i) log->info("a line of some length, to fill the file");
  log->flush();
  EXPECT_LE(std::filesystem::file_size(path()), 2400u);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "attune.1.log"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "attune.3.log"));
}

TEST(Log, SaysThatItsFileCannotBeOpened) {
  const auto log = Log::open({.destination = "/proc/nothing/attune.log"});
  ASSERT_FALSE(log.has_value());
  EXPECT_EQ(log.error().kind, ErrorKind::environment);
  EXPECT_EQ(log.error().where, "/proc/nothing/attune.log");
}

TEST(Log, WritesNothingToNone) {
  const auto log = Log::open({.destination = "none"});
  ASSERT_TRUE(log.has_value());
  (*log)->error("nowhere");
  (*log)->flush();
}

struct RedactCase {
  const char* text;
  const char* clean;
};
class Redact : public testing::TestWithParam<RedactCase> {};
INSTANTIATE_TEST_SUITE_P(
    Texts, Redact,
    testing::Values(RedactCase{"nothing to hide", "nothing to hide"}, RedactCase{"", ""},
                    RedactCase{"Authorization: Bearer abc.def-123", "Authorization: [redacted]"},
                    RedactCase{"sent bearer abcdef123", "sent bearer [redacted]"},
                    RedactCase{"key sk-abcdefghijklmnop used", "key [redacted] used"},
                    RedactCase{"ask-abcdefghijklmnop", "ask-abcdefghijklmnop"},
                    RedactCase{"whsec_MDEyMzQ1Njc4OWFi=", "[redacted]"},
                    RedactCase{"GET /v1?api_key=abc&x=1", "GET /v1?api_key=[redacted]&x=1"},
                    RedactCase{"{\"password\": \"hunter2\", \"a\": 1}",
                               "{\"password\": \"[redacted]\", \"a\": 1}"},
                    RedactCase{"http://me:hunter2@host/p", "http://me:[redacted]@host/p"},
                    RedactCase{"http://host:80/p", "http://host:80/p"},
                    RedactCase{"trained_tokens=5000", "trained_tokens=5000"},
                    RedactCase{"Step 3/30: training loss=0.15", "Step 3/30: training loss=0.15"},
                    RedactCase{"ft:tiny:org::abc:ckpt-step-3", "ft:tiny:org::abc:ckpt-step-3"}));
TEST_P(Redact, TakesOutSecretsAlone) { EXPECT_EQ(redact(GetParam().text), GetParam().clean); }

}  // namespace
}  // namespace attune
