#include "infer/work.h"

namespace attune::infer {

std::optional<Update> Task::take() {
  if (updates_.empty()) return std::nullopt;
  Update update = std::move(updates_.front());
  updates_.pop_front();
  return update;
}

std::optional<Update> Task::next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !updates_.empty() || finished_choices_ == work_.choices; });
  return take();
}

std::optional<Update> Task::next_within(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, limit,
                    [&] { return !updates_.empty() || finished_choices_ == work_.choices; });
  return take();
}

bool Task::finished() const {
  const std::lock_guard lock(mutex_);
  return updates_.empty() && finished_choices_ == work_.choices;
}

void Task::push(Update update) {
  const std::lock_guard lock(mutex_);
  if (update.finish) ++finished_choices_;
  updates_.push_back(std::move(update));
  changed_.notify_all();
}

}  // namespace attune::infer
