// The sender against scripted receivers, on both databases, with a clock that the test sets.
#include "jobs/webhooks.h"

#include <csignal>
#include <fstream>
#include <set>

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/json.h"
#include "jobs/http_receiver.h"
#include "jobs/store_fixture.h"
#include "jobs/webhook_signature.h"

namespace attune::testing_support {
namespace {

constexpr const char* kSecret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

WebhookOptions local_options() {
  return {.allow_private_addresses = true, .total_seconds = 2, .poll_seconds = 0.02, .random = [] {
            return 0.0;
          }};
}

class Webhooks : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    if (IsSkipped()) return;
    sender_ = std::make_unique<WebhookSender>(*store_, local_options());
    http_ = std::make_unique<client::HttpClient>(sender_->new_client());
  }
  void add_endpoint(const std::string& url, std::vector<std::string> types = {},
                    const std::string& id = "we_1") {
    EndpointRow row;
    row.id = id;
    row.url = url;
    row.secret = kSecret;
    row.event_types = std::move(types);
    must(store_->add_endpoint(row));
  }
  void emit() { must(store_->emit_webhook({}, "fine_tuning.job.succeeded", "ftjob-1")); }
  bool deliver() { return must(sender_->deliver_next(*http_)); }
  DeliveryRow delivery() {
    const auto page = must(store_->list_deliveries({}, "we_1", {.after = {}, .limit = 10}));
    EXPECT_EQ(page.items.size(), 1u);
    return page.items.at(0);
  }

  std::unique_ptr<WebhookSender> sender_;
  std::unique_ptr<client::HttpClient> http_;
};
ATTUNE_ON_EVERY_DATABASE(Webhooks);

TEST_P(Webhooks, SendsASignedEvent) {
  HttpReceiver receiver;
  add_endpoint(receiver.url());
  emit();
  EXPECT_TRUE(deliver());
  EXPECT_FALSE(deliver());
  ASSERT_EQ(receiver.requests().size(), 1u);
  const ReceivedRequest request = receiver.requests()[0];
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/hook");
  EXPECT_EQ(request.header("content-type"), "application/json");
  EXPECT_EQ(request.header("webhook-timestamp"), fmt::format("{}", time_.load()));
  EXPECT_EQ(request.header("webhook-id"), delivery().id);
  EXPECT_TRUE(delivery().id.starts_with("wh_"));
  EXPECT_EQ(request.header("webhook-signature"),
            sign_webhook(kSecret, delivery().id, time_, request.body).value());
  const Json body = must(parse_json(request.body, "body"));
  EXPECT_EQ(body["object"], "event");
  EXPECT_EQ(body["type"], "fine_tuning.job.succeeded");
  EXPECT_EQ(body["data"]["id"], "ftjob-1");
  EXPECT_EQ(delivery().state, DeliveryState::delivered);
  EXPECT_EQ(delivery().last_status, 200);
}

TEST_P(Webhooks, AreSignedByTheOldSecretTooWhileItHolds) {
  HttpReceiver receiver;
  add_endpoint(receiver.url());
  EndpointRow row = must(store_->find_endpoint({}, "we_1")).value();
  row.previous_secret = "whsec_MDEy";
  row.previous_until = time_ + 10;
  EXPECT_TRUE(must(store_->update_endpoint(row)));
  for (int i = 0; i < 2; ++i) {
    emit();
    EXPECT_TRUE(deliver());
    time_ += 10;
  }
  const auto requests = receiver.requests();
  ASSERT_EQ(requests.size(), 2u);
  const auto signed_by = [](const ReceivedRequest& request, std::string_view secret) {
    return sign_webhook(secret, request.header("webhook-id"),
                        std::stoll(request.header("webhook-timestamp")), request.body)
        .value();
  };
  EXPECT_EQ(requests[0].header("webhook-signature"),
            signed_by(requests[0], kSecret) + " " + signed_by(requests[0], "whsec_MDEy"));
  EXPECT_EQ(requests[1].header("webhook-signature"), signed_by(requests[1], kSecret));
}

