// One attempt at one job, in a process of its own: `attune worker --job ID --attempt N`, which a
// launcher starts. The job is claimed already; this process holds its lease from here on.
//
//   Result<int> exit_code = run_worker(*store, home, {.job_id = "ftjob-...", .attempt = 3});
//
// A job in validating_files has its files checked and moves to queued or failed. A job that is
// running is trained: from its last checkpoint if there is one, to the same bits. Each epoch's
// adapter is published as a model at once, so that it answers while the job goes on; the last one
// is the job's model. Cancel and pause are obeyed at the next step, and so is a lost lease.
//
// What is wrong with the job is recorded on the job, and the attempt ends well (0). What is wrong
// with the machine is an error: the launcher decides whether to try again. A full disk pauses the
// job, whose user is told to make room and resume.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "jobs/home.h"
#include "jobs/store.h"
#include "model/model.h"

namespace attune::jobs {

struct WorkerOptions {
  std::string job_id;
  std::string worker = {};  // the name under which the job was claimed
  std::int64_t attempt = 0;
  std::vector<std::string> models = {};  // NAME=FOLDER of bases outside of home.models()
  int threads = 0;                       // 0: every CPU
  // How the base is held. A job that began with another goes on with that.
  model::Precision precision = model::Precision::bf16;
  std::int64_t lease_seconds = 15;
  double checkpoint_seconds = 20;  // between checkpoints inside an epoch; 0: at every step
  double report_seconds = 0.5;     // events are recorded together, at most this late
  int parent = -1;                 // job_link.h
  const std::atomic<bool>* leave = nullptr;  // job_link.h
};

Result<int> run_worker(Store& store, const Home& home, const WorkerOptions& options);

}  // namespace attune::jobs
