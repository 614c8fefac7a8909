// OpenAI's protocol as OpenAI, Azure, Nebius and Attune speak it, and the faults of servers that
// nearly do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/test_clients.h"

namespace attune::client {
namespace {

using testing::HasSubstr;
using testing::Not;

const Json kJob = {
    {"object", "fine_tuning.job"},
    {"id", "ftjob-abc"},
    {"model", "tiny"},
    {"created_at", 1750000000},
    {"finished_at", nullptr},
    {"fine_tuned_model", nullptr},
    {"organization_id", "org-local"},
    {"result_files", Json::array()},
    {"status", "queued"},
    {"validation_file", nullptr},
    {"training_file", "file-abc"},
    {"hyperparameters",
     {{"n_epochs", "auto"}, {"batch_size", "auto"}, {"learning_rate_multiplier", "auto"}}},
    {"trained_tokens", nullptr},
    {"error", nullptr},
    {"seed", 0}};

Json job_with(const char* key, const Json& value) {
  Json job = kJob;
  job[key] = value;
  return job;
}

ScriptedServer::Handler always(const Json& body, int status = 200) {
  return [body, status](const Seen&) { return answer(body, status); };
}

Json sent_json(const Seen& seen) { return Json::parse(seen.body); }

TEST(OpenAiClient, SendsAFileAsAForm) {
  const TemporaryFolder folder;
  const Path path = write_text(folder / "train.jsonl", "{\"messages\":[]}\n");
  ScriptedServer server(always({{"id", "file-abc"},
                                {"object", "file"},
                                {"bytes", 16},
                                {"created_at", 1750000000},
                                {"filename", "train.jsonl"},
                                {"purpose", "fine-tune"},
                                {"status", "processed"}}));
  const auto file = client_of(server)->upload_file(path, {});
  ASSERT_TRUE(file) << file.error().error().message();
  EXPECT_EQ(file->value.id, "file-abc");
  EXPECT_EQ(file->value.bytes, 16);
  const Seen seen = server.seen().at(0);
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.target, "/v1/files");
  EXPECT_EQ(seen.header("Authorization"), "Bearer sk-secret-key");
  const auto parts = form_parts(seen);
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts[0].content, "fine-tune");
  EXPECT_EQ(parts[1].name, "file");
  EXPECT_EQ(parts[1].file_name, "train.jsonl");
  EXPECT_EQ(parts[1].content, "{\"messages\":[]}\n");
}

TEST(OpenAiClient, CreatesAJobWithOnlyWhatWasAskedFor) {
  ScriptedServer server(always(kJob));
  const auto api = client_of(server);
  ASSERT_TRUE(api->create_job({.model = "tiny", .training_file = "file-abc"}));
  EXPECT_EQ(sent_json(server.seen().at(0)),
            (Json{{"model", "tiny"}, {"training_file", "file-abc"}}));

  ASSERT_TRUE(api->create_job({.model = "tiny",
                               .training_file = "file-abc",
                               .validation_file = "file-def",
                               .suffix = "demo",
                               .seed = 7,
                               .epochs = 3,
                               .learning_rate_multiplier = 1.5,
                               .metadata = {{"team", "support"}}}));
  EXPECT_EQ(sent_json(server.seen().at(1)),
            (Json{{"model", "tiny"},
                  {"training_file", "file-abc"},
                  {"validation_file", "file-def"},
                  {"suffix", "demo"},
                  {"seed", 7},
                  {"method",
                   {{"type", "supervised"},
                    {"supervised",
                     {{"hyperparameters", {{"n_epochs", 3}, {"learning_rate_multiplier", 1.5}}}}}}},
                  {"metadata", {{"team", "support"}}}}));
}

TEST(OpenAiClient, RepeatsOneIdempotencyKeyOverTheRetriesOfACall) {
  std::atomic<int> count = 0;
  ScriptedServer server(
      [&](const Seen&) { return ++count % 3 == 0 ? answer(kJob) : Scripted{.status = 500}; });
  const auto api = client_of(server);
  ASSERT_TRUE(api->create_job({.model = "tiny", .training_file = "file-abc"}));
  ASSERT_TRUE(api->create_job({.model = "tiny", .training_file = "file-abc"}));
  const auto seen = server.seen();
  ASSERT_EQ(seen.size(), 6u);
  const auto key = [&](std::size_t i) { return seen[i].header("Idempotency-Key"); };
  EXPECT_GE(key(0).size(), 20u);
  EXPECT_EQ(key(0), key(1));
  EXPECT_EQ(key(0), key(2));
  EXPECT_NE(key(0), key(3));
}

