#include "base/thread_pool.h"

#include <atomic>
#include <vector>

#include <gtest/gtest.h>

namespace attune {
namespace {

class ThreadPoolTest : public testing::TestWithParam<int> {};

TEST_P(ThreadPoolTest, EveryTaskRunsOnce) {
  ThreadPool pool(GetParam());
  for (const std::int64_t tasks : {0, 1, 2, 7, 1000}) {
    std::vector<std::atomic<int>> runs(static_cast<std::size_t>(tasks));
    pool.run(tasks, [&](std::int64_t task, int worker) {
      EXPECT_LT(worker, pool.threads());
      ++runs[static_cast<std::size_t>(task)];
    });
    for (const auto& count : runs) EXPECT_EQ(count, 1);
  }
}

TEST_P(ThreadPoolTest, SplitCoversTheRangeOnGrainBorders) {
  ThreadPool pool(GetParam());
  for (const std::int64_t count : {1, 15, 16, 17, 100, 4096}) {
    std::vector<std::atomic<int>> seen(static_cast<std::size_t>(count));
    pool.split(count, 16, [&](Range range, int) {
      EXPECT_EQ(range.begin % 16, 0);
      for (std::int64_t i = range.begin; i < range.end; ++i) ++seen[static_cast<std::size_t>(i)];
    });
    for (const auto& times : seen) EXPECT_EQ(times, 1);
  }
}

INSTANTIATE_TEST_SUITE_P(Threads, ThreadPoolTest, testing::Values(1, 2, 3, 8));

}  // namespace
}  // namespace attune
