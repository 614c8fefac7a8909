// Webhooks, API keys, models and permissions.
#include <set>

#include <fmt/format.h>

#include "io/sha256.h"
#include "jobs/store_fixture.h"

namespace attune::testing_support {
namespace {

class Outbox : public StoreTest {
 protected:
  std::string add_endpoint(std::vector<std::string> types = {}, const Tenant& tenant = {},
                           bool enabled = true) {
    std::string id = fmt::format("we_{}", ++endpoints_);
    must(store_->add_endpoint({.id = id,
                               .tenant = tenant,
                               .url = "https://example.com/" + id,
                               .secret = "whsec_MDEy",
                               .event_types = std::move(types),
                               .enabled = enabled}));
    return id;
  }
  std::vector<DeliveryRow> due() { return must(store_->due_deliveries(100, 60)); }
  // Runs a job to its end, which puts its event into the outbox.
  std::string finish_job(JobStatus to, const Tenant& tenant = {}) {
    std::string id = create_job(tenant);
    JobRow claimed = claim().value();
    must(store_->record(id, claimed.attempt, {.to = to}));
    return id;
  }
  int endpoints_ = 0;
};
ATTUNE_ON_EVERY_DATABASE(Outbox);

TEST_P(Outbox, HasOneDeliveryForEachEndpointThatWantsTheEndOfAJob) {
  std::string all = add_endpoint();
  std::string failures = add_endpoint({"fine_tuning.job.failed"});
  add_endpoint({}, {"org-other", "proj-local"});
  add_endpoint({}, {}, false);
  std::string job_id = finish_job(JobStatus::succeeded);
  std::vector<DeliveryRow> deliveries = due();
  ASSERT_EQ(deliveries.size(), 1U);
  EXPECT_EQ(deliveries[0].endpoint_id, all);
  EXPECT_EQ(deliveries[0].type, "fine_tuning.job.succeeded");
  EXPECT_EQ(deliveries[0].secret, "whsec_MDEy");
  EXPECT_EQ(deliveries[0].attempts, 1);
  Json body = must(parse_json(deliveries[0].body, "delivery"));
  EXPECT_EQ(body["object"], "event");
  EXPECT_TRUE(body["id"].get<std::string>().starts_with("evt_"));
  EXPECT_EQ(body["data"]["id"], job_id);
  EXPECT_EQ(body["created_at"], time_.load());
  finish_job(JobStatus::failed);
  std::set<std::string> to;
  for (const DeliveryRow& delivery : due()) to.insert(delivery.endpoint_id);
  EXPECT_EQ(to, (std::set<std::string>{all, failures}));
}

TEST_P(Outbox, TellsOfACancelledJob) {
  add_endpoint();
  must(store_->request_cancel({}, create_job()));
  EXPECT_EQ(due().at(0).type, "fine_tuning.job.cancelled");
}

TEST_P(Outbox, GivesADeliveryAgainWhenItsSenderVanished) {
  add_endpoint();
  finish_job(JobStatus::succeeded);
  std::string id = due().at(0).id;
  EXPECT_TRUE(due().empty()) << "held for its sender";
  time_ += 60;
  std::vector<DeliveryRow> again = due();
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].id, id) << "the same webhook-id";
  EXPECT_EQ(again[0].attempts, 2);
}

TEST_P(Outbox, DeliversOnceThenKeepsTheRecord) {
  std::string endpoint = add_endpoint();
  finish_job(JobStatus::succeeded);
  std::string id = due().at(0).id;
  must(store_->delivery_done(id, 204));
  must(store_->delivery_failed(id, 500, "a late second sender", time_ + 1));
  time_ += 3600;
  EXPECT_TRUE(due().empty());
  auto page = must(store_->list_deliveries({}, endpoint, {}));
  ASSERT_EQ(page.items.size(), 1U);
  EXPECT_EQ(page.items[0].state, DeliveryState::delivered);
  EXPECT_EQ(page.items[0].last_status, 204);
}