TEST(OpenAiClient, GivesNebiusARateAndItsOwnNames) {
  ScriptedServer server(always(kJob));
  ASSERT_TRUE(client_of(server, "nebius")
                  ->create_job({.model = "m",
                                .training_file = "f",
                                .epochs = 2,
                                .learning_rate = 2e-5,
                                .lora_rank = 16}));
  const Json sent = sent_json(server.seen().at(0));
  EXPECT_EQ(sent["hyperparameters"],
            (Json{{"n_epochs", 2}, {"learning_rate", 2e-5}, {"lora", true}, {"lora_r", 16}}));
  EXPECT_THAT(sent.dump(), Not(HasSubstr("multiplier")));
}

TEST(OpenAiClient, AsksAzureWithItsHeaderVersionAndDeployments) {
  ScriptedServer server([](const Seen& seen) {
    if (seen.method == "POST")
      return answer({{"choices", {{{"message", {{"content", "hi"}}}, {"finish_reason", "stop"}}}}});
    return answer({{"object", "list"}, {"data", Json::array()}});
  });
  const auto api = client_of(server, "azure", nullptr, "");
  ASSERT_TRUE(api->jobs({.limit = 5}));
  ASSERT_TRUE(api->chat({.model = "my deployment", .messages = Json::array()}));
  EXPECT_EQ(server.seen().at(0).target, "/openai/fine_tuning/jobs?api-version=2024-10-21&limit=5");
  EXPECT_EQ(server.seen().at(0).header("api-key"), "sk-secret-key");
  EXPECT_EQ(server.seen().at(0).header("Authorization"), "");
  EXPECT_EQ(server.seen().at(1).target,
            "/openai/deployments/my%20deployment/chat/completions?api-version=2024-10-21");
}

TEST(OpenAiClient, NamesEveryCallAsTheApiDoes) {
  ScriptedServer server([](const Seen& seen) {
    const bool list = seen.path().ends_with("s") && seen.path().find("ftjob") == std::string::npos;
    if (seen.path().ends_with("/events") || seen.path().ends_with("/checkpoints") || list)
      return answer({{"object", "list"}, {"data", Json::array()}, {"has_more", false}});
    return answer(kJob);
  });
  const auto api = client_of(server);
  EXPECT_TRUE(api->files({.after = "file-1", .limit = 2, .filters = {{"purpose", "fine-tune"}}}));
  EXPECT_TRUE(api->file("file-1"));
  EXPECT_TRUE(api->file_content("file-1", [](std::string_view) { return true; }));
  EXPECT_TRUE(api->delete_file("file-1"));
  EXPECT_TRUE(api->jobs({.filters = {{"metadata[team]", "a b"}}}));
  EXPECT_TRUE(api->job("ftjob-1"));
  EXPECT_TRUE(api->cancel_job("ftjob-1"));
  EXPECT_TRUE(api->pause_job("ftjob-1"));
  EXPECT_TRUE(api->resume_job("ftjob-1"));
  EXPECT_TRUE(api->events("ftjob-1", {.after = "ftevent-9"}));
  EXPECT_TRUE(api->checkpoints("ftjob-1", {}));
  EXPECT_TRUE(api->models());
  EXPECT_TRUE(api->model("ft:a/b:org::x"));
  EXPECT_TRUE(api->delete_model("ft:a/b:org::x"));
  std::vector<std::string> calls;
  for (const Seen& seen : server.seen()) calls.push_back(seen.method + " " + seen.target);
  EXPECT_THAT(
      calls,
      testing::ElementsAre(
          "GET /v1/files?purpose=fine-tune&after=file-1&limit=2", "GET /v1/files/file-1",
          "GET /v1/files/file-1/content", "DELETE /v1/files/file-1",
          "GET /v1/fine_tuning/jobs?metadata%5Bteam%5D=a%20b", "GET /v1/fine_tuning/jobs/ftjob-1",
          "POST /v1/fine_tuning/jobs/ftjob-1/cancel", "POST /v1/fine_tuning/jobs/ftjob-1/pause",
          "POST /v1/fine_tuning/jobs/ftjob-1/resume",
          "GET /v1/fine_tuning/jobs/ftjob-1/events?after=ftevent-9",
          "GET /v1/fine_tuning/jobs/ftjob-1/checkpoints", "GET /v1/models",
          "GET /v1/models/ft%3Aa%2Fb%3Aorg%3A%3Ax", "DELETE /v1/models/ft%3Aa%2Fb%3Aorg%3A%3Ax"));
}

