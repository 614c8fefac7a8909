#include "serve/housekeeping.h"

#include <chrono>

namespace attune::serve {

Housekeeping::Housekeeping(jobs::Store& store, const jobs::BlobStore& blobs, Log* log,
                           double every_seconds)
    : store_(store),
      blobs_(blobs),
      log_(log),
      thread_([this, every_seconds] { run(every_seconds); }) {}

Housekeeping::~Housekeeping() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

Result<void> Housekeeping::clean() {
  ATTUNE_TRY(const jobs::Swept swept, store_.sweep());
  ATTUNE_TRY(const std::int64_t removed, jobs::collect_blobs(store_, blobs_));
  if (log_ && swept.uploads_expired + swept.files_expired + removed > 0)
    log_->info("cleaned up", {{"attune.uploads.expired", swept.uploads_expired},
                              {"attune.files.expired", swept.files_expired},
                              {"attune.contents.removed", removed}});
  return {};
}

void Housekeeping::run(double every_seconds) {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    const Result<void> cleaned = clean();
    if (!cleaned && log_) log_->warning("could not clean up: " + cleaned.error().message());
    lock.lock();
    changed_.wait_for(lock, std::chrono::duration<double>(every_seconds),
                      [this] { return stopping_; });
  }
}

}  // namespace attune::serve