TEST_P(Webhooks, TriesAgainWithTheSameIdAndLongerPauses) {
  HttpReceiver receiver;
  receiver.answer_with(500).answer_with(404).answer_with(204);
  add_endpoint(receiver.url());
  emit();
  EXPECT_TRUE(deliver());
  EXPECT_EQ(delivery().next_at, time_ + 5);
  EXPECT_EQ(delivery().last_status, 500);
  EXPECT_EQ(delivery().last_error, "the receiver answered 500");
  time_ += 4;
  EXPECT_FALSE(deliver());
  time_ += 1;
  EXPECT_TRUE(deliver());
  EXPECT_EQ(delivery().next_at, time_ + 10);
  time_ += 10;
  EXPECT_TRUE(deliver());
  EXPECT_EQ(delivery().state, DeliveryState::delivered);
  ASSERT_EQ(receiver.requests().size(), 3u);
  for (const ReceivedRequest& request : receiver.requests()) {
    EXPECT_EQ(request.header("webhook-id"), delivery().id);
    EXPECT_EQ(request.body, receiver.requests()[0].body);
    // Each attempt is signed anew, so that a receiver's check of its age passes.
    const std::int64_t timestamp = std::stoll(request.header("webhook-timestamp"));
    EXPECT_EQ(request.header("webhook-signature"),
              sign_webhook(kSecret, delivery().id, timestamp, request.body).value());
  }
  EXPECT_NE(receiver.requests()[0].header("webhook-timestamp"),
            receiver.requests()[1].header("webhook-timestamp"));
}

TEST_P(Webhooks, CountsARedirectAsAFailureAndDoesNotFollowIt) {
  HttpReceiver elsewhere;
  HttpReceiver receiver;
  receiver.answer_with(Scripted{.status = 307, .headers = {{"location", elsewhere.url()}}});
  add_endpoint(receiver.url());
  emit();
  EXPECT_TRUE(deliver());
  EXPECT_EQ(delivery().state, DeliveryState::pending);
  EXPECT_EQ(delivery().last_status, 307);
  EXPECT_TRUE(elsewhere.requests().empty());
}

TEST_P(Webhooks, CountsSilenceAsAFailure) {
  HttpReceiver receiver;
  receiver.answer_with(Scripted{.drop = true}).hang();
  add_endpoint(receiver.url());
  emit();
  EXPECT_TRUE(deliver());
  EXPECT_EQ(delivery().last_status, 0);
  EXPECT_FALSE(delivery().last_error.empty());
  time_ += 5;
  EXPECT_TRUE(deliver());
  EXPECT_EQ(delivery().last_error, "the time for it ran out");
  EXPECT_EQ(delivery().state, DeliveryState::pending);
}

TEST_P(Webhooks, WaitsAsLongAsTheReceiverAsks) {
  HttpReceiver receiver;
  receiver.answer_with(Scripted{.status = 429, .headers = {{"retry-after", "90"}}});
  add_endpoint(receiver.url());
  emit();
  EXPECT_TRUE(deliver());
  EXPECT_EQ(delivery().next_at, time_ + 90);
}

TEST_P(Webhooks, GoToTheDeadLettersAfterThreeDaysAndCanBeReplayed) {
  HttpReceiver receiver;
  receiver.answer_with(503);
  add_endpoint(receiver.url());
  emit();
  const std::int64_t begun = time_;
  int attempts = 0;
  while (delivery().state == DeliveryState::pending) {
    ASSERT_LT(++attempts, 100);
    time_ = delivery().next_at;
    ASSERT_TRUE(deliver());
  }
  EXPECT_EQ(delivery().state, DeliveryState::dead);
  EXPECT_EQ(attempts, 24);
  EXPECT_GT(time_ - begun, 60 * 3600);
  EXPECT_LE(time_ - begun, 72 * 3600);
  time_ += 100'000;
  EXPECT_FALSE(deliver());
  EXPECT_EQ(sender_->counters().dead, 1);

  receiver.answer_with(200);
  const std::string id = delivery().id;
  EXPECT_FALSE(must(store_->replay_delivery({"org-other", "proj-other"}, id)));
  EXPECT_TRUE(must(store_->replay_delivery({}, id)));
  EXPECT_TRUE(deliver());
  EXPECT_EQ(delivery().state, DeliveryState::delivered);
  EXPECT_EQ(receiver.requests().back().header("webhook-id"), id);
}

