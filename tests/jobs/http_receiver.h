// A webhook's receiver or a tracking server, scripted: keeps what it was sent and answers in the
// order of its script.
//
//   HttpReceiver receiver;
//   receiver.answer_with(500).answer_with(200);   // then the last one again and again
//   send_to(receiver.url());
//   receiver.requests().at(0).header("webhook-id")
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "client/scripted_server.h"

namespace attune::testing_support {

using ReceivedRequest = client::Seen;
using client::Scripted;

class HttpReceiver {
 public:
  HttpReceiver()
      : server_(std::make_unique<client::ScriptedServer>(
            [this](const ReceivedRequest& request) { return next_answer(request); })) {}
  ~HttpReceiver() {
    stopping_ = true;  // ends what still waits
    server_.reset();
  }

  HttpReceiver& answer_with(Scripted answer) {
    const std::lock_guard lock(mutex_);
    script_.push_back(std::move(answer));
    return *this;
  }
  HttpReceiver& answer_with(int status) { return answer_with(Scripted{.status = status}); }
  HttpReceiver& hang() { return answer_with(Scripted{.pause = 60}); }
  // Instead of a script.
  void answer_by(std::function<Scripted(const ReceivedRequest&)> answer) {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(answer);
  }

  std::string origin() const { return server_->url(); }
  std::string url() const { return server_->url() + "/hook"; }
  int port() const { return server_->port(); }
  std::vector<ReceivedRequest> requests() const { return server_->seen(); }
  // False: they have not come within ten seconds.
  bool wait_for_requests(std::size_t count) const {
    for (int i = 0; i < 1000; ++i) {
      if (requests().size() >= count) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }

 private:
  Scripted next_answer(const ReceivedRequest& request) {
    Scripted answer;
    std::function<Scripted(const ReceivedRequest&)> decide;
    {
      const std::lock_guard lock(mutex_);
      decide = answer_;
      if (!script_.empty()) answer = script_[std::min(next_++, script_.size() - 1)];
    }
    if (decide) answer = decide(request);
    for (double waited = 0; waited < answer.pause && !stopping_; waited += 0.01)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    answer.pause = 0;
    return answer;
  }

  std::mutex mutex_;
  std::vector<Scripted> script_;
  std::size_t next_ = 0;
  std::function<Scripted(const ReceivedRequest&)> answer_;
  std::atomic<bool> stopping_{false};
  std::unique_ptr<client::ScriptedServer> server_;
};

}  // namespace attune::testing_support
