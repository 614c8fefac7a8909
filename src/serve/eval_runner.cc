#include "serve/eval_runner.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <vector>

#include <fmt/format.h>

#include "base/clock.h"
#include "jobs/store.h"
#include "serve/eval_items.h"
#include "serve/eval_rows.h"
#include "wire/ids.h"

namespace attune::serve {

namespace {

// Items are stored so many at once, or what there is so often.
constexpr std::size_t kBatch = 64;
constexpr std::chrono::milliseconds kFlush(300);
constexpr std::size_t kMostUnstored = 4 * kBatch;

std::int64_t unix_now() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

// One run while this server has it.
class EvalRunner::Work {
 public:
  Work(EvalRunner& runner, const jobs::ClaimedEvalRun& claimed)
      : runner_(runner),
        claimed_(claimed),
        asker_(runner.app_, claimed.tenant,
               {.in_background = true, .is_wanted = [this] { return wanted(); }}) {}

  void run() {
    const auto prepared = [this]() -> tl::expected<void, wire::EvalError> {
      try {
        return prepare();
      } catch (const std::exception& broken) {  // memory that is not there
        return tl::unexpected(wire::EvalError{.code = "server_error", .message = broken.what()});
      }
    }();
    if (!prepared) {
      end(wire::EvalRunStatus::failed, prepared.error());
      return;
    }
    std::vector<std::thread> threads;
    const std::int64_t most = std::min(runner_.options_.items_at_once, rows_->size());
    running_ = most;
    for (std::int64_t i = 0; i < most; ++i) threads.emplace_back([this] { answer_items(); });
    const bool whole = store_items();
    for (std::thread& thread : threads) thread.join();
    if (lost_) return;
    if (whole) return end(wire::EvalRunStatus::completed, {});
    store_now();  // what was answered while the others stopped
    const auto let_go =
        runner_.app_.store.let_go_of_eval_run(claimed_.row.run.id, claimed_.attempt);
    if (!let_go) warn(let_go.error());
  }

 private:
  bool wanted() const { return !lost_ && !runner_.stopping_; }

  tl::expected<void, wire::EvalError> prepare() {
    const auto refuse = [](std::string code, std::string message) {
      return tl::unexpected(
          wire::EvalError{.code = std::move(code), .message = std::move(message)});
    };
    const auto source = wire::parse_eval_data_source(claimed_.row.data_source);
    if (!source) return refuse("invalid_data_source", source.error().message);
    auto plan = EvalPlan::prepare(claimed_.eval, *source);
    if (!plan) return refuse("invalid_eval", plan.error().message);
    plan_.emplace(std::move(*plan));
    if (source->content) {
      rows_ = EvalRows::of_content(*source->content);
    } else {
      auto rows = EvalRows::of_file(runner_.app_.blobs.path(claimed_.row.digest));
      if (!rows) return refuse("server_error", rows.error().message());
      rows_ = std::move(*rows);
    }
    if (rows_->size() == 0)
      return refuse("invalid_file",
                    "The file has no rows. Wanted: {\"item\": {...}} on each line.");
    return {};
  }

  // ---- threads that answer ----

  void answer_items() {
    while (wanted()) {
      const std::int64_t number = next_++;
      if (number >= rows_->size()) break;
      if (std::binary_search(claimed_.done.begin(), claimed_.done.end(), number)) continue;
      jobs::NewEvalItem item = answer(number);
      std::unique_lock lock(mutex_);
      // An answer that broke off is none. While the database is slow, no more is answered.
      changed_.wait(lock, [&] { return !wanted() || unstored_.size() < kMostUnstored; });
      if (wanted()) unstored_.push_back(std::move(item));
      if (unstored_.size() == kBatch) changed_.notify_all();
    }
    const std::lock_guard lock(mutex_);
    --running_;
    changed_.notify_all();
  }

  jobs::NewEvalItem answer(std::int64_t number) const {
    const wire::EvalRunObject& run = claimed_.row.run;
    const auto make = [&](const Result<Json>& row) {
      return plan_->run(number, row, run.id, run.eval_id, unix_now(), asker_);
    };
    try {
      return make(rows_->row(number));
    } catch (const std::exception& broken) {
      return make(environment_failure({.where = "the server", .found = broken.what()}));
    }
  }

  // ---- the thread that stores ----

