#include "jobs/state.h"

#include <array>
#include <set>
#include <utility>

#include <gtest/gtest.h>

namespace attune::jobs {
namespace {

constexpr std::array kAll = {JobStatus::validating_files, JobStatus::queued,    JobStatus::running,
                             JobStatus::paused,           JobStatus::succeeded, JobStatus::failed,
                             JobStatus::cancelled};

TEST(JobState, AllowsExactlyTheMovesOfTheTable) {
  using enum JobStatus;
  const std::set<std::pair<JobStatus, JobStatus>> allowed = {
      {validating_files, queued}, {validating_files, failed}, {validating_files, cancelled},
      {queued, running},          {queued, paused},           {queued, failed},
      {queued, cancelled},        {running, queued},          {running, paused},
      {running, succeeded},       {running, failed},          {running, cancelled},
      {paused, queued},           {paused, failed},           {paused, cancelled}};
  for (JobStatus from : kAll) {
    for (JobStatus to : kAll) {
      EXPECT_EQ(may_move(from, to), allowed.contains({from, to}))
          << wire::to_text(from) << " to " << wire::to_text(to);
    }
  }
}

TEST(JobState, HasNoWayOutOfAnEnd) {
  for (JobStatus from : kAll) {
    for (JobStatus to : kAll) EXPECT_FALSE(is_final(from) && may_move(from, to));
  }
}

TEST(JobState, LeadsEachActionToItsTarget) {
  for (Action action : {Action::validate, Action::claim, Action::give_back, Action::pause,
                        Action::resume, Action::cancel, Action::succeed, Action::fail}) {
    EXPECT_FALSE(sources(action).empty());
    for (JobStatus from : sources(action)) {
      EXPECT_TRUE(may_do(action, from));
      EXPECT_TRUE(may_move(from, target(action)));
    }
  }
}

}  // namespace
}  // namespace attune::jobs
