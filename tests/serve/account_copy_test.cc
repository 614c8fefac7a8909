// `attune data from-openai` against this project's own server: several pages of files and jobs.
#include "client/account_copy.h"

#include <gtest/gtest.h>

#include "serve/test_service.h"

namespace attune::serve {
namespace {

TEST(CopyOfOurServer, BringsEveryFileAndJobOfSeveralPages) {
  constexpr int kFiles = 120;
  constexpr int kJobs = 103;
  const TestService service;
  std::vector<std::string> files;
  for (int i = 0; i < kFiles; ++i) {
    const Json file = TestService::json(service.upload(TestService::rows(10 + i)));
    files.push_back(file.value("id", ""));
  }
  for (int i = 0; i < kJobs; ++i) {
    const std::string body = R"({"model":"tiny","training_file":")" + files[0] + "\"}";
    ASSERT_EQ(service.post("/v1/fine_tuning/jobs", body).status, 200);
  }
  const auto api = client::connect(
      {.url = "http://127.0.0.1:" + std::to_string(service.port()) + "/v1", .api_key = "sk-any"});
  ASSERT_TRUE(api) << api.error().message();
  const testing_support::TemporaryFolder folder;
  const auto first = client::copy_account(**api, folder.path(), {});
  ASSERT_TRUE(first) << first.error().message();
  EXPECT_EQ(first->stored, kFiles + 3 * kJobs);  // of a job: object, events, checkpoints
  EXPECT_TRUE(first->failed.empty());
  EXPECT_TRUE(first->not_available.empty());
  for (int i = 0; i < kFiles; ++i) {
    EXPECT_EQ(testing_support::slurp(folder.path() / "files" /
                                     (files[static_cast<std::size_t>(i)] + ".jsonl")),
              TestService::rows(10 + i));
  }
  const auto second = client::copy_account(**api, folder.path(), {});
  ASSERT_TRUE(second) << second.error().message();
  EXPECT_EQ(second->kept, kFiles);  // the jobs have not ended
}

}  // namespace
}  // namespace attune::serve
