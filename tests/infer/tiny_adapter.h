// Adapters for tiny models, large enough to change what they answer.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/random.h"
#include "model/adapter.h"
#include "model/model.h"

namespace attune::infer {

// Gives `model` an adapter that is not zero.
inline void add_tiny_adapter(model::Model& model, std::int64_t rank, std::uint64_t seed) {
  ASSERT_TRUE(model.add_lora({.rank = rank, .alpha = 16}, seed));
  for (model::Parameter& parameter : model.parameters()) {
    const RandomStream stream{seed, stream_id(parameter.name), 0};
    for (std::size_t i = 0; i < parameter.value.size(); ++i) {
      parameter.value[i] = 0.1f * stream.normal(i);
    }
  }
}

// A folder of its own, removed at the end.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(const std::string& name)
      : path_(std::filesystem::path(testing::TempDir()) /
              ("attune_" + name + "_" + std::to_string(getpid()))) {
    std::filesystem::create_directories(path_);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// The adapter of `tuned`, apart from it.
inline std::shared_ptr<const model::Adapter> detached_adapter(const model::Model& tuned,
                                                              const model::Model& base) {
  const TemporaryFolder folder("tiny_adapter");
  EXPECT_TRUE(tuned.save_adapter(folder.path(), "base"));
  return std::make_shared<const model::Adapter>(model::Adapter::load(folder.path(), base).value());
}

}  // namespace attune::infer
