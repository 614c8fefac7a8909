#include "eval/arms.h"

#include <fmt/format.h>

#include "base/clock.h"

namespace attune::eval {

Result<ArmResult> run_arm(const Arm& arm, const std::vector<Item>& items,
                          const std::function<void(std::int64_t)>& progress) {
  ArmResult result{.name = arm.name, .answers = {}};
  result.answers.reserve(items.size());
  for (const Item& item : items) {
    const Stopwatch watch;
    Result<Answer> answer = arm.answer(item);
    if (!answer) {
      Error error = std::move(answer).error();
      error.where = fmt::format("arm {}, item {}: {}", arm.name, item.id, error.where);
      return Failure(std::move(error));
    }
    if (answer->latency_ms <= 0) answer->latency_ms = watch.seconds() * 1000;
    result.answers.push_back(*std::move(answer));
    if (progress) progress(static_cast<std::int64_t>(result.answers.size()));
  }
  return result;
}

}  // namespace attune::eval