TEST_P(Webhooks, KeepAwayFromPrivateAddressesUnlessAllowed) {
  HttpReceiver receiver;
  WebhookOptions options = local_options();
  options.allow_private_addresses = false;
  sender_ = std::make_unique<WebhookSender>(*store_, options);
  for (const std::string& url :
       {receiver.url(), fmt::format("http://localhost:{}/hook", receiver.port()),
        fmt::format("http://2130706433:{}/hook", receiver.port()),
        fmt::format("http://0x7f.1:{}/hook", receiver.port()),
        fmt::format("http://[::ffff:127.0.0.1]:{}/hook", receiver.port()),
        fmt::format("http://0:{}/hook", receiver.port())}) {
    must(store_->remove_endpoint({}, "we_1"));
    add_endpoint(url);
    emit();
    EXPECT_TRUE(deliver()) << url;
    EXPECT_NE(delivery().last_error.find("not in the public Internet"), std::string::npos)
        << url << ": " << delivery().last_error;
  }
  EXPECT_TRUE(receiver.requests().empty());
}

TEST_P(Webhooks, AreNotSentThroughAProxyThatWouldHideTheAddress) {
  HttpReceiver proxy;
  HttpReceiver receiver;
  ::setenv("http_proxy", proxy.url().c_str(), 1);
  WebhookOptions options = local_options();
  options.allow_private_addresses = false;
  sender_ = std::make_unique<WebhookSender>(*store_, options);
  add_endpoint("http://192.168.77.77/hook");
  emit();
  EXPECT_TRUE(deliver());
  ::unsetenv("http_proxy");
  EXPECT_TRUE(proxy.requests().empty());
  EXPECT_NE(delivery().last_error.find("not in the public Internet"), std::string::npos);
}

TEST_P(Webhooks, GoToEndpointsThatWantTheTypeAlone) {
  HttpReceiver receiver;
  add_endpoint(receiver.url(), {"fine_tuning.job.failed"});
  emit();
  EXPECT_FALSE(deliver());
  must(store_->emit_webhook({}, "fine_tuning.job.failed", "ftjob-2"));
  EXPECT_TRUE(deliver());
  EXPECT_EQ(receiver.requests().size(), 1u);
}

TEST_P(Webhooks, ComeOfAJobsEnd) {
  HttpReceiver receiver;
  add_endpoint(receiver.url());
  const std::string id = create_job();
  must(store_->request_cancel({}, id));
  EXPECT_TRUE(deliver());
  const Json body = must(parse_json(receiver.requests().at(0).body, "body"));
  EXPECT_EQ(body["type"], "fine_tuning.job.cancelled");
  EXPECT_EQ(body["data"]["id"], id);
}

TEST_P(Webhooks, ThreadsDeliverManyWhileOneReceiverHangs) {
  HttpReceiver hanging, receiver;
  hanging.hang();
  add_endpoint(hanging.url(), {}, "we_hang");
  add_endpoint(receiver.url());
  for (int i = 0; i < 20; ++i) emit();
  WebhookOptions options = local_options();
  options.total_seconds = 0.2;
  WebhookSender sender(*store_, options);
  sender.start();
  EXPECT_TRUE(receiver.wait_for_requests(20));
  sender.stop();
  std::set<std::string> ids;
  for (const ReceivedRequest& request : receiver.requests())
    ids.insert(request.header("webhook-id"));
  EXPECT_EQ(ids.size(), 20u);
}

TEST_P(Webhooks, StopDoesNotWaitForAReceiverThatHangs) {
  HttpReceiver receiver;
  receiver.hang();
  add_endpoint(receiver.url());
  emit();
  WebhookOptions options = local_options();
  options.total_seconds = 30;
  WebhookSender sender(*store_, options);
  sender.start();
  ASSERT_TRUE(receiver.wait_for_requests(1));
  const auto begun = std::chrono::steady_clock::now();
  sender.stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(5));
  EXPECT_EQ(delivery().state, DeliveryState::pending);
}

