// API keys over HTTP: what they open, and what they keep from other tenants.
#include <gtest/gtest.h>

#include "serve/test_service.h"

namespace attune::serve {
namespace {

class KeyRoutes : public ::testing::Test {
 protected:
  TestService service;
};

std::string bearer(const std::string& key) { return "Authorization: Bearer " + key + "\r\n"; }

TEST_F(KeyRoutes, OnceThereIsAKeyItIsNeededAndLimited) {
  const Json all = TestService::json(service.post("/v1/keys", R"({"name":"admin"})"));
  const std::string admin = all["key"];
  EXPECT_TRUE(admin.starts_with("sk-"));
  EXPECT_EQ(service.get("/v1/files").status, 401);
  EXPECT_EQ(service.get("/v1/files", bearer(admin)).status, 200);
  EXPECT_EQ(service.get("/v1/files", "api-key: " + admin + "\r\n").status, 200);
  const Json reader = TestService::json(
      service.post("/v1/keys", R"({"name":"reader","scopes":["read"]})", bearer(admin)));
  const std::string key = reader["key"];
  EXPECT_EQ(service.get("/v1/files", bearer(key)).status, 200);
  EXPECT_EQ(service.post("/v1/uploads", "{}", bearer(key)).status, 403);
  EXPECT_EQ(service.post("/v1/keys", R"({"name":"x"})", bearer(key)).status, 403);
  EXPECT_EQ(service.get("/v1/files", bearer(key) + "OpenAI-Organization: other\r\n").status, 401);
  const Reply list = service.get("/v1/keys", bearer(admin));
  EXPECT_EQ(list.body.find(admin), std::string::npos);
  EXPECT_EQ(TestService::json(list)["data"].size(), 2);
}

TEST_F(KeyRoutes, ARotatedKeyEndsAndTheNewOneWorks) {
  const Json old = TestService::json(service.post("/v1/keys", R"({"name":"a"})"));
  const Json made = TestService::json(
      service.post("/v1/keys/" + old["id"].get<std::string>() + "/rotate", "", bearer(old["key"])));
  EXPECT_EQ(service.get("/v1/files", bearer(old["key"])).status, 401);
  EXPECT_EQ(service.get("/v1/files", bearer(made["key"])).status, 200);
}

TEST_F(KeyRoutes, ATenantSeesNothingOfAnother) {
  const std::string file = service.create_file();
  const std::string job = service.create_job();
  NewKey other = make_key({.organization = "org-b", .project = "proj-b"}, "b", {"all"},
                          *service.store->now(), {});
  ASSERT_TRUE(service.store->add_key(other.row));
  service.authenticator->forget();
  const std::string fields = bearer(other.key);
  EXPECT_EQ(service.get("/v1/files/" + file, fields).status, 404);
  EXPECT_EQ(service.get("/v1/files/" + file + "/content", fields).status, 404);
  EXPECT_EQ(service.get("/v1/fine_tuning/jobs/" + job, fields).status, 404);
  EXPECT_EQ(service.get("/v1/fine_tuning/jobs/" + job + "/events", fields).status, 404);
  EXPECT_EQ(service.get("/v1/fine_tuning/jobs/" + job + "/events?stream=true", fields).status, 404);
  EXPECT_EQ(service.post("/v1/fine_tuning/jobs/" + job + "/cancel", "", fields).status, 404);
  EXPECT_EQ(TestService::json(service.get("/v1/files", fields))["data"].size(), 0);
  EXPECT_EQ(TestService::json(service.get("/v1/fine_tuning/jobs", fields))["data"].size(), 0);
}

}  // namespace
}  // namespace attune::serve
