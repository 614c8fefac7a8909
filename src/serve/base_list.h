// The base models of this machine, looked up again at most every two seconds, so that a folder
// that was added is seen and a list of models costs no walk of the disk.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/file.h"
#include "jobs/models.h"

namespace attune::serve {

class BaseList {
 public:
  // `named`: "NAME=FOLDER", beside the folders below `models`.
  BaseList(Path models, std::vector<std::string> named)
      : models_(std::move(models)), named_(std::move(named)) {}

  Result<std::vector<jobs::BaseModel>> all();
  Result<std::optional<jobs::BaseModel>> find(std::string_view name);

 private:
  Result<void> look();  // with the lock held
  Path models_;
  std::vector<std::string> named_;
  std::mutex mutex_;
  std::optional<jobs::BaseModels> found_;
  std::chrono::steady_clock::time_point found_at_ = {};
};

}  // namespace attune::serve
