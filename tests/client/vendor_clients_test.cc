// Together and Fireworks: their own calls and objects, seen as OpenAI's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/test_clients.h"

namespace attune::client {
namespace {

using testing::HasSubstr;

Json sent_json(const Seen& seen) { return Json::parse(seen.body); }

const Json kTogetherJob = {{"id", "ft-0123"},
                           {"status", "running"},
                           {"created_at", "2025-06-15T15:06:40.000Z"},
                           {"updated_at", "2025-06-15T16:06:40.000Z"},
                           {"model", "meta-llama/Llama-3.2-1B-Instruct"},
                           {"model_output_name", "me/Llama-3.2-1B-demo-123"},
                           {"training_file", "file-1"},
                           {"validation_file", ""},
                           {"n_epochs", 3},
                           {"batch_size", 8},
                           {"learning_rate", 1e-5},
                           {"token_count", 850000},
                           {"total_steps", 60},
                           {"steps_completed", 12}};

TEST(TogetherClient, SendsFilesToItsOwnUpload) {
  const TemporaryFolder folder;
  const Path path = write_text(folder / "train.jsonl", "{}\n");
  ScriptedServer server([](const Seen&) {
    return answer({{"id", "file-1"},
                   {"object", "file"},
                   {"filename", "train.jsonl"},
                   {"bytes", 3},
                   {"created_at", 1750000000},
                   {"purpose", "fine-tune"},
                   {"Processed", false},
                   {"FileType", "jsonl"}});
  });
  const auto file = client_of(server, "together")->upload_file(path, {});
  ASSERT_TRUE(file) << file.error().error().message();
  EXPECT_EQ(file->value.status, "uploaded");
  EXPECT_EQ(server.seen().at(0).target, "/v1/files/upload");
  const auto parts = form_parts(server.seen().at(0));
  ASSERT_EQ(parts.size(), 4u);
  EXPECT_EQ(parts[1].content, "train.jsonl");
  EXPECT_EQ(parts[2].content, "jsonl");
  EXPECT_EQ(parts[3].content, "{}\n");
}

TEST(TogetherClient, CreatesAJobWithARate) {
  ScriptedServer server([](const Seen&) { return answer(kTogetherJob); });
  const auto job = client_of(server, "together")
                       ->create_job({.model = "m",
                                     .training_file = "file-1",
                                     .validation_file = "file-2",
                                     .suffix = "demo",
                                     .epochs = 3,
                                     .learning_rate = 1e-4,
                                     .lora_rank = 8});
  ASSERT_TRUE(job) << job.error().error().message();
  EXPECT_EQ(server.seen().at(0).target, "/v1/fine-tunes");
  EXPECT_EQ(sent_json(server.seen().at(0)),
            (Json{{"model", "m"},
                  {"training_file", "file-1"},
                  {"validation_file", "file-2"},
                  {"n_evals", 3},
                  {"suffix", "demo"},
                  {"n_epochs", 3},
                  {"batch_size", "max"},
                  {"learning_rate", 1e-4},
                  {"training_type", {{"type", "Lora"}, {"lora_r", 8}, {"lora_alpha", 16.0}}}}));
}

TEST(TogetherClient, ReadsItsJobs) {
  ScriptedServer server([](const Seen& seen) {
    Json done = kTogetherJob;
    done["status"] = "completed";
    if (seen.path() == "/v1/fine-tunes") return answer({{"data", {kTogetherJob, done}}});
    return answer(kTogetherJob);
  });
  const auto api = client_of(server, "together");
  const auto job = api->job("ft-0123");
  ASSERT_TRUE(job) << job.error().error().message();
  EXPECT_EQ(job->job.status, wire::JobStatus::running);
  EXPECT_EQ(job->job.created_at, 1750000000);
  EXPECT_EQ(job->job.fine_tuned_model, std::nullopt);
  EXPECT_EQ(job->job.validation_file, std::nullopt);
  EXPECT_EQ(job->steps_done, 12);
  EXPECT_EQ(job->steps_all, 60);
  EXPECT_EQ(job->job.hyperparameters.n_epochs.value, 3);
  const auto jobs = api->jobs({});
  ASSERT_TRUE(jobs);
  EXPECT_EQ(jobs->items.at(1).value.status, wire::JobStatus::succeeded);
  EXPECT_EQ(jobs->items.at(1).value.fine_tuned_model, "me/Llama-3.2-1B-demo-123");
}

TEST(TogetherClient, GivesItsEventsIdsAndTheOrderOfTheApi) {
  ScriptedServer server([](const Seen&) {
    return answer({{"data",
                    {{{"created_at", "2025-06-15T15:06:40Z"},
                      {"level", "Info"},
                      {"type", "JOB_START"},
                      {"message", "Job started"}},
                     {{"created_at", "2025-06-15T15:07:40Z"},
                      {"level", "Warning"},
                      {"type", "EPOCH_COMPLETE"},
                      {"message", "Epoch done"}}}}});
  });
  const auto page = client_of(server, "together")->events("ft-0123", {});
  ASSERT_TRUE(page);
  ASSERT_EQ(page->items.size(), 2u);
  EXPECT_EQ(page->items[0].value.message, "Epoch done");
  EXPECT_EQ(page->items[0].value.level, "warn");
  EXPECT_EQ(page->items[1].value.level, "info");
  EXPECT_FALSE(page->items[0].value.id.empty());
  EXPECT_NE(page->items[0].value.id, page->items[1].value.id);
}

TEST(TogetherClient, SaysWhichCallsItLacks) {
  ScriptedServer server([](const Seen&) { return answer(kTogetherJob); });
  const auto api = client_of(server, "together");
  const auto paused = api->pause_job("ft-0123");
  ASSERT_FALSE(paused);
  EXPECT_THAT(paused.error().error().message(), HasSubstr("Together has no call to pause a job"));
  EXPECT_TRUE(server.seen().empty());
}

TEST(TogetherClient, NamesItsCheckpoints) {
  ScriptedServer server([](const Seen&) {
    return answer({{"data",
                    {{{"step", 10},
                      {"checkpoint_type", "Intermediate"},
                      {"created_at", "2025-06-15T15:06:40Z"}},
                     {{"step", 20},
                      {"checkpoint_type", "Final Adapter"},
                      {"created_at", "2025-06-15T15:07:40Z"}}}}});
  });
  const auto page = client_of(server, "together")->checkpoints("ft-1", {});
  ASSERT_TRUE(page) << page.error().error().message();
  EXPECT_EQ(page->items.at(0).value.fine_tuned_model_checkpoint, "ft-1:10");
  EXPECT_EQ(page->items.at(1).value.fine_tuned_model_checkpoint, "ft-1");
  EXPECT_EQ(page->items.at(1).value.step_number, 20);
}

// Plays the control plane of one account.
struct FireworksServer {
  std::string state = "JOB_STATE_RUNNING";
  std::string storage;

