// A worker that ended by a fault of its own (a crash, no memory, an error of the machine): try
// again from the last checkpoint, a few times, then fail with the true reason.
//
//   ATTUNE_TRY_VOID(take_crash(store, job_id, attempt, {"out_of_memory", "memory ran out ..."},
//   5));
//
// The count is of crashes since the job last finished an epoch. Kills from outside are no crashes:
// they say nothing against the job (Store::lose_worker).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "jobs/store.h"

namespace attune::jobs {

struct Crash {
  std::string code;    // of the job's error when it was the last try: worker_crashed, out_of_memory
  std::string reason;  // "it was ended by signal 11 (Segmentation fault)"
};

// Back to the queue, or failed when it was the `limit`-th time. Nothing if `attempt` does not hold
// the job any more.
Result<void> take_crash(Store& store, std::string_view job_id, std::int64_t attempt,
                        const Crash& crash, std::int64_t limit);

}  // namespace attune::jobs