  // True: all items are answered and stored.
  bool store_items() {
    for (;;) {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, kFlush,
                        [&] { return running_ == 0 || !wanted() || unstored_.size() >= kBatch; });
      const bool last = running_ == 0;
      lock.unlock();
      if (!wanted() || !store_now()) break;
      if (last && all_stored()) return true;
    }
    // Under the lock, or a thread that has just looked would sleep through it.
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
    return false;
  }

  bool all_stored() {
    const std::lock_guard lock(mutex_);
    return unstored_.empty();
  }

  // Stores what there is; without it, looks from time to time whether the run is still wanted.
  // False: it is lost, or the database is.
  bool store_now() {
    std::vector<jobs::NewEvalItem> items;
    {
      const std::lock_guard lock(mutex_);
      items = unstored_;
    }
    if (items.empty() && since_stored_.seconds() < kLookSeconds) return true;
    const auto held = runner_.app_.store.record_eval_items(claimed_.row.run.id, claimed_.attempt,
                                                           runner_.options_.lease_seconds, items);
    if (!held) {
      // The lease goes on; the items are tried again with the next ones.
      warn(held.error());
      lost_ = ++failures_ == kMostFailures;
      if (!lost_) std::this_thread::sleep_for(kFlush);
      return !lost_;
    }
    failures_ = 0;
    since_stored_ = Stopwatch();
    if (!*held) {
      lost_ = true;
      return false;
    }
    const std::lock_guard lock(mutex_);
    unstored_.erase(unstored_.begin(), unstored_.begin() + std::ssize(items));
    changed_.notify_all();
    return true;
  }

  void end(wire::EvalRunStatus status, const std::optional<wire::EvalError>& error) {
    const auto ended =
        runner_.app_.store.end_eval_run(claimed_.row.run.id, claimed_.attempt, status, error);
    if (!ended) return warn(ended.error());
    if (*ended && runner_.app_.log != nullptr)
      runner_.app_.log->info(
          fmt::format("eval run {} {}", claimed_.row.run.id, wire::to_text(status)));
  }

  void warn(const Error& error) const {
    if (runner_.app_.log != nullptr)
      runner_.app_.log->warning(
          fmt::format("eval run {}: {}", claimed_.row.run.id, error.message()));
  }

  static constexpr int kMostFailures = 30;
  static constexpr double kLookSeconds = 1;

  EvalRunner& runner_;
  const jobs::ClaimedEvalRun& claimed_;
  ModelAsker asker_;
  std::optional<EvalPlan> plan_;
  std::optional<EvalRows> rows_;
  std::atomic<std::int64_t> next_ = 0;
  std::atomic<bool> lost_ = false;  // canceled, removed, or another server has it
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<jobs::NewEvalItem> unstored_;
  std::int64_t running_ = 0;  // threads that answer
  Stopwatch since_stored_;
  int failures_ = 0;  // of the database, one after the other
};

EvalRunner::EvalRunner(App& app, EvalRunnerOptions options)
    : app_(app),
      options_(options),
      worker_(wire::new_id("server_")),
      watcher_([this] { watch(); }) {}

EvalRunner::~EvalRunner() { stop(); }

void EvalRunner::wake() {
  const std::lock_guard lock(mutex_);
  woken_ = true;
  changed_.notify_all();
}

void EvalRunner::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (watcher_.joinable()) watcher_.join();
}

void EvalRunner::watch() {
  while (!stopping_) {
    join_ended(false);
    if (std::ssize(active_) < options_.runs_at_once && start_next()) continue;
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::duration<double>(options_.look_seconds),
                      [this] { return stopping_ || woken_; });
    woken_ = false;
  }
  join_ended(true);
}

bool EvalRunner::start_next() {
  auto claimed = app_.store.claim_eval_run(worker_, options_.lease_seconds);
  if (!claimed) {
    if (app_.log != nullptr) app_.log->warning("eval runs: " + claimed.error().message());
    return false;
  }
  if (!*claimed) return false;
  Active& active = active_.emplace_back();
  active.thread = std::thread([this, &active, run = std::move(**claimed)] {
    Work(*this, run).run();
    active.ended = true;
    wake();
  });
  return true;
}

void EvalRunner::join_ended(bool all) {
  for (auto active = active_.begin(); active != active_.end();) {
    if (!all && !active->ended) {
      ++active;
      continue;
    }
    active->thread.join();
    active = active_.erase(active);
  }
}

}  // namespace attune::serve
