#include "cli/job_watch.h"

#include <algorithm>
#include <cstdio>
#include <ctime>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "client/event_feed.h"

namespace attune::cli {

namespace {

constexpr double kFrameSeconds = 0.25;
constexpr double kSoon = 0.5;  // after an event

std::int64_t terminal_columns() {
  winsize size = {};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

// The picture at the bottom of a terminal, drawn over itself.
class Canvas {
 public:
  void draw(const std::vector<std::string>& lines) {
    std::string text = erase();
    for (const std::string& line : lines) text += line + "\n";
    lines_ = lines.size();
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
  }

 private:
  std::string erase() const { return lines_ == 0 ? "" : fmt::format("\033[{}F\033[J", lines_); }
  std::size_t lines_ = 0;
};

class Watcher {
 public:
  Watcher(const client::Endpoint& endpoint, std::string id, const WatchOptions& options)
      : endpoint_(endpoint),
        id_(std::move(id)),
        options_(options),
        api_(client::make_client(endpoint, RemoteOptions::http())),
        drawing_(!options.quiet && isatty(STDOUT_FILENO) != 0) {}

  Result<WatchedJob> run();

 private:
  Result<void> ask_job();
  void take_events(const std::vector<client::Received<wire::EventObject>>& events);
  void say_status();
  void say_trouble();
  void draw();
  Result<void> check_patience(const client::CallFailure& failure);

  const client::Endpoint& endpoint_;
  std::string id_;
  WatchOptions options_;
  std::unique_ptr<client::ApiClient> api_;
  bool drawing_;
  client::JobProgress progress_;
  client::JobView job_;
  bool have_job_ = false;
  std::string last_event_, said_status_;
  std::optional<std::string> trouble_;
  bool said_trouble_ = false;
  Stopwatch watch_;
  double last_answer_ = 0, last_asked_ = 0;
  bool ask_soon_ = false;
  Canvas canvas_;
};

Result<void> Watcher::check_patience(const client::CallFailure& failure) {
  const double silent = watch_.seconds() - last_answer_;
  if (failure.temporary() && have_job_ && silent < 60 * options_.give_up_minutes) {
    trouble_ = fmt::format("no answer for {:.0f} s ({}); the job goes on, trying again", silent,
                           client::printable(failure.message));
    return {};
  }
  Error error = failure.error();
  if (have_job_) error.fix = fmt::format("look again later: attune jobs watch {}", id_);
  return Failure(std::move(error));
}

Result<void> Watcher::ask_job() {
  last_asked_ = watch_.seconds();
  ask_soon_ = false;
  auto job = api_->job(id_);
  if (!job) return check_patience(job.error());
  last_answer_ = watch_.seconds();
  trouble_.reset();
  said_trouble_ = false;
  job_ = *std::move(job);
  have_job_ = true;
  progress_.take(job_);
  return {};
}

void Watcher::take_events(const std::vector<client::Received<wire::EventObject>>& events) {
  for (const auto& event : events) {
    if (!event.value.id.empty()) last_event_ = event.value.id;
    if (!progress_.take(event.value)) continue;
    ask_soon_ = true;  // an event may have changed the job
    if (!drawing_ && !options_.quiet) fmt::print("{}\n", client::event_line(event.value));
  }
  if (!events.empty()) std::fflush(stdout);
}

void Watcher::say_status() {
  if (options_.quiet || drawing_ || job_.status_text == said_status_) return;
  said_status_ = job_.status_text;
  fmt::print("status: {}\n", client::printable(said_status_));
  std::fflush(stdout);
}

void Watcher::say_trouble() {
  if (!trouble_ || said_trouble_ || drawing_ || options_.quiet) return;
  said_trouble_ = true;
  fmt::print("{}\n", *trouble_);
  std::fflush(stdout);
}

void Watcher::draw() {
  if (!drawing_) return;
  client::DrawOptions how;
  how.columns = terminal_columns() - 1;
  how.now = std::time(nullptr);
  how.trouble = trouble_.value_or("");
  canvas_.draw(progress_.draw(how));
}

Result<WatchedJob> Watcher::run() {
  ATTUNE_TRY_VOID(ask_job());
  client::EventFeed feed([this] { return client::make_client(endpoint_, RemoteOptions::http()); },
                         id_, {.poll_seconds = options_.poll_seconds});
  while (!job_.finished()) {
    const client::EventFeed::News news = feed.take(kFrameSeconds);
    take_events(news.events);
    const double pause = ask_soon_ ? std::min(kSoon, options_.poll_seconds) : options_.poll_seconds;
    if (watch_.seconds() - last_asked_ >= pause) ATTUNE_TRY_VOID(ask_job());
    say_status();
    say_trouble();
    draw();
  }
  feed.stop();
  take_events(feed.take(0).events);
  if (auto rest = client::events_since(*api_, id_, last_event_)) take_events(*rest);
  say_status();
  draw();
  return WatchedJob{std::move(job_), std::move(progress_)};
}

}  // namespace

Result<WatchedJob> watch_job(const client::Endpoint& endpoint, const std::string& id,
                             const WatchOptions& options) {
  return Watcher(endpoint, id, options).run();
}

int conclude_watch(const client::JobView& view) {
  const wire::JobObject& job = view.job;
  if (job.status == wire::JobStatus::succeeded) {
    fmt::print("model: {}\n", client::printable(job.fine_tuned_model.value_or("(none named)")));
    return 0;
  }
  std::string why;
  if (job.error && !job.error->message.empty()) {
    why = ": " + client::printable(job.error->message);
    if (!job.error->code.empty()) why += " (" + client::printable(job.error->code) + ")";
  }
  fmt::print(stderr, "attune: the job is {}{}\n", client::printable(view.status_text), why);
  return 4;
}

}  // namespace attune::cli