  Json job() const {
    return {{"name", "accounts/me/supervisedFineTuningJobs/job1"},
            {"state", state},
            {"status", {{"code", "INVALID_ARGUMENT"}, {"message", "too few rows"}}},
            {"baseModel", "accounts/fireworks/models/llama-v3p2-1b-instruct"},
            {"outputModel", "accounts/me/models/job1"},
            {"dataset", "accounts/me/datasets/train-1"},
            {"evaluationDataset", ""},
            {"createTime", "2025-06-15T15:06:40Z"},
            {"updateTime", "2025-06-15T15:07:40Z"},
            {"jobProgress", {{"percent", 40}}},
            {"epochs", 2},
            {"learningRate", 1e-4}};
  }

  Scripted operator()(const Seen& seen) const {
    const std::string path = seen.path();
    if (path == "/v1/accounts")
      return answer({{"accounts", {{{"name", "accounts/me"}}}}, {"totalSize", 1}});
    if (path == "/v1/accounts/me/supervisedFineTuningJobs" && seen.method == "GET")
      return answer(
          {{"supervisedFineTuningJobs", {job()}}, {"nextPageToken", ""}, {"totalSize", 1}});
    if (path.starts_with("/v1/accounts/me/supervisedFineTuningJobs")) return answer(job());
    if (path.ends_with(":getUploadEndpoint"))
      return answer(
          {{"filenameToSignedUrls", {{"train.jsonl", storage + "/bucket/o?signature=s"}}}});
    if (path.starts_with("/v1/accounts/me/datasets/"))
      return answer({{"name", path.substr(4)}, {"state", "READY"}, {"displayName", "train.jsonl"}});
    return answer(Json::object());
  }
};

TEST(FireworksClient, FindsItsAccountAndUploadsADataset) {
  const TemporaryFolder folder;
  const Path path = write_text(folder / "Träin set.jsonl", "{}\n");
  ScriptedServer server((FireworksServer()));
  const auto file = client_of(server, "fireworks", nullptr, "/inference/v1")->upload_file(path, {});
  ASSERT_TRUE(file) << file.error().error().message();
  EXPECT_EQ(file->value.status, "processed");
  EXPECT_THAT(file->value.id, testing::MatchesRegex("tr-in-set-[a-z0-9]{8}"));
  const auto seen = server.seen();
  EXPECT_EQ(seen.at(0).target, "/v1/accounts");
  EXPECT_EQ(seen.at(1).target, "/v1/accounts/me/datasets");
  EXPECT_EQ(sent_json(seen.at(1))["datasetId"], file->value.id);
  EXPECT_EQ(seen.at(2).target, "/v1/accounts/me/datasets/" + file->value.id + ":upload");
  EXPECT_EQ(form_parts(seen.at(2)).at(0).content, "{}\n");
}

TEST(FireworksClient, CreatesAndReadsJobs) {
  ScriptedServer server((FireworksServer()));
  const auto api = client_of(server, "fireworks", nullptr, "/inference/v1");
  const auto job = api->create_job({.model = "accounts/fireworks/models/x",
                                    .training_file = "train-1",
                                    .suffix = "demo",
                                    .epochs = 2,
                                    .learning_rate = 1e-4,
                                    .lora_rank = 8});
  ASSERT_TRUE(job) << job.error().error().message();
  EXPECT_EQ(sent_json(server.seen().at(1)), (Json{{"baseModel", "accounts/fireworks/models/x"},
                                                  {"dataset", "accounts/me/datasets/train-1"},
                                                  {"displayName", "demo"},
                                                  {"epochs", 2},
                                                  {"learningRate", 1e-4},
                                                  {"loraRank", 8}}));
  EXPECT_EQ(job->job.id, "job1");
  EXPECT_EQ(job->job.status, wire::JobStatus::running);
  EXPECT_EQ(job->job.training_file, "train-1");
  EXPECT_EQ(job->job.fine_tuned_model, std::nullopt);
  EXPECT_EQ(job->job.error, std::nullopt);
  const auto jobs = api->jobs({});
  ASSERT_TRUE(jobs) << jobs.error().error().message();
  EXPECT_EQ(jobs->items.at(0).value.id, "job1");
}

TEST(FireworksClient, ReadsTheEndsOfAJob) {
  FireworksServer plays;
  for (const auto& [state, status] : std::vector<std::pair<std::string, wire::JobStatus>>{
           {"JOB_STATE_COMPLETED", wire::JobStatus::succeeded},
           {"JOB_STATE_EARLY_STOPPED", wire::JobStatus::succeeded},
           {"JOB_STATE_FAILED", wire::JobStatus::failed},
           {"JOB_STATE_CANCELLED", wire::JobStatus::cancelled},
           {"JOB_STATE_PAUSED", wire::JobStatus::paused},
           {"JOB_STATE_WRITING_RESULTS", wire::JobStatus::running}}) {
    plays.state = state;
    ScriptedServer server(plays);
    const auto job = client_of(server, "fireworks")->job("job1");
    ASSERT_TRUE(job);
    EXPECT_EQ(job->job.status, status) << state;
    EXPECT_EQ(job->job.error.has_value(), status == wire::JobStatus::failed);
    EXPECT_EQ(job->job.fine_tuned_model.has_value(), status == wire::JobStatus::succeeded);
  }
}

TEST(FireworksClient, MakesAnEventOfEachState) {
  ScriptedServer server((FireworksServer()));
  const auto page = client_of(server, "fireworks")->events("job1", {});
  ASSERT_TRUE(page);
  EXPECT_EQ(page->items.at(0).value.message, "JOB_STATE_RUNNING (40 %)");
  EXPECT_EQ(page->items.at(0).value.created_at, 1750000060);
}

TEST(FireworksClient, AsksForItsChatAtTheInferenceAddress) {
  ScriptedServer server([](const Seen&) {
    return answer({{"choices", {{{"message", {{"content", "x"}}}}}}});
  });
  ASSERT_TRUE(client_of(server, "fireworks")->chat({.model = "accounts/me/models/job1"}));
  EXPECT_EQ(server.seen().at(0).target, "/inference/v1/chat/completions");
}

}  // namespace
}  // namespace attune::client
