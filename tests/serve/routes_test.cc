// Files, uploads, jobs, events and models over HTTP.
#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include "serve/test_service.h"

namespace attune::serve {
namespace {

class RoutesOverHttp : public ::testing::Test {
 protected:
  std::string code_of(const Reply& reply) {
    const Json error = TestService::json(reply)["error"];
    return error["code"].is_string() ? error["code"].get<std::string>() : "null";
  }
  TestService service;
};

// ---- files ----

TEST_F(RoutesOverHttp, AFileIsStoredShownListedSentAndDeleted) {
  const std::string content = TestService::rows();
  const Json file = TestService::json(service.upload(content));
  const std::string id = file["id"];
  EXPECT_TRUE(id.starts_with("file-"));
  EXPECT_EQ(file["object"], "file");
  EXPECT_EQ(file["bytes"], content.size());
  EXPECT_EQ(file["status"], "processed");
  EXPECT_EQ(file["filename"], "rows.jsonl");
  EXPECT_EQ(TestService::json(service.get("/v1/files/" + id)), file);
  EXPECT_EQ(service.get("/v1/files/" + id + "/content").body, content);
  const Json list = TestService::json(service.get("/v1/files?purpose=fine-tune"));
  EXPECT_EQ(list["data"][0], file);
  EXPECT_EQ(list["first_id"], id);
  EXPECT_EQ(list["has_more"], false);
  EXPECT_EQ(TestService::json(service.get("/v1/files?purpose=batch"))["data"].size(), 0);
  EXPECT_EQ(TestService::json(service.remove("/v1/files/" + id))["deleted"], true);
  EXPECT_EQ(service.get("/v1/files/" + id).status, 404);
  EXPECT_EQ(service.remove("/v1/files/" + id).status, 404);
}

TEST_F(RoutesOverHttp, FilesComeInPages) {
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(service.create_file());
  const Json first = TestService::json(service.get("/v1/files?limit=2&order=asc"));
  EXPECT_EQ(first["data"][1]["id"], ids[1]);
  EXPECT_EQ(first["has_more"], true);
  const Json second = TestService::json(service.get("/v1/files?limit=3&order=asc&after=" + ids[1]));
  EXPECT_EQ(second["data"].size(), 3);
  EXPECT_EQ(second["data"][0]["id"], ids[2]);
  EXPECT_EQ(second["has_more"], false);
}

TEST_F(RoutesOverHttp, AFileThatIsNoJsonlIsRefusedInTheApisWords) {
  const Reply reply = service.upload("{\"messages\": [\n{\n");
  EXPECT_EQ(reply.status, 400);
  const Json error = TestService::json(reply)["error"];
  EXPECT_TRUE(error["message"].get<std::string>().starts_with(
      "Expected file to have JSONL format, where every line is a JSON dictionary. Line 1 is not a "
      "dictionary"))
      << error;
  EXPECT_EQ(error["param"], nullptr);
  EXPECT_EQ(error["code"], nullptr);
  EXPECT_EQ(error["faults"].size(), 2);
  EXPECT_EQ(TestService::json(service.get("/v1/files"))["data"].size(), 0);
}

TEST_F(RoutesOverHttp, AllFaultsOfATrainingFileAreInAFileOfTheirOwn) {
  std::string content = TestService::rows();
  content += "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}\n";
  content += "{\"messages\":[{\"role\":\"king\",\"content\":\"a\"},{\"content\":\"b\"}]}\n{}\n";
  const Json file = TestService::json(service.upload(content));
  EXPECT_EQ(file["status"], "error");
  const Json report =
      TestService::json(service.get("/v1/files/" + file["id"].get<std::string>() + "/report"));
  const std::string errors = report["error_file"];
  EXPECT_NE(file["status_details"].get<std::string>().find(errors), std::string::npos);
  const std::string lines = service.get("/v1/files/" + errors + "/content").body;
  EXPECT_GE(std::count(lines.begin(), lines.end(), '\n'), 3);
  const auto first = parse_json(lines.substr(0, lines.find('\n')), "line");
  ASSERT_TRUE(first) << lines;
  EXPECT_EQ((*first)["line"], 11);
  EXPECT_TRUE(first->contains("kind") && first->contains("message"));
}

TEST_F(RoutesOverHttp, AFileOfAnotherPurposeIsTakenAsItIs) {
  const std::string content("a\0b\xff", 4);
  const Json file = TestService::json(service.upload(content, "user_data", "a b.bin"));
  EXPECT_EQ(file["status"], "processed");
  const Reply reply = service.get("/v1/files/" + file["id"].get<std::string>() + "/content");
  EXPECT_EQ(reply.body, content);
  EXPECT_EQ(reply.headers.at("content-type"), "application/octet-stream");
}

// ---- uploads ----

std::string add_part(const TestService& service, const std::string& upload,
                     const std::string& bytes) {
  const std::string body =
      "--B\r\nContent-Disposition: form-data; name=\"data\"; filename=\"part\"\r\n\r\n" + bytes +
      "\r\n--B--\r\n";
  return TestService::json(service.ask("POST /v1/uploads/" + upload +
                                       "/parts HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                                       "multipart/form-data; boundary=B\r\nContent-Length: " +
                                       std::to_string(body.size()) + "\r\n\r\n" + body))
      .value("id", "");
}

std::string create_upload(const TestService& service, std::size_t bytes) {
  return TestService::
      json(service.post(
               "/v1/uploads",
               R"({"filename":"big.jsonl","purpose":"fine-tune","mime_type":"text/jsonl","bytes":)" +
                   std::to_string(bytes) + "}"))
          .value("id", "");
}

TEST_F(RoutesOverHttp, PartsBecomeAFileInTheOrderThatIsGiven) {
  const std::string content = TestService::rows(20);
  const std::string upload = create_upload(service, content.size());
  const std::string second = add_part(service, upload, content.substr(500));
  const std::string first = add_part(service, upload, content.substr(0, 500));
  const Reply reply = service.post("/v1/uploads/" + upload + "/complete",
                                   R"({"part_ids":[")" + first + R"(",")" + second + R"("]})");
  const Json done = TestService::json(reply);
  EXPECT_EQ(done["status"], "completed") << reply.body;
  const std::string file = done["file"]["id"];
  EXPECT_EQ(service.get("/v1/files/" + file + "/content").body, content);
  EXPECT_EQ(code_of(service.post("/v1/uploads/" + upload + "/cancel", "")),
            "invalid_upload_status");
}

TEST_F(RoutesOverHttp, AnUploadMustHaveTheBytesThatItPromised) {
  const std::string upload = create_upload(service, 1000);
  const std::string part = add_part(service, upload, "too short");
  const Reply reply =
      service.post("/v1/uploads/" + upload + "/complete", R"({"part_ids":[")" + part + "\"]}");
  EXPECT_EQ(reply.status, 400);
  EXPECT_NE(reply.body.find("9 bytes"), std::string::npos);
}

TEST_F(RoutesOverHttp, AnUploadIsCheckedByItsMd5) {
  const std::string content = "hello";
  const auto complete = [&](const std::string& md5) {
    const std::string upload =
        TestService::json(
            service.post("/v1/uploads",
                         R"({"filename":"a","purpose":"vision","mime_type":"a/b","bytes":5})"))
            .value("id", "");
    const std::string part = add_part(service, upload, content);
    return service
        .post("/v1/uploads/" + upload + "/complete",
              R"({"part_ids":[")" + part + R"("],"md5":")" + md5 + "\"}")
        .status;
  };
  EXPECT_EQ(complete("5d41402abc4b2a76b9719d911017c592"), 200);
  EXPECT_EQ(complete("00000000000000000000000000000000"), 400);
}