TEST(OpenAiClient, ReadsAChatAnswerAndItsTokens) {
  ScriptedServer server(always({{"choices",
                                 {{{"index", 0},
                                   {"message", {{"role", "assistant"}, {"content", "Hi"}}},
                                   {"finish_reason", "length"}}}},
                                {"usage", {{"prompt_tokens", 12}, {"completion_tokens", 3}}}}));
  const auto api = client_of(server);
  const Json messages = {{{"role", "user"}, {"content", "Hello"}}};
  const auto chat = api->chat(
      {.model = "m", .messages = messages, .most_tokens = 3, .temperature = 0, .seed = 1});
  ASSERT_TRUE(chat);
  EXPECT_EQ(chat->text, "Hi");
  EXPECT_EQ(chat->finish_reason, "length");
  EXPECT_EQ(chat->prompt_tokens, 12);
  EXPECT_EQ(chat->completion_tokens, 3);
  const Json sent = sent_json(server.seen().at(0));
  EXPECT_EQ(sent["max_completion_tokens"], 3);
  EXPECT_EQ(sent["messages"], messages);
  ASSERT_TRUE(client_of(server, "together")->chat({.model = "m", .most_tokens = 3}));
  EXPECT_EQ(sent_json(server.seen().at(1))["max_tokens"], 3);
}

TEST(OpenAiClient, TakesAnAnswerWithNullContentAsEmptyText) {
  ScriptedServer server(always({{"choices", {{{"message", {{"content", nullptr}}}}}}}));
  EXPECT_EQ(client_of(server)->chat({.model = "m"})->text, "");
}

TEST(OpenAiClient, ReadsTheErrorOfAFailedJob) {
  ScriptedServer server(always(job_with(
      "error",
      {{"code", "invalid_training_file"}, {"message", "line 3"}, {"param", "training_file"}})));
  const auto job = client_of(server)->job("ftjob-abc");
  ASSERT_TRUE(job);
  EXPECT_EQ(job->job.error->code, "invalid_training_file");
}

// The faults of docs/client.md, each of a server that somebody runs.
TEST(OpenAiClient, BearsWhatNearlyCompatibleServersSend) {
  Json bare = {{"id", "ft-job-1"}, {"status", "running"}};
  const struct {
    const char* what;
    Json job;
    wire::JobStatus status;
  } cases[] = {
      {"an empty error on success", job_with("error", Json::object()), wire::JobStatus::queued},
      {"an error of nulls",
       job_with("error", {{"code", nullptr}, {"message", nullptr}, {"param", nullptr}}),
       wire::JobStatus::queued},
      {"no hyperparameters", job_with("hyperparameters", nullptr), wire::JobStatus::queued},
      {"numbers as they were resolved",
       job_with("hyperparameters",
                {{"n_epochs", 10}, {"batch_size", nullptr}, {"learning_rate_multiplier", 1.8}}),
       wire::JobStatus::queued},
      {"epochs as 3.0", job_with("hyperparameters", {{"n_epochs", 3.0}}), wire::JobStatus::queued},
      {"a list for error", job_with("error", Json::array()), wire::JobStatus::queued},
      {"a status of its own", job_with("status", "completed"), wire::JobStatus::succeeded},
      {"American spelling", job_with("status", "canceled"), wire::JobStatus::cancelled},
      {"a status that nobody knows", job_with("status", "loading_model"), wire::JobStatus::running},
      {"dates as text", job_with("created_at", "2025-06-15T15:06:40.123Z"),
       wire::JobStatus::queued},
      {"dates with a fraction", job_with("created_at", 1750000000.75), wire::JobStatus::queued},
      {"only an id and a status", bare, wire::JobStatus::running},
      {"fields that do not exist here", job_with("shared_with_openai", true),
       wire::JobStatus::queued},
      {"integrations as null", job_with("integrations", nullptr), wire::JobStatus::queued},
      {"result files as objects", job_with("result_files", {{{"id", "file-r"}}}),
       wire::JobStatus::queued},
      {"a number as id", job_with("id", 12), wire::JobStatus::queued},
      {"metadata of numbers", job_with("metadata", {{"a", 1}}), wire::JobStatus::queued},
  };
  for (const auto& [what, body, status] : cases) {
    ScriptedServer server(always(body, 201));  // some answer 201
    const auto job = client_of(server)->job("ftjob-abc");
    ASSERT_TRUE(job) << what << ": " << job.error().error().message();
    EXPECT_EQ(job->job.status, status) << what;
    EXPECT_FALSE(job->job.error) << what;
    EXPECT_EQ(job->raw, body) << what;
  }
}

