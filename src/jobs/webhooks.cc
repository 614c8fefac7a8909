#include "jobs/webhooks.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include <fmt/format.h>

#include "client/url.h"
#include "jobs/public_address.h"
#include "jobs/store_support.h"
#include "jobs/webhook_signature.h"
#include "wire/ids.h"

namespace attune::jobs {

namespace {

constexpr std::int64_t kFirstDelay = 5;
constexpr std::int64_t kLongestDelay = 6 * 3600;
constexpr std::int64_t kGiveUpAfter = 72 * 3600;

std::int64_t plain_delay(std::int64_t attempts) {
  std::int64_t delay = kFirstDelay;
  for (std::int64_t i = 1; i < attempts && delay < kLongestDelay; ++i) delay *= 2;
  return std::min(delay, kLongestDelay);
}

// By each secret that holds: "v1,..." or "v1,... v1,...".
Result<std::string> signatures(const DeliveryRow& delivery, std::int64_t now) {
  ATTUNE_TRY(std::string text, sign_webhook(delivery.secret, delivery.id, now, delivery.body));
  if (delivery.previous_secret.empty() || delivery.previous_until <= now) return text;
  ATTUNE_TRY(const std::string before,
             sign_webhook(delivery.previous_secret, delivery.id, now, delivery.body));
  return text + " " + before;
}

std::string host_of(const std::string& url) {
  const auto parsed = client::Url::parse(url, "webhook");
  return parsed ? parsed->host : std::string();
}

}  // namespace

std::optional<std::int64_t> retry_delay(std::int64_t attempts, double random) {
  std::int64_t waited = 0;
  for (std::int64_t i = 1; i <= attempts; ++i) waited += plain_delay(i);
  if (waited > kGiveUpAfter) return std::nullopt;
  const auto delay = static_cast<double>(plain_delay(std::max<std::int64_t>(attempts, 1)));
  return std::llround(delay * (1 - 0.1 * std::clamp(random, 0.0, 1.0)));
}

WebhookSender::WebhookSender(Store& store, WebhookOptions options, Log* log)
    : store_(store), options_(std::move(options)), log_(log) {
  if (!options_.random) options_.random = client::Waiting::real().random;
}

WebhookSender::~WebhookSender() { stop(); }

client::HttpClient WebhookSender::new_client() const {
  client::HttpOptions options;
  options.connect_seconds = options_.connect_seconds;
  options.user_agent = "attune-webhooks";
  return client::HttpClient(std::move(options));
}

void WebhookSender::start() {
  stopping_ = false;
  for (std::int64_t i = 0; i < std::max<std::int64_t>(1, options_.threads); ++i)
    threads_.emplace_back([this] { run(); });
}

void WebhookSender::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stopped_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void WebhookSender::run() {
  client::HttpClient http = new_client();
  bool store_answers = true;
  while (!stopping_) {
    const Result<bool> sent = deliver_next(http);
    if (sent && *sent) continue;
    if (!sent && store_answers && log_ != nullptr)
      log_->warning("webhooks wait for the store", {{"error.message", sent.error().message()}});
    store_answers = sent.has_value();
    std::unique_lock lock(mutex_);
    stopped_.wait_for(lock, std::chrono::duration<double>(options_.poll_seconds),
                      [this] { return stopping_.load(); });
  }
}

Result<bool> WebhookSender::deliver_next(client::HttpClient& http) {
  // Longer than an attempt can take, so that nobody else sends it meanwhile.
  const auto hold = static_cast<std::int64_t>(std::ceil(options_.total_seconds)) + 15;
  ATTUNE_TRY(const std::vector<DeliveryRow> due, store_.due_deliveries(1, hold));
  if (due.empty()) return false;
  ATTUNE_TRY(const std::int64_t now, store_.now());
  const Attempt made = attempt(http, due.front(), now);
  if (stopping_ && !made.accepted) return false;  // cut short by us: no fault of the receiver
  ATTUNE_TRY_VOID(finish(due.front(), made, now));
  return true;
}

Result<WebhookSender::Attempt> WebhookSender::try_out(const EndpointRow& endpoint,
                                                      const std::string& type) {
  ATTUNE_TRY(const std::int64_t now, store_.now());
  client::HttpClient http = new_client();
  return attempt(http,
                 {.id = wire::new_id("wh_"),
                  .endpoint_id = endpoint.id,
                  .url = endpoint.url,
                  .secret = endpoint.secret,
                  .previous_secret = endpoint.previous_secret,
                  .previous_until = endpoint.previous_until,
                  .type = type,
                  .body = webhook_body(type, "ftjob-sample", now)},
                 now);
}

WebhookSender::Attempt WebhookSender::attempt(client::HttpClient& http, const DeliveryRow& delivery,
                                              std::int64_t now) {
  Attempt made;
  const auto signature = signatures(delivery, now);
  if (!signature) {
    made.error = signature.error().message();
    return made;
  }
  client::HttpRequest request;
  request.method = "POST";
  request.url = delivery.url;
  request.headers = {{"content-type", "application/json"},
                     {"webhook-id", delivery.id},
                     {"webhook-timestamp", fmt::format("{}", now)},
                     {"webhook-signature", *signature}};
  request.body = delivery.body;
  request.total_seconds = options_.total_seconds;
  request.idle_seconds = options_.total_seconds;
  request.stop = &stopping_;
  request.retry = false;  // the store keeps the schedule
  // A 2xx head is acceptance; what the receiver says after it is nobody's concern.
  request.on_headers = [&](const client::HeaderList&) { made.accepted = true; };
  request.on_body = [](std::string_view) { return true; };
  bool refused = false;
  if (!options_.allow_private_addresses) {
    request.may_connect = [&](std::string_view address) {
      const bool allowed = is_public_address(address);
      refused = refused || !allowed;
      return allowed;
    };
  }
  const client::HttpOutcome outcome = http.send(request);
  if (outcome) {
    made.status = outcome->status;
    made.accepted = outcome->status >= 200 && outcome->status < 300;
    made.wait_seconds = client::requested_wait(outcome->headers, static_cast<double>(now));
    if (!made.accepted) made.error = fmt::format("the receiver answered {}", outcome->status);
  } else if (made.accepted) {
    made.status = 200;
  } else if (refused) {
    made.error = "the address is not in the public Internet, and this server sends only there";
  } else {
    made.error = outcome.error().what;
  }
  return made;
}

Result<void> WebhookSender::finish(const DeliveryRow& delivery, const Attempt& attempt,
                                   std::int64_t now) {
  const std::string host = host_of(delivery.url);  // the path may be a secret of its own
  if (attempt.accepted) {
    ++counters_.delivered;
    if (log_ != nullptr)
      log_->info("webhook delivered", {{"attune.webhook.id", delivery.id},
                                       {"attune.webhook.type", delivery.type},
                                       {"attune.webhook.endpoint", delivery.endpoint_id},
                                       {"attune.webhook.attempt", delivery.attempts},
                                       {"server.address", host},
                                       {"http.response.status_code", attempt.status}});
    return store_.delivery_done(delivery.id, attempt.status);
  }
  ++counters_.failed;
  std::optional<std::int64_t> next_at;
  if (const auto delay = retry_delay(delivery.attempts, options_.random())) {
    const double asked = std::clamp(attempt.wait_seconds.value_or(0), 0.0, double{kLongestDelay});
    next_at = now + std::max(*delay, static_cast<std::int64_t>(std::ceil(asked)));
  } else {
    ++counters_.dead;
  }
  if (log_ != nullptr)
    log_->warning(next_at ? "webhook failed" : "webhook given up",
                  {{"attune.webhook.id", delivery.id},
                   {"attune.webhook.type", delivery.type},
                   {"attune.webhook.endpoint", delivery.endpoint_id},
                   {"attune.webhook.attempt", delivery.attempts},
                   {"attune.webhook.next_at", next_at.value_or(0)},
                   {"server.address", host},
                   {"http.response.status_code", attempt.status},
                   {"error.message", attempt.error}});
  return store_.delivery_failed(delivery.id, attempt.status, attempt.error, next_at);
}

}  // namespace attune::jobs