TEST_P(Webhooks, SendersOnOneStoreDeliverEachOnce) {
  HttpReceiver receiver;
  add_endpoint(receiver.url());
  for (int i = 0; i < 30; ++i) emit();
  auto other_store = open_again();
  WebhookSender first(*store_, local_options());
  WebhookSender second(*other_store, local_options());
  first.start();
  second.start();
  EXPECT_TRUE(receiver.wait_for_requests(30));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  first.stop();
  second.stop();
  std::set<std::string> ids;
  for (const ReceivedRequest& request : receiver.requests())
    ids.insert(request.header("webhook-id"));
  EXPECT_EQ(ids.size(), 30u);
  EXPECT_EQ(receiver.requests().size(), 30u);
}

// The receiver has the event, the sender dies before it can note that: it is sent again.
TEST_P(Webhooks, AreSentAgainWithTheSameIdAfterAKill) {
  HttpReceiver receiver;
  receiver.hang().answer_with(200);
  add_endpoint(receiver.url());
  emit();
  const pid_t child = ::fork();
  if (child == 0) {  // a sender of its own, with a store of its own
    auto store = Store::open(url_, {.connections = 1, .clock = [this] { return time_.load(); }});
    if (!store) ::_exit(1);
    WebhookOptions options = local_options();
    options.total_seconds = 30;
    WebhookSender sender(**store, options);
    client::HttpClient http = sender.new_client();
    static_cast<void>(sender.deliver_next(http));
    ::_exit(0);
  }
  ASSERT_GT(child, 0);
  ASSERT_TRUE(receiver.wait_for_requests(1));
  ASSERT_EQ(::kill(child, SIGKILL), 0);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));

  EXPECT_FALSE(deliver());  // still held for the dead sender
  time_ += 60;
  EXPECT_TRUE(deliver());
  ASSERT_EQ(receiver.requests().size(), 2u);
  EXPECT_EQ(receiver.requests()[0].header("webhook-id"),
            receiver.requests()[1].header("webhook-id"));
  EXPECT_EQ(receiver.requests()[0].body, receiver.requests()[1].body);
  EXPECT_EQ(delivery().state, DeliveryState::delivered);
}

TEST_P(Webhooks, LeaveNoSecretInTheLog) {
  HttpReceiver receiver;
  receiver.answer_with(500).answer_with(200);
  const std::string log_path = (folder_.path() / "log.jsonl").string();
  auto log = must(Log::open({.destination = log_path}));
  sender_ = std::make_unique<WebhookSender>(*store_, local_options(), log.get());
  add_endpoint(receiver.url() + "/T0P/SECRET-PATH?token=abc123");
  emit();
  EXPECT_TRUE(deliver());
  time_ += 5;
  EXPECT_TRUE(deliver());
  log->flush();
  std::ifstream file(log_path);
  std::string line;
  int lines = 0;
  while (std::getline(file, line)) {
    ++lines;
    EXPECT_EQ(line.find("SECRET-PATH"), std::string::npos) << line;
    EXPECT_EQ(line.find("abc123"), std::string::npos) << line;
    EXPECT_EQ(line.find("whsec_"), std::string::npos) << line;
    EXPECT_EQ(line.find("v1,"), std::string::npos) << line;
    EXPECT_TRUE(parse_json(line, "log").has_value()) << line;
  }
  EXPECT_EQ(lines, 2);
}

TEST(WebhookRetries, GrowToSixHoursAndEndWithinThreeDays) {
  EXPECT_EQ(retry_delay(1, 0), 5);
  EXPECT_EQ(retry_delay(2, 0), 10);
  EXPECT_EQ(retry_delay(13, 0), 20480);
  EXPECT_EQ(retry_delay(14, 0), 21600);
  EXPECT_EQ(retry_delay(23, 0), 21600);
  EXPECT_EQ(retry_delay(24, 0), std::nullopt);
  EXPECT_EQ(retry_delay(1000, 0), std::nullopt);
  EXPECT_EQ(retry_delay(14, 1), 19440);
}

}  // namespace
}  // namespace attune::testing_support