TEST_F(RoutesOverHttp, ACancelledUploadTakesNoParts) {
  const std::string upload = create_upload(service, 10);
  EXPECT_EQ(TestService::json(service.post("/v1/uploads/" + upload + "/cancel", ""))["status"],
            "cancelled");
  EXPECT_EQ(add_part(service, upload, "x"), "");
}

// ---- jobs ----

TEST_F(RoutesOverHttp, AJobIsCreatedShownAndListed) {
  const std::string file = service.create_file();
  const Json job = TestService::json(service.post(
      "/v1/fine_tuning/jobs", R"({"model":"tiny","training_file":")" + file +
                                  R"(","suffix":"mine","seed":7,"metadata":{"team":"a"}})"));
  const std::string id = job["id"];
  EXPECT_TRUE(id.starts_with("ftjob-"));
  EXPECT_EQ(job["object"], "fine_tuning.job");
  EXPECT_EQ(job["status"], "validating_files");
  EXPECT_EQ(job["seed"], 7);
  EXPECT_EQ(job["hyperparameters"]["n_epochs"], "auto");
  EXPECT_EQ(TestService::json(service.get("/v1/fine_tuning/jobs/" + id)), job);
  const std::string list = "/v1/fine_tuning/jobs";
  EXPECT_EQ(TestService::json(service.get(list))["data"][0], job);
  EXPECT_EQ(TestService::json(service.get(list + "?metadata[team]=a"))["data"].size(), 1);
  EXPECT_EQ(TestService::json(service.get(list + "?metadata[team]=b"))["data"].size(), 0);
  EXPECT_EQ(TestService::json(service.get(list + "?metadata=null"))["data"].size(), 0);
  const Json events = TestService::json(service.get("/v1/fine_tuning/jobs/" + id + "/events"));
  EXPECT_EQ(events["data"][0]["message"], "Created fine-tuning job: " + id);
  EXPECT_FALSE(events.contains("first_id"));
  const Json checkpoints =
      TestService::json(service.get("/v1/fine_tuning/jobs/" + id + "/checkpoints"));
  EXPECT_EQ(checkpoints["data"].size(), 0);
  EXPECT_EQ(checkpoints["first_id"], nullptr);
}

