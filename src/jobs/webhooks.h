// Sends what waits in the store's outbox to the endpoints that asked for it.
//
//   WebhookSender sender(store, {}, &log);
//   sender.start();      // its threads run until stop() or the end of the object
//
// - At least once: a delivery is marked done after the receiver's 2xx; a sender that dies before
//   that leaves it to be sent again, with the same webhook-id, when its hold ends.
// - Any other answer (redirects too) and no answer are failures. A failed delivery is tried again
//   after 5 s, 10 s, 20 s ... at most 6 h apart, for 72 h (24 attempts), then it is dead; see
//   retry_delay. Store::replay_delivery starts it over.
// - Addresses outside the public Internet are refused, when the connection is made (so that a name
//   cannot change its meaning between the check and the use), unless options allow them.
// - While the secret before the last one holds, it signs as well: webhook-signature has two parts.
// - Several servers on one store share the outbox; each delivery is held by one sender at a time.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "client/http_client.h"
#include "jobs/store.h"

namespace attune::jobs {

struct WebhookOptions {
  bool allow_private_addresses = false;  // receivers in the own network, or on this machine
  double connect_seconds = 5;
  double total_seconds = 15;
  double poll_seconds = 1;   // how often the outbox is looked at
  std::int64_t threads = 2;  // so that one receiver that hangs does not hold up the others
  // How far a delay is spread, in [0, 1): chance by default. For tests.
  std::function<double()> random = {};
};

// What /metrics shows.
struct WebhookCounters {
  std::atomic<std::int64_t> delivered{0};
  std::atomic<std::int64_t> failed{0};  // attempts
  std::atomic<std::int64_t> dead{0};
};

// Seconds from attempt number `attempts` (1, 2 ...) to the next, up to a tenth less by chance;
// none: that was the last one.
std::optional<std::int64_t> retry_delay(std::int64_t attempts, double random);

class WebhookSender {
 public:
  // `log` may be null. Both must outlive the sender.
  WebhookSender(Store& store, WebhookOptions options, Log* log = nullptr);
  ~WebhookSender();

  void start();
  void stop();  // what is being sent is given up and sent again later

  // Sends one delivery that is due; false: none is. What the threads do; for tests.
  Result<bool> deliver_next(client::HttpClient& http);
  client::HttpClient new_client() const;

  struct Attempt {
    bool accepted = false;
    std::int64_t status = 0;  // 0: no answer
    std::string error;
    std::optional<double> wait_seconds;  // asked for by the receiver
  };
  // Sends one sample event of that type at once, past the outbox and the counters.
  Result<Attempt> try_out(const EndpointRow& endpoint, const std::string& type);

  const WebhookCounters& counters() const { return counters_; }

 private:
  Attempt attempt(client::HttpClient& http, const DeliveryRow& delivery, std::int64_t now);
  Result<void> finish(const DeliveryRow& delivery, const Attempt& attempt, std::int64_t now);
  void run();

  Store& store_;
  WebhookOptions options_;
  Log* log_;
  WebhookCounters counters_;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::condition_variable stopped_;
  std::vector<std::thread> threads_;
};

}  // namespace attune::jobs