TEST_P(Outbox, RetriesLaterThenGivesUpAndReplays) {
  std::string endpoint = add_endpoint();
  finish_job(JobStatus::succeeded);
  std::string id = due().at(0).id;
  must(store_->delivery_failed(id, 500, "HTTP 500", time_ + 300));
  EXPECT_TRUE(due().empty());
  time_ += 300;
  EXPECT_EQ(due().size(), 1U);
  must(store_->delivery_failed(id, 0, "connection refused", std::nullopt));
  time_ += 100'000;
  EXPECT_TRUE(due().empty());
  auto dead = must(store_->list_deliveries({}, endpoint, {}, DeliveryState::dead));
  ASSERT_EQ(dead.items.size(), 1U);
  EXPECT_EQ(dead.items[0].last_error, "connection refused");
  EXPECT_EQ(must(store_->statistics()).deliveries_dead, 1);
  EXPECT_FALSE(must(store_->replay_delivery({"org-other", "proj-local"}, id)));
  ASSERT_TRUE(must(store_->replay_delivery({}, id)));
  EXPECT_EQ(due().at(0).id, id);
}

TEST_P(Outbox, ListsDeliveriesInPagesOfTheTenantAlone) {
  std::string endpoint = add_endpoint();
  for (int i = 0; i < 3; ++i) must(store_->emit_webhook({}, "batch.completed", "batch_1"));
  auto page = must(store_->list_deliveries({}, endpoint, {.limit = 2}));
  ASSERT_EQ(page.items.size(), 2U);
  EXPECT_TRUE(page.has_more);
  auto rest = must(store_->list_deliveries({}, endpoint, {.after = page.items[1].id, .limit = 2}));
  EXPECT_EQ(rest.items.size(), 1U);
  EXPECT_TRUE(
      must(store_->list_deliveries({"org-other", "proj-local"}, endpoint, {})).items.empty());
}

TEST_P(Outbox, EndpointsAreChangedAndRemovedByTheirTenantAlone) {
  std::string id = add_endpoint();
  EndpointRow row = must(store_->find_endpoint({}, id)).value();
  row.url = "https://example.com/new";
  row.enabled = false;
  EXPECT_TRUE(must(store_->update_endpoint(row)));
  EXPECT_EQ(must(store_->list_endpoints({})).items.at(0).url, "https://example.com/new");
  Tenant other{"org-other", "proj-local"};
  row.tenant = other;
  EXPECT_FALSE(must(store_->update_endpoint(row)));
  EXPECT_FALSE(must(store_->find_endpoint(other, id)).has_value());
  EXPECT_FALSE(must(store_->remove_endpoint(other, id)));
  must(store_->emit_webhook({}, "batch.completed", "batch_1"));
  EXPECT_TRUE(must(store_->remove_endpoint({}, id)));
  EXPECT_TRUE(must(store_->list_endpoints({})).items.empty());
}

// ---- API keys ----

TEST_P(Outbox, KeysAreFoundByTheirHashAlone) {
  EXPECT_FALSE(must(store_->any_key()));
  KeyRow key{.id = "key_1",
             .tenant = {"org", "p"},
             .name = "laptop",
             .hash = sha256("sk-secret"),
             .prefix = "sk-sec",
             .scopes = {"files.read", "jobs.write"},
             .expires_at = time_ + 100,
             .requests_per_minute = 60};
  must(store_->add_key(key));
  EXPECT_TRUE(must(store_->any_key()));
  std::optional<KeyRow> found = must(store_->find_key_by_hash(sha256("sk-secret")));
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->scopes, key.scopes);
  EXPECT_EQ(found->tenant, key.tenant);
  EXPECT_EQ(found->requests_per_minute, 60);
  EXPECT_FALSE(found->running_jobs_limit.has_value());
  EXPECT_TRUE(found->usable_at(time_));
  EXPECT_FALSE(found->usable_at(time_ + 100));
  EXPECT_FALSE(must(store_->find_key_by_hash(sha256("sk-other"))).has_value());
  EXPECT_FALSE(must(store_->find_key_by_hash("sk-secret")).has_value());
}