TEST_F(RoutesOverHttp, AJobNeedsAModelAndFilesThatAreThere) {
  const std::string file = service.create_file();
  const auto create = [&](const std::string& model, const std::string& training) {
    return service.post("/v1/fine_tuning/jobs",
                        R"({"model":")" + model + R"(","training_file":")" + training + "\"}");
  };
  EXPECT_EQ(code_of(create("other", file)), "model_not_available");
  EXPECT_EQ(code_of(create("tiny", "file-none")), "invalid_training_file");
  const std::string other = TestService::json(service.upload("x", "user_data")).value("id", "");
  EXPECT_EQ(code_of(create("tiny", other)), "invalid_training_file");
}

TEST_F(RoutesOverHttp, AJobIsPausedResumedAndCancelledOnce) {
  const std::string job = "/v1/fine_tuning/jobs/" + service.create_job();
  EXPECT_EQ(TestService::json(service.post(job + "/cancel", ""))["status"], "cancelled");
  const Reply again = service.post(job + "/cancel", "");
  EXPECT_EQ(again.status, 400);
  EXPECT_EQ(code_of(again), "invalid_job_status");
  EXPECT_EQ(service.post(job + "/resume", "").status, 400);
}

TEST_F(RoutesOverHttp, APriorityIsSet) {
  const std::string job = "/v1/fine_tuning/jobs/" + service.create_job();
  EXPECT_EQ(service.post(job + "/priority", R"({"priority":5})").status, 200);
}

// ---- Idempotency-Key ----

TEST_F(RoutesOverHttp, ARepeatedKeyGetsTheFirstAnswerAndMakesNoSecondJob) {
  const std::string body = R"({"model":"tiny","training_file":")" + service.create_file() + "\"}";
  const Reply first = service.post("/v1/fine_tuning/jobs", body, "Idempotency-Key: k1\r\n");
  const Reply second = service.post("/v1/fine_tuning/jobs", body, "Idempotency-Key: k1\r\n");
  EXPECT_EQ(first.body, second.body);
  EXPECT_EQ(second.headers.at("idempotent-replayed"), "true");
  EXPECT_EQ(TestService::json(service.get("/v1/fine_tuning/jobs"))["data"].size(), 1);
  const std::string other = body.substr(0, body.size() - 1) + R"(,"seed":1})";
  const Reply changed = service.post("/v1/fine_tuning/jobs", other, "Idempotency-Key: k1\r\n");
  EXPECT_EQ(changed.status, 409);
  EXPECT_EQ(code_of(changed), "idempotency_key_reused");
}

TEST_F(RoutesOverHttp, AFailureIsNotRemembered) {
  const std::string bad = R"({"model":"tiny","training_file":"file-none"})";
  EXPECT_EQ(service.post("/v1/fine_tuning/jobs", bad, "Idempotency-Key: k2\r\n").status, 400);
  const std::string good = R"({"model":"tiny","training_file":")" + service.create_file() + "\"}";
  EXPECT_EQ(service.post("/v1/fine_tuning/jobs", good, "Idempotency-Key: k2\r\n").status, 200);
}

// ---- live events ----

std::string events_request(const std::string& job, const std::string& fields = "") {
  return "GET /v1/fine_tuning/jobs/" + job +
         "/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n" + fields + "\r\n";
}

TEST_F(RoutesOverHttp, EventsComeLiveToAllAndEndWithTheJob) {
  const std::string job = service.create_job();
  RawClient one(service.port()), two(service.port());
  for (RawClient* client : {&one, &two}) {
    client->send(events_request(job));
    EXPECT_EQ(client->read_head().headers.at("content-type"), "text/event-stream");
    const std::string first = client->read_chunk().value_or("");
    EXPECT_TRUE(first.starts_with("id: 1\ndata: {")) << first;
    EXPECT_NE(first.find("Created fine-tuning job"), std::string::npos);
  }
  EXPECT_EQ(service.events->subscriptions(), 2);
  EXPECT_EQ(service.post("/v1/fine_tuning/jobs/" + job + "/cancel", "").status, 200);
  for (RawClient* client : {&one, &two}) {
    std::string rest;
    while (const auto chunk = client->read_chunk(5)) rest += *chunk;
    EXPECT_TRUE(rest.starts_with("id: 2\n")) << rest;
    EXPECT_TRUE(rest.ends_with("data: [DONE]\n\n")) << rest;
  }
}

