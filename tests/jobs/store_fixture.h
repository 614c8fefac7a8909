// What tests of the store share: a fresh store on each database, a clock that the test sets, and
// makers of rows.
//
//   class Queue : public StoreTest {};
//   TEST_P(Queue, ClaimsTheOldestJobFirst) { auto id = create_job(); ... }
//   ATTUNE_ON_EVERY_DATABASE(Queue);
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "io/temporary_folder.h"
#include "jobs/blobs.h"
#include "jobs/store.h"

namespace attune::testing_support {

using namespace attune::jobs;

// The value, or the test ends with the error.
template <typename T>
T must(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << result.error().message();
    std::abort();
  }
  return std::move(*result);
}
inline void must(const Result<void>& result) {
  ASSERT_TRUE(result.has_value()) << result.error().message();
}

class StoreTest : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override;

  // Another store on the same database, as another process has it.
  std::unique_ptr<Store> open_again(std::int64_t connections = 4);

  std::string create_job(const Tenant& tenant = {}, std::int64_t priority = 0,
                         const std::string& key_id = {});
  // Claims the next job as `worker`; empty if there is none.
  std::optional<JobRow> claim(const std::string& worker = "worker-1");
  JobRow job(const std::string& id);
  JobStatus status(const std::string& id) { return job(id).job.status; }
  // Messages of the events, oldest first. Fails if their numbers have a gap.
  std::vector<std::string> event_messages(const std::string& id);
  // A content on disk, and a file of it in the store.
  FileRow add_file(const std::string& content, const Tenant& tenant = {});

  bool is_postgresql() const { return GetParam() == "postgresql"; }

  TemporaryFolder folder_;
  std::string url_;
  std::atomic<std::int64_t> time_{1'750'000'000};
  std::unique_ptr<Store> store_;
  std::unique_ptr<BlobStore> blobs_;
};

inline std::string database_name(const ::testing::TestParamInfo<std::string>& info) {
  return info.param;
}

wire::CheckpointObject checkpoint(const std::string& job_id, std::int64_t step);
ModelRow model(const std::string& id, const std::string& job_id = {});

}  // namespace attune::testing_support

#define ATTUNE_ON_EVERY_DATABASE(suite)                                          \
  INSTANTIATE_TEST_SUITE_P(On, suite, ::testing::Values("sqlite", "postgresql"), \
                           ::attune::testing_support::database_name)