TEST_P(Outbox, ARevokedKeyIsUnusableAtOnceEverywhere) {
  std::unique_ptr<Store> other = open_again();
  must(store_->add_key({.id = "key_1", .hash = sha256("k")}));
  EXPECT_TRUE(must(other->find_key_by_hash(sha256("k")))->usable_at(time_));
  EXPECT_FALSE(must(store_->revoke_key({"org-other", "proj-local"}, "key_1")));
  EXPECT_TRUE(must(store_->revoke_key({}, "key_1")));
  EXPECT_FALSE(must(other->find_key_by_hash(sha256("k")))->usable_at(time_));
  EXPECT_EQ(must(store_->list_keys({})).at(0).revoked_at, time_.load());
}

TEST_P(Outbox, AKeysLastUseIsNotedOnceAMinute) {
  must(store_->add_key({.id = "key_1", .hash = sha256("k")}));
  must(store_->touch_key("key_1"));
  std::int64_t first = time_;
  time_ += 59;
  must(store_->touch_key("key_1"));
  EXPECT_EQ(must(store_->list_keys({})).at(0).last_used_at, first);
  time_ += 2;
  must(store_->touch_key("key_1"));
  EXPECT_EQ(must(store_->list_keys({})).at(0).last_used_at, time_.load());
}

// ---- models and permissions ----

TEST_P(Outbox, ModelsAreTheirTenantsUntilAPermissionLetsAnotherProjectIn) {
  const std::string name = "ft:base:org:suffix:abcdefgh:ckpt-step-9";
  must(store_->add_model({"org", "a"}, model(name)));
  EXPECT_EQ(must(store_->find_model({"org", "a"}, name))->base, "base");
  EXPECT_FALSE(must(store_->find_model({"org", "b"}, name)).has_value());
  auto added = must(store_->add_permissions({"org", "a"}, name, {"b", "c"}));
  ASSERT_EQ(added.size(), 2U);
  EXPECT_TRUE(must(store_->find_model({"org", "b"}, name)).has_value());
  EXPECT_EQ(must(store_->list_models({"org", "c"})).size(), 1U);
  EXPECT_FALSE(must(store_->find_model({"org-other", "b"}, name)).has_value());
  EXPECT_FALSE(must(store_->remove_model({"org", "b"}, name)).has_value()) << "use, not delete";
  EXPECT_TRUE(must(store_->remove_permission({"org", "a"}, name, added[0].id)));
  EXPECT_FALSE(must(store_->remove_permission({"org", "a"}, name, added[0].id)));
  EXPECT_FALSE(must(store_->find_model({"org", "b"}, name)).has_value());
  EXPECT_TRUE(must(store_->remove_model({"org", "a"}, name)).has_value());
  EXPECT_FALSE(must(store_->find_model({"org", "c"}, name)).has_value());
}

TEST_P(Outbox, PermissionsAreAddedOnceAndListed) {
  auto first = must(store_->add_permissions({}, "m", {"a", "b"}));
  auto again = must(store_->add_permissions({}, "m", {"b", "c"}));
  EXPECT_EQ(again[0].id, first[1].id);
  auto page = must(store_->list_permissions({}, "m", {.limit = 2}));
  ASSERT_EQ(page.items.size(), 2U);
  EXPECT_TRUE(page.has_more);
  EXPECT_EQ(page.items[0].project_id, "c");
  EXPECT_EQ(must(store_->list_permissions({}, "m", {}, "a")).items.size(), 1U);
  EXPECT_TRUE(must(store_->list_permissions({"org-other", "p"}, "m", {})).items.empty());
}

}  // namespace
}  // namespace attune::testing_support
