#include <algorithm>
#include <fstream>

#include "jobs/database.h"
#include "jobs/store_fixture.h"

namespace attune::testing_support {
namespace {

class Check : public StoreTest {
 protected:
  // Does to the database what the program never would.
  void tamper(const std::string& sql) {
    auto database = must(Database::open(url_, {}));
    must(database->write([&](Connection& connection) { return connection.run(sql); }));
  }
  std::vector<std::string> kinds(const CheckOptions& options = {}) {
    std::vector<std::string> found;
    for (const CheckProblem& problem : must(store_->check(*blobs_, options)).problems) {
      found.push_back(problem.kind);
    }
    return found;
  }
  // The one problem is found, mended, and gone.
  void expect_mended(const std::string& kind) {
    EXPECT_EQ(kinds(), std::vector<std::string>{kind});
    EXPECT_EQ(kinds({.repair = true}), std::vector<std::string>{kind});
    EXPECT_EQ(kinds(), std::vector<std::string>{});
  }
};
ATTUNE_ON_EVERY_DATABASE(Check);

TEST_P(Check, FindsNothingInAHealthyStore) {
  add_file("abc");
  std::string id = create_job();
  claim();
  create_job();
  must(store_->record(id, 1, {.to = JobStatus::failed, .events = {error_event("no")}}));
  must(store_->request_cancel({}, create_job()));
  CheckReport report = must(store_->check(*blobs_, {.read_contents = true}));
  EXPECT_TRUE(report.problems.empty());
  EXPECT_EQ(report.jobs, 3);
  EXPECT_EQ(report.files, 1);
  EXPECT_EQ(report.blobs, 1);
}

TEST_P(Check, TellsAFilesContentThatIsGone) {
  FileRow file = add_file("abc");
  std::filesystem::remove(blobs_->path(file.digest));
  EXPECT_EQ(kinds({.repair = true}), std::vector<std::string>{"missing_blob"});
  EXPECT_EQ(must(store_->find_file({}, file.file.id))->file.status, "error");
}

TEST_P(Check, TellsAContentThatChanged) {
  FileRow file = add_file("abc");
  std::ofstream(blobs_->path(file.digest)) << "abd";
  EXPECT_TRUE(kinds().empty()) << "its size is right";
  EXPECT_EQ(kinds({.read_contents = true}), std::vector<std::string>{"damaged_blob"});
  std::ofstream(blobs_->path(file.digest)) << "abcd";
  EXPECT_EQ(kinds(), std::vector<std::string>{"damaged_blob"});
}

TEST_P(Check, RemovesOldContentsThatNobodyKnows) {
  BlobWriter writer = must(blobs_->open_writer());
  must(writer.write("forgotten"));
  std::string digest = must(writer.commit());
  { BlobWriter done = std::move(writer); }
  EXPECT_TRUE(kinds().empty()) << "it may be in use: it is young";
  time_ = 4'000'000'000;
  expect_mended("orphan_blob");
  EXPECT_FALSE(blobs_->contains(digest));
}

TEST_P(Check, ReleasesWhatAVanishedHolderHeld) {
  FileRow file = add_file("abc");
  tamper("DELETE FROM files");
  expect_mended("dangling_reference");
  EXPECT_FALSE(blobs_->contains(file.digest));
}

TEST_P(Check, LetsAFileHoldItsContentAgain) {
  FileRow file = add_file("abc");
  tamper("DELETE FROM blob_references");
  expect_mended("unheld_file");
  EXPECT_EQ(must(collect_blobs(*store_, *blobs_)), 0);
}

TEST_P(Check, FreesALeaseThatRanOut) {
  std::string id = create_job();
  claim();
  time_ += 31;
  expect_mended("stuck_lease");
  EXPECT_EQ(status(id), JobStatus::queued);
}

TEST_P(Check, SendsAJobThatRunsAloneBackToTheQueue) {
  std::string id = create_job();
  claim();
  tamper("UPDATE jobs SET worker = ''");
  expect_mended("running_alone");
  EXPECT_EQ(status(id), JobStatus::queued);
}

TEST_P(Check, LetsTheRowDecideAStateThatDiffers) {
  std::string id = create_job();
  tamper("UPDATE jobs SET status = 'paused'");
  expect_mended("states_differ");
  EXPECT_EQ(status(id), JobStatus::paused);
}

TEST_P(Check, FailsAJobOfAStateThatDoesNotExist) {
  std::string id = create_job();
  tamper("UPDATE jobs SET status = 'sleeping'");
  expect_mended("unknown_state");
  EXPECT_EQ(status(id), JobStatus::failed);
  EXPECT_EQ(job(id).job.error->code, "server_error");
}

TEST_P(Check, TellsEventsThatAreMissing) {
  create_job();
  claim();
  tamper("DELETE FROM events WHERE sequence = 1");
  EXPECT_EQ(kinds(), std::vector<std::string>{"missing_events"});
  CheckReport report = must(store_->check(*blobs_, {.repair = true}));
  EXPECT_FALSE(report.problems.at(0).repaired) << "what is lost is not invented";
}

TEST_P(Check, CountsEventsAgain) {
  std::string id = create_job();
  claim();
  tamper("UPDATE jobs SET last_event = 7");
  expect_mended("wrong_event_count");
  must(store_->record(id, 1, {.events = {info_event("next")}}));
  EXPECT_EQ(event_messages(id).size(), 3U);
}

TEST_P(Check, TellsAModelWhoseFolderIsGone) {
  must(store_->add_model({}, model("ft:base:org::abcdefgh")));
  EXPECT_EQ(kinds(), std::vector<std::string>{"missing_adapter"});
}

}  // namespace
}  // namespace attune::testing_support
