// The webhook endpoints of the API, as the official client uses them.
#include <gtest/gtest.h>

#include "client/scripted_server.h"
#include "jobs/webhook_signature.h"
#include "jobs/webhooks.h"
#include "serve/test_service.h"

namespace attune::serve {
namespace {

class WebhookRoutes : public ::testing::Test {
 protected:
  static constexpr const char* kAll = "/v1/webhook_endpoints";

  static std::string body(const std::string& url, const std::string& name = "ci") {
    return R"({"name":")" + name + R"(","url":")" + url +
           R"(","event_types":["fine_tuning.job.succeeded"]})";
  }
  Json make(const std::string& name = "ci") {
    return TestService::json(service.post(kAll, body("https://example.com/hook", name)));
  }
  static std::string path_of(const Json& endpoint) {
    return std::string(kAll) + "/" + endpoint["id"].get<std::string>();
  }

  TestService service;
};

TEST_F(WebhookRoutes, AnEndpointShowsItsSecretOnceAndAHintAlways) {
  const Json made = make();
  const auto secret = made["signing_secret"].get<std::string>();
  EXPECT_TRUE(secret.starts_with("whsec_"));
  EXPECT_EQ(made["object"], "webhook_endpoint");
  EXPECT_EQ(made["name"], "ci");
  EXPECT_EQ(made["updated_at"], made["created_at"]);
  const Json shown = TestService::json(service.get(path_of(made)));
  EXPECT_FALSE(shown.contains("signing_secret"));
  EXPECT_EQ(shown["signing_secret_hint"], "whsec_..." + secret.substr(secret.size() - 4));
}

TEST_F(WebhookRoutes, AnUpdateChangesWhatItNamesAlone) {
  const std::string path = path_of(make());
  const Json changed = TestService::json(service.post(path, R"({"name":"new","enabled":false})"));
  EXPECT_EQ(changed["name"], "new");
  EXPECT_EQ(changed["enabled"], false);
  EXPECT_EQ(changed["url"], "https://example.com/hook");
  EXPECT_EQ(changed["event_types"], Json::array({"fine_tuning.job.succeeded"}));
}

TEST_F(WebhookRoutes, AListGoesNewestFirstPageByPage) {
  const Json first = make("first");
  const Json second = make("second");
  const Json page = TestService::json(service.get(std::string(kAll) + "?limit=1"));
  EXPECT_EQ(page["data"][0]["name"], "second");
  EXPECT_EQ(page["first_id"], second["id"]);
  EXPECT_EQ(page["last_id"], second["id"]);
  EXPECT_EQ(page["has_more"], true);
  const Json rest = TestService::json(
      service.get(std::string(kAll) + "?after=" + second["id"].get<std::string>()));
  EXPECT_EQ(rest["data"].size(), 1);
  EXPECT_EQ(rest["data"][0]["id"], first["id"]);
  EXPECT_EQ(rest["has_more"], false);
  EXPECT_EQ(service.get(std::string(kAll) + "?after=we_none").status, 400);
}

TEST_F(WebhookRoutes, ARemovedEndpointIsGone) {
  const Json made = make();
  const std::string path = path_of(made);
  EXPECT_EQ(TestService::json(service.get(path + "/deliveries"))["data"].size(), 0);
  EXPECT_EQ(service.post(path + "/deliveries/wh_none/replay", "").status, 404);
  const Json removed = TestService::json(service.remove(path));
  EXPECT_EQ(removed["object"], "webhook_endpoint.deleted");
  EXPECT_EQ(removed["deleted"], true);
  EXPECT_EQ(service.get(path).status, 404);
  EXPECT_EQ(service.post(path + "/rotate_secret", "").status, 404);
}

TEST_F(WebhookRoutes, ARotationGivesANewSecretAndKeepsTheOldOneOnRequest) {
  const Json made = make();
  const std::string path = path_of(made);
  const Json rotated = TestService::json(service.post(path + "/rotate_secret", ""));
  EXPECT_NE(rotated["signing_secret"], made["signing_secret"]);
  auto row = service.store->find_endpoint({}, made["id"].get<std::string>());
  EXPECT_EQ((*row)->previous_secret, "");
  service.post(path + "/rotate_secret", R"({"keep_old_secret_active_for_24_hours":true})");
  row = service.store->find_endpoint({}, made["id"].get<std::string>());
  EXPECT_EQ((*row)->previous_secret, rotated["signing_secret"].get<std::string>());
  EXPECT_EQ((*row)->previous_until, (*row)->updated_at + 86400);
}

TEST_F(WebhookRoutes, TheTypesOfEventsAreListedAndOthersRefusedByName) {
  const Json types = TestService::json(service.get("/v1/webhook_event_types"));
  EXPECT_EQ(types["data"].size(), 6);
  const Reply refused = service.post(
      kAll, R"({"name":"n","url":"https://example.com","event_types":["batch.completed"]})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_NE(refused.body.find("batch.completed"), std::string::npos);
}

TEST_F(WebhookRoutes, WhatIsMissingIsNamed) {
  for (const auto& [text, param] : std::vector<std::pair<std::string, std::string>>{
           {R"({"url":"https://e.com","event_types":["fine_tuning.job.failed"]})", "name"},
           {R"({"name":"n","event_types":["fine_tuning.job.failed"]})", "url"},
           {R"({"name":"n","url":"https://e.com"})", "event_types"},
           {R"({"name":"n","url":"https://e.com","event_types":[]})", "event_types"}}) {
    const Reply refused = service.post(kAll, text);
    EXPECT_EQ(refused.status, 400);
    EXPECT_EQ(TestService::json(refused)["error"]["param"], param);
  }
}

TEST_F(WebhookRoutes, ATestSendsASignedSampleAndTellsTheReceiversAnswer) {
  client::ScriptedServer receiver(
      [](const client::Seen&) { return client::Scripted{.status = 503}; });
  jobs::WebhookSender sender(*service.store, {.allow_private_addresses = true});
  service.app->webhooks = &sender;
  const Json made = TestService::json(service.post(kAll, body(receiver.url() + "/hook")));
  const Json result = TestService::json(
      service.post(path_of(made) + "/test", R"({"event_type":"fine_tuning.job.failed"})"));
  EXPECT_EQ(result["object"], "webhook_endpoint.test");
  EXPECT_EQ(result["status_code"], 503);
  EXPECT_EQ(result["success"], true);
  EXPECT_EQ(result["webhook_endpoint_id"], made["id"]);
  ASSERT_EQ(receiver.seen().size(), 1u);
  const client::Seen sent = receiver.seen()[0];
  EXPECT_EQ(sent.header("webhook-signature"),
            jobs::sign_webhook(made["signing_secret"].get<std::string>(), sent.header("webhook-id"),
                               std::stoll(sent.header("webhook-timestamp")), sent.body)
                .value());
  EXPECT_EQ(sender.counters().failed, 0) << "a test is no delivery";
}

TEST_F(WebhookRoutes, ATestOfWhatCannotBeReachedIsRefused) {
  jobs::WebhookSender sender(*service.store, {});
  service.app->webhooks = &sender;
  const Json made = TestService::json(service.post(kAll, body("http://127.0.0.1:9/hook")));
  const std::string path = path_of(made) + "/test";
  const Reply refused = service.post(path, R"({"event_type":"fine_tuning.job.failed"})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_NE(refused.body.find("not in the public Internet"), std::string::npos) << refused.body;
  EXPECT_EQ(service.post(path, R"({"event_type":"batch.failed"})").status, 400);
  EXPECT_EQ(service.post(path, "{}").status, 400);
}

}  // namespace
}  // namespace attune::serve