TEST(OpenAiClient, ReadsListsUnderAnotherName) {
  for (const char* name : {"data", "jobs"}) {
    ScriptedServer server(always({{name, {kJob, job_with("id", "ftjob-2")}}, {"total", 2}}));
    const auto page = client_of(server)->jobs({});
    ASSERT_TRUE(page) << name;
    ASSERT_EQ(page->items.size(), 2u);
    EXPECT_EQ(page->items[1].value.id, "ftjob-2");
    EXPECT_FALSE(page->has_more);
  }
}

TEST(OpenAiClient, SaysWhenTheOtherSideIsNoApi) {
  for (const std::string& body : {std::string("<html>hello</html>"), std::string("42"),
                                  std::string("{\"id\":"), std::string("{}")}) {
    ScriptedServer server([&](const Seen&) { return Scripted{.body = body}; });
    const auto job = client_of(server)->job("ftjob-abc");
    ASSERT_FALSE(job) << body;
    EXPECT_THAT(job.error().error().message(), HasSubstr("--endpoint"));
  }
}

TEST(OpenAiClient, SaysWhereAMovedAddressWentInsteadOfPostingThere) {
  ScriptedServer server([](const Seen&) {
    return Scripted{.status = 301, .headers = {{"Location", "https://other.example/v1?token=abc"}}};
  });
  const auto job = client_of(server)->create_job({.model = "m", .training_file = "f"});
  ASSERT_FALSE(job);
  EXPECT_THAT(job.error().error().message(), HasSubstr("https://other.example/v1"));
  EXPECT_THAT(job.error().error().message(), Not(HasSubstr("abc")));
}

TEST(OpenAiClient, ShowsNoKeyInAnyFailure) {
  ScriptedServer server([](const Seen& seen) {
    return answer({{"error", {{"message", "bad header " + seen.header("Authorization")}}}}, 401);
  });
  const auto job = client_of(server)->job("x");
  ASSERT_FALSE(job);
  EXPECT_THAT(job.error().error().message(), Not(HasSubstr("sk-secret-key")));
}

TEST(OpenAiClient, FetchesTheResultFileOfAJob) {
  ScriptedServer server([](const Seen& seen) {
    if (seen.path() == "/v1/files/file-r/content")
      return Scripted{.body = "step,train_loss\n1,2\n"};
    return answer(job_with("result_files", {"file-r"}));
  });
  const auto api = client_of(server);
  const auto job = api->job("ftjob-abc");
  ASSERT_TRUE(job);
  EXPECT_EQ(*api->result_content(*job), "step,train_loss\n1,2\n");
  JobView without = *job;
  without.job.result_files.clear();
  EXPECT_FALSE(api->result_content(without));
}

TEST(OpenAiClient, WaitsUntilAFileIsProcessed) {
  std::atomic<int> asked = 0;
  ScriptedServer server([&](const Seen&) {
    return answer({{"id", "file-a"}, {"status", ++asked < 4 ? "uploaded" : "processed"}});
  });
  const auto api = client_of(server);
  double waited = 0;
  const auto file = wait_for_file(*api, "file-a", 100, [&](double seconds) { waited += seconds; });
  ASSERT_TRUE(file);
  EXPECT_EQ(file->value.status, "processed");
  EXPECT_EQ(asked, 4);
  asked = -1000000;
  EXPECT_FALSE(wait_for_file(*api, "file-a", 20, [](double) {}));
}

}  // namespace
}  // namespace attune::client
