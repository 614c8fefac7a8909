// What must be done from time to time: uploads and files whose time has come, forgotten
// idempotency records, contents that nobody refers to any more. One thread.
//
//   Housekeeping housekeeping(store, blobs, &log);     // runs until destroyed
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/log.h"
#include "jobs/blobs.h"
#include "jobs/store.h"

namespace attune::serve {

class Housekeeping {
 public:
  // `log` may be null. Everything outlives the object.
  Housekeeping(jobs::Store& store, const jobs::BlobStore& blobs, Log* log,
               double every_seconds = 30);
  ~Housekeeping();
  Housekeeping(const Housekeeping&) = delete;
  Housekeeping& operator=(const Housekeeping&) = delete;

 private:
  Result<void> clean();
  void run(double every_seconds);

  jobs::Store& store_;
  const jobs::BlobStore& blobs_;
  Log* log_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace attune::serve
