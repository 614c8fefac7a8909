// The one table of a job's states. Nothing else in the program decides whether a job may move.
//
//   create ─▶ validating_files ─▶ queued ─▶ running ─▶ succeeded
//                    │               │ ▲       │ ├───▶ failed
//                    │               ▼ │       │ └───▶ queued   its worker was lost
//                    │             paused ◀────┘
//                    └─▶ failed
//   every state that is not final ─▶ cancelled; ─▶ failed
//
// A state says what the user asked for and what came of it. Whether a process works on the job is a
// second fact, the lease (store.h): a job that was paused or cancelled a moment ago may still be
// held by a worker, which sees the wish at its next heartbeat and lets go.
#pragma once

#include <span>

#include "wire/objects.h"

namespace attune::jobs {

using wire::JobStatus;

// What moves a job.
enum class Action { validate, claim, give_back, pause, resume, cancel, succeed, fail };

bool may_move(JobStatus from, JobStatus to);
// The states from which `action` is allowed, and the state that it leads to.
std::span<const JobStatus> sources(Action action);
JobStatus target(Action action);
bool may_do(Action action, JobStatus from);

// No way leads out of succeeded, failed and cancelled.
bool is_final(JobStatus status);
// States in which a worker may hold the job and go on: validating_files and running.
bool is_working(JobStatus status);

}  // namespace attune::jobs
