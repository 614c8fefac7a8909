// A worker as an operating-system process: starting it, hearing its last words, and finding out
// truly how it ended.
//
//   ATTUNE_TRY(WorkerProcess process, WorkerProcess::start(command));
//   poll process.ended_descriptor() ...            // readable or hung up: it ended
//   const Ending ending = process.reap();
//
// The worker's standard input is a pipe whose other end this object holds: when the launcher dies,
// however that happens, the worker sees it close and gives its job back. Its standard output is a
// pipe for its last words. Nothing else is inherited: no socket of the server stays open in it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "base/result.h"
#include "io/file.h"

namespace attune::jobs {

struct WorkerCommand {
  Path program;                                                  // what to run
  std::vector<std::string> arguments;                            // without argv[0]
  std::vector<std::pair<std::string, std::string>> environment;  // beside this process's own
  Path log;  // gets what it writes to standard error; appended to
};

struct Ending {
  enum class Kind {
    done,           // exit code 0
    error,          // an exit code and its last words
    crashed,        // a signal of its own making (SIGSEGV, SIGABRT ...)
    out_of_memory,  // the kernel's killer took it
    killed          // a signal from outside
  };
  Kind kind = Kind::done;
  std::string reason;  // "it was ended by signal 9 (Killed)"; empty when done
  std::int64_t peak_memory_bytes = 0;
};

class WorkerProcess {
 public:
  static Result<WorkerProcess> start(const WorkerCommand& command);

  pid_t id() const { return id_; }
  // Hung up once the process has ended.
  int ended_descriptor() const { return words_; }
  bool has_ended() const;
  void ask_to_leave() const;  // SIGTERM: save and give the job back
  void kill() const;
  // Waits for the end.
  Ending reap();

  WorkerProcess(WorkerProcess&& other) noexcept;
  WorkerProcess& operator=(WorkerProcess&& other) noexcept;
  ~WorkerProcess();  // one that was not reaped is killed

 private:
  WorkerProcess() = default;
  void close_descriptors();
  pid_t id_ = -1;
  int parent_end_ = -1;            // held open for the worker's sake
  int words_ = -1;                 // its standard output
  std::int64_t memory_kills_ = 0;  // of this machine or container, before it started
};

// How many processes the kernel has killed for memory, here (control group) and on the machine.
std::int64_t memory_kills();

}  // namespace attune::jobs
