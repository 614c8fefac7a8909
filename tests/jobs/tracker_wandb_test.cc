#include "jobs/tracker_wandb.h"

#include <fstream>

#include <gtest/gtest.h>

#include "io/file.h"
#include "io/temporary_folder.h"
#include "jobs/wandb_file.h"
#include "jobs/wandb_reader.h"

namespace attune::testing_support {
namespace {

using namespace attune::jobs;

EventRow metrics_event(std::int64_t step, double loss) {
  EventRow row{.event = {}, .sequence = step};
  row.event.type = "metrics";
  row.event.created_at = 1'750'000'000 + step;
  row.event.data = {{"step", step}, {"total_steps", 100}, {"train_loss", loss}};
  return row;
}

JobRow job_with(Json integrations) {
  JobRow row;
  row.host = "box";
  row.job.id = "ftjob-abc";
  row.job.model = "tiny";
  row.job.created_at = 1'750'000'000;
  row.job.training_file = "file-1";
  row.job.seed = 7;
  row.job.status = JobStatus::running;
  row.job.integrations = std::move(integrations);
  return row;
}

Json wandb_integration() {
  return Json::array(
      {{{"type", "wandb"},
        {"wandb", {{"project", "tickets"}, {"entity", "team"}, {"tags", {"mine"}}}}}});
}

// name -> value_json of the items in a record
std::map<std::string, std::string> items(const ProtobufMessage& message, int field = 1) {
  std::map<std::string, std::string> found;
  for (const ProtobufMessage& item : message.messages(field)) found[item.text(1)] = item.text(16);
  return found;
}

class WandbRun : public testing::Test {
 protected:
  void update(const JobRow& job, std::vector<EventRow> events, bool ended = false) {
    const auto done = tracker_.update({.job = job, .events = events, .ended = ended}, notes_);
    ASSERT_TRUE(done.has_value()) << done.error().message();
  }
  std::string bytes(const std::string& run = "ftjob-abc") const {
    return read_file(run_folder(run) / ("run-" + run + ".wandb")).value();
  }
  Path run_folder(const std::string& run = "ftjob-abc") const {
    return folder_.path() / ("offline-run-20250615_150640-" + run);
  }
  std::vector<ProtobufMessage> records(const std::string& run = "ftjob-abc") const {
    std::vector<ProtobufMessage> parsed;
    for (const std::string& record : wandb_records(bytes(run)))
      parsed.push_back(ProtobufMessage::parse(record));
    return parsed;
  }

  TemporaryFolder folder_;
  WandbTracker tracker_{folder_.path()};
  Json notes_ = Json::object();
};

TEST_F(WandbRun, HoldsSettingsCurvesSummaryAndExit) {
  JobRow job = job_with(wandb_integration());
  update(job, {metrics_event(1, 1.5)});
  job.job.hyperparameters.n_epochs.value = 3;
  update(job, {metrics_event(2, 1.25)});
  job.job.status = JobStatus::succeeded;
  job.job.finished_at = 1'750'000'060;
  job.job.fine_tuned_model = "ft:tiny:local::abc";
  update(job, {}, true);

  const auto all = records();
  std::vector<int> kinds;
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i].text(1), std::to_string(i + 1));  // numbered from 1
    for (const int kind : {2, 3, 5, 6, 17, 18, 21})
      if (all[i].has(kind)) kinds.push_back(kind);
  }
  EXPECT_EQ(kinds, (std::vector<int>{21, 17, 2, 5, 2, 3, 6, 18}));

  const ProtobufMessage run = all[1].message(17);
  EXPECT_EQ(run.text(1), "ftjob-abc");
  EXPECT_EQ(run.text(2), "team");
  EXPECT_EQ(run.text(3), "tickets");
  EXPECT_EQ(run.text(8), "ftjob-abc");  // the default name
  EXPECT_EQ(run.fields.at(10), (std::vector<std::string>{"openai/finetune", "openai/tiny",
                                                         "openai/ftjob-abc", "mine"}));
  EXPECT_EQ(run.message(17).text(1), "1750000000");
  EXPECT_EQ(items(run.message(4)).at("seed"), "7");
  EXPECT_EQ(items(run.message(4)).at("n_epochs"), "\"auto\"");
  EXPECT_EQ(items(all[3].message(5)).at("n_epochs"), "3");

  const auto point = items(all[2].message(2));
  EXPECT_EQ(point.at("train_loss"), "1.5");
  EXPECT_EQ(point.at("_step"), "1");
  EXPECT_EQ(point.at("_runtime"), "1");
  EXPECT_FALSE(point.contains("total_steps"));
  EXPECT_EQ(all[2].message(2).message(2).text(1), "1");

  const auto summary = items(all[5].message(3));
  EXPECT_EQ(summary.at("train_loss"), "1.25");
  EXPECT_EQ(summary.at("fine_tuned_model"), "\"ft:tiny:local::abc\"");
  EXPECT_EQ(all[7].message(18).text(1), "");  // exit code 0
  EXPECT_EQ(all[7].message(18).text(2), "60");
  const Json file = read_json(run_folder() / "files" / "wandb-summary.json").value();
  EXPECT_EQ(file["train_loss"], 1.25);
}

