// What tests of workers and launchers share: a home with a tiny base model, a store, jobs on it,
// and worker processes of the built program.
//
//   class Worker : public WorkerTest {};
//   TEST_F(Worker, TrainsAJob) { const std::string id = create_job({}); run_to_the_end(id); ... }
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "jobs/home.h"
#include "jobs/store_fixture.h"
#include "jobs/worker_process.h"

namespace attune::testing_support {

// A chat template of the usual form, and one whose prompt says something that training never saw.
extern const char* const kHonestTemplate;
extern const char* const kTwoFacedTemplate;

struct JobWish {
  std::string model = "tiny";
  std::int64_t rows = 24;
  std::int64_t validation_rows = 0;
  std::int64_t epochs = 2;
  std::int64_t batch = 4;
  std::int64_t seed = 7;
  std::optional<double> multiplier = {};  // of the learning rate; none: auto
  std::string content = {};               // of the training file, instead of `rows`
};

// `count` chat rows about cats and dogs, as JSONL.
std::string chat_rows(std::int64_t count);

class WorkerTest : public ::testing::Test {
 protected:
  void SetUp() override;

  void write_base(const std::string& name, const char* chat_template);
  std::string create_job(const JobWish& wish);
  FileRow add_file(const std::string& content);

  // Claims the next job in either state and starts its worker.
  struct Running {
    JobRow row;
    WorkerProcess process;
  };
  std::optional<Running> start_next();
  // Runs workers one after the other until the job is final or paused. `each`, if given, sees each
  // worker after its start.
  JobRow run_to_the_end(const std::string& id, const std::function<void(Running&)>& each = nullptr);
  // Claims and checks the job's files, so that it is queued.
  void validate(const std::string& id);
  // Trains a new job for a step or more, then asks its worker to leave.
  void leave_in_the_middle(const std::string& id);

  JobRow job(const std::string& id);
  std::vector<EventRow> events(const std::string& id);
  std::vector<std::string> messages(const std::string& id);
  // Waits until the job has an event whose message begins so.
  void wait_for_event(const std::string& id, const std::string& beginning);
  // The bytes of the final adapter.
  std::string adapter_of(const std::string& id);
  // The content of a result file.
  std::string content_of(const std::string& file_id);
  // Steps of the metrics events in their order.
  std::vector<std::int64_t> steps_told(const std::string& id);

  TemporaryFolder folder_;
  Home home_;
  std::string url_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<BlobStore> blobs_;
  // A short lease makes for quick heartbeats, so that wishes are seen soon.
  std::vector<std::string> worker_arguments_ = {"--threads", "1",       "--checkpoint-seconds",
                                                "0.1",       "--lease", "1"};
};

}  // namespace attune::testing_support