TEST_F(RoutesOverHttp, AStreamGoesOnBehindTheLastEventId) {
  const std::string job = service.create_job();
  service.post("/v1/fine_tuning/jobs/" + job + "/cancel", "");
  RawClient client(service.port());
  client.send(events_request(job, "Last-Event-ID: 1\r\n"));
  const Reply reply = client.read();
  EXPECT_TRUE(reply.body.starts_with("id: 2\n")) << reply.body;
  RawClient behind(service.port());
  behind.send(events_request(job, "Last-Event-ID: 99\r\n"));
  EXPECT_EQ(behind.read().body, "data: [DONE]\n\n");
}

TEST_F(RoutesOverHttp, AClientThatLeavesAStreamIsForgotten) {
  const std::string job = service.create_job();
  {
    RawClient client(service.port());
    client.send(events_request(job));
    client.read_head();
    EXPECT_EQ(service.server->counters().event_streams, 1);
  }
  for (int i = 0; i < 300 && service.events->subscriptions() > 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(service.events->subscriptions(), 0);
}

// ---- models ----

TEST_F(RoutesOverHttp, ModelsAreListedShownAndDeletedByNamesWithSlashes) {
  service.make_base("Qwen/Qwen3-0.6B");
  const Path adapter = service.home.models() / "tuned" / "x";
  std::filesystem::create_directories(adapter);
  const std::string name = "ft:Qwen/Qwen3-0.6B:local:mine:abcd1234";
  jobs::ModelRow row;
  row.model = {.id = name, .created = 5, .owned_by = "org-local"};
  row.base = "Qwen/Qwen3-0.6B";
  row.adapter = adapter;
  ASSERT_TRUE(service.store->add_model({}, row));
  std::this_thread::sleep_for(std::chrono::milliseconds(2100));  // the list of bases is kept 2 s
  const Json list = TestService::json(service.get("/v1/models"));
  EXPECT_EQ(list["data"].size(), 3) << list;
  EXPECT_EQ(TestService::json(service.get("/v1/models/Qwen/Qwen3-0.6B"))["id"], "Qwen/Qwen3-0.6B");
  EXPECT_EQ(service.get("/v1/models/" + name).status, 200);
  EXPECT_EQ(service.get("/v1/models/ft%3AQwen%2FQwen3-0.6B%3Alocal%3Amine%3Aabcd1234").status, 200);
  EXPECT_EQ(service.remove("/v1/models/Qwen%2FQwen3-0.6B").status, 403);
  EXPECT_EQ(TestService::json(service.remove("/v1/models/" + name))["deleted"], true);
  EXPECT_FALSE(std::filesystem::exists(adapter));
  EXPECT_EQ(service.get("/v1/models/" + name).status, 404);
}

TEST_F(RoutesOverHttp, CheckpointPermissionsAreGivenListedAndTakenBack) {
  const std::string name = "ft:tiny:local::abcd1234:ckpt-step-5";
  jobs::ModelRow row;
  row.model = {.id = name, .created = 5, .owned_by = "org-local"};
  row.base = "tiny";
  ASSERT_TRUE(service.store->add_model({}, row));
  const std::string path = "/v1/fine_tuning/checkpoints/" + name + "/permissions";
  const Json added =
      TestService::json(service.post(path, R"({"project_ids":["proj-a","proj-b"]})"));
  ASSERT_EQ(added["data"].size(), 2) << added;
  EXPECT_EQ(added["data"][0]["object"], "checkpoint.permission");
  EXPECT_EQ(TestService::json(service.get(path + "?project_id=proj-a"))["data"].size(), 1);
  const std::string id = added["data"][0]["id"];
  EXPECT_EQ(TestService::json(service.remove(path + "/" + id))["deleted"], true);
  EXPECT_EQ(TestService::json(service.get(path))["data"].size(), 1);
}

// ---- the document ----

TEST_F(RoutesOverHttp, TheDocumentNamesEveryRouteAndEverySchemaThatItRefersTo) {
  const Json document = TestService::json(service.get("/openapi.json"));
  EXPECT_EQ(document["openapi"], "3.1.0");
  std::set<std::string> operations;
  for (const auto& [path, methods] : document["paths"].items())
    for (const auto& [method, operation] : methods.items())
      EXPECT_TRUE(operations.insert(operation["operationId"]).second) << path;
  EXPECT_EQ(operations.size(), service.router.routes().size());
  for (const Route& route : service.router.routes()) {
    EXPECT_FALSE(route.options.summary.empty()) << route.pattern;
    EXPECT_TRUE(route.scope.empty() || is_scope(route.scope)) << route.pattern;
    for (const std::string& name : {route.options.request, route.options.response})
      EXPECT_TRUE(name.empty() || name == "binary" || name == "text" ||
                  document["components"]["schemas"].contains(name))
          << name;
  }
}

}  // namespace
}  // namespace attune::serve
