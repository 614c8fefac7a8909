#include "jobs/state.h"

#include <algorithm>
#include <array>

namespace attune::jobs {

namespace {

using enum JobStatus;

constexpr std::array kValidate = {validating_files};
constexpr std::array kClaim = {queued};
constexpr std::array kGiveBack = {running};
constexpr std::array kPause = {queued, running};
constexpr std::array kResume = {paused};
constexpr std::array kCancel = {validating_files, queued, running, paused};
constexpr std::array kSucceed = {running};
constexpr std::array kFail = {validating_files, queued, running, paused};

struct Rule {
  Action action;
  std::span<const JobStatus> from;
  JobStatus to;
};

constexpr std::array<Rule, 8> kTable = {{
    {Action::validate, kValidate, queued},
    {Action::claim, kClaim, running},
    {Action::give_back, kGiveBack, queued},
    {Action::pause, kPause, paused},
    {Action::resume, kResume, queued},
    {Action::cancel, kCancel, cancelled},
    {Action::succeed, kSucceed, succeeded},
    {Action::fail, kFail, failed},
}};

const Rule& rule_of(Action action) {
  return *std::find_if(kTable.begin(), kTable.end(),
                       [action](const Rule& rule) { return rule.action == action; });
}

bool contains(std::span<const JobStatus> list, JobStatus status) {
  return std::find(list.begin(), list.end(), status) != list.end();
}

}  // namespace

bool may_move(JobStatus from, JobStatus to) {
  return std::any_of(kTable.begin(), kTable.end(), [from, to](const Rule& rule) {
    return rule.to == to && contains(rule.from, from);
  });
}

std::span<const JobStatus> sources(Action action) { return rule_of(action).from; }

JobStatus target(Action action) { return rule_of(action).to; }

bool may_do(Action action, JobStatus from) { return contains(sources(action), from); }

bool is_final(JobStatus status) {
  return status == succeeded || status == failed || status == cancelled;
}

bool is_working(JobStatus status) { return status == validating_files || status == running; }

}  // namespace attune::jobs