TEST_F(WandbRun, SaysThatAJobFailed) {
  JobRow job = job_with(wandb_integration());
  job.job.status = JobStatus::failed;
  job.job.error = {.code = "training_failed", .message = "out of memory"};
  update(job, {}, true);
  EXPECT_EQ(records().back().message(18).text(1), "1");
}

TEST_F(WandbRun, IsTheSameFileWhenACrashCutItsWriting) {
  const JobRow job = job_with(wandb_integration());
  update(job, {metrics_event(1, 1.5)});
  const Json notes = notes_;
  update(job, {metrics_event(2, 1.25)});
  const std::string whole = bytes();
  // The crash came after the write and before the notes; then part of another write.
  std::ofstream(run_folder() / "run-ftjob-abc.wandb", std::ios::app | std::ios::binary) << "half";
  notes_ = notes;
  update(job, {metrics_event(2, 1.25)});
  EXPECT_EQ(bytes(), whole);
}

TEST_F(WandbRun, KeepsStepsGoingUp) {
  const JobRow job = job_with(wandb_integration());
  update(job, {metrics_event(5, 1), metrics_event(5, 2), metrics_event(3, 3)});
  std::vector<std::string> steps;
  for (const ProtobufMessage& record : records())
    if (record.has(2)) steps.push_back(items(record.message(2)).at("_step"));
  EXPECT_EQ(steps, (std::vector<std::string>{"5", "6", "7"}));
}

TEST_F(WandbRun, IsWrittenForEachIntegration) {
  Json two = wandb_integration();
  two.push_back({{"type", "wandb"}, {"wandb", {{"project", "second"}, {"name", "named"}}}});
  update(job_with(two), {});
  EXPECT_EQ(records()[1].message(17).text(3), "tickets");
  EXPECT_EQ(records("ftjob-abc-2")[1].message(17).text(3), "second");
  EXPECT_EQ(records("ftjob-abc-2")[1].message(17).text(8), "named");
}

TEST_F(WandbRun, IsNotWantedByOtherJobs) {
  EXPECT_FALSE(tracker_.wants(job_with(Json::array())));
  EXPECT_FALSE(tracker_.wants(job_with(nullptr)));
  EXPECT_FALSE(
      tracker_.wants(job_with(Json::array({{{"type", "mlflow"}}, 5, {{"type", "wandb"}}}))));
  EXPECT_TRUE(tracker_.wants(job_with(wandb_integration())));
}

TEST(WandbTracker, SaysThatItsFolderCannotBeWritten) {
  WandbTracker tracker("/proc/nothing");
  Json notes = Json::object();
  const JobRow job = job_with(wandb_integration());
  const auto done = tracker.update({.job = job, .events = {}}, notes);
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().kind, ErrorKind::environment);
}

// Records of all lengths around the block's, appended in one piece or one by one.
TEST(WandbFile, ReadsBackAcrossBlocks) {
  std::vector<std::string> wanted;
  for (const std::size_t size :
       {0, 1, 100, 32747, 5, 32761, 32762, 32754, 0, 70000, 32700, 40, 3, 9})
    wanted.emplace_back(size, static_cast<char>('a' + wanted.size()));
  std::string file(wandb_file_header());
  for (const std::string& record : wanted) {
    std::string added;
    append_wandb_record(added, static_cast<std::int64_t>(file.size()), record);
    file += added;
  }
  EXPECT_EQ(wandb_records(file), wanted);
  std::string at_once(wandb_file_header());
  for (const std::string& record : wanted) append_wandb_record(at_once, 0, record);
  EXPECT_EQ(at_once, file);
}

TEST(WandbFile, HasZlibsChecksum) { EXPECT_EQ(zlib_crc32("123456789"), 0xcbf43926u); }

}  // namespace
}  // namespace attune::testing_support
