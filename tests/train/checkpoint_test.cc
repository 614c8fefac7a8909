#include "train/checkpoint.h"

#include <fstream>

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "train/run_log.h"
#include "train/test_data.h"

namespace attune::train {
namespace {

class Checkpoint : public testing::Test {
 protected:
  std::vector<CheckpointTensor> tensors() {
    return {{"value/a", {2, 2}, a_}, {"first/a", {2, 2}, first_}, {"value/b", {3}, b_}};
  }
  Result<Path> save(std::int64_t step, std::int64_t keep = 2) {
    TrainingState state;
    state.step = step;
    state.best_step = step / 2;
    state.best_loss = 0.1 + static_cast<double>(step);
    state.last_loss = 1.0 / 3.0;
    return save_checkpoint(folder_.path(), state, settings_, "avx2", tensors(), keep);
  }
  Result<std::optional<TrainingState>> load() {
    notes_.clear();
    return load_latest_checkpoint(folder_.path(), settings_, "avx2", tensors(), notes_);
  }
  void damage(const Path& file, std::int64_t offset_from_end) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(-offset_from_end, std::ios::end);
    stream.put('\x55');
  }

  TemporaryFolder folder_;
  std::vector<float> a_ = {1, 2, 3, 4}, first_ = {5, 6, 7, 8}, b_ = {-1, 0.1f, 1e-30f};
  Settings settings_ = {{"learning_rate", "0.001"}, {"seed", "7"}};
  std::vector<std::string> notes_;
};

TEST_F(Checkpoint, ReadsBackToTheSameBits) {
  ASSERT_TRUE(save(12));
  const auto saved_a = a_, saved_first = first_, saved_b = b_;
  a_.assign(4, 0);
  first_.assign(4, 0);
  b_.assign(3, 0);
  const auto state = load();
  ASSERT_TRUE(state && *state) << state.error().message();
  EXPECT_EQ((*state)->step, 12);
  EXPECT_EQ((*state)->best_loss, 12.1);
  EXPECT_EQ((*state)->last_loss, 1.0 / 3.0);
  EXPECT_EQ(a_, saved_a);
  EXPECT_EQ(first_, saved_first);
  EXPECT_EQ(b_, saved_b);
}

TEST_F(Checkpoint, AnAbsentFolderHasNone) {
  std::filesystem::remove_all(folder_.path());
  const auto state = load();
  ASSERT_TRUE(state);
  EXPECT_FALSE(*state);
}

TEST_F(Checkpoint, KeepsTheNewest) {
  for (const std::int64_t step : {5, 10, 100, 95}) ASSERT_TRUE(save(step));
  const auto present = list_checkpoints(folder_.path());
  ASSERT_EQ(present.size(), 2u);
  EXPECT_EQ(present[0].filename(), "step-00000100");
  EXPECT_EQ(present[1].filename(), "step-00000095");
}

TEST_F(Checkpoint, TakesThePreviousOneWhenTheNewestIsTruncated) {
  ASSERT_TRUE(save(1));
  ASSERT_TRUE(save(2));
  const Path file = folder_.path() / "step-00000002" / "tensors.safetensors";
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 3);
  const auto state = load();
  ASSERT_TRUE(state && *state);
  EXPECT_EQ((*state)->step, 1);
  ASSERT_EQ(notes_.size(), 1u);
  EXPECT_NE(notes_[0].find("step-00000002"), std::string::npos);
}

TEST_F(Checkpoint, RefusesOneFlippedByteAndTouchesNothing) {
  ASSERT_TRUE(save(2));
  damage(folder_.path() / "step-00000002" / "tensors.safetensors", 5);
  a_.assign(4, 42);
  const auto state = load();
  ASSERT_FALSE(state);
  EXPECT_NE(state.error().message().find("differ"), std::string::npos);
  EXPECT_EQ(a_, std::vector<float>(4, 42));
}

TEST_F(Checkpoint, RefusesADamagedState) {
  const auto saved = save(2);
  ASSERT_TRUE(saved);
  for (const char* text : {"", "{", "[]", "{}", R"({"format":2})", R"({"format":1,"step":-4})"}) {
    std::ofstream(*saved / "state.json") << text;
    EXPECT_FALSE(load()) << text;
  }
}

TEST_F(Checkpoint, RefusesAMissingFile) {
  const auto saved = save(2);
  ASSERT_TRUE(saved);
  std::filesystem::remove(*saved / "tensors.safetensors");
  EXPECT_FALSE(load());
}

TEST_F(Checkpoint, NamesTheSettingThatDiffers) {
  ASSERT_TRUE(save(2));
  settings_["learning_rate"] = "0.002";
  const auto state = load();
  ASSERT_FALSE(state);
  EXPECT_NE(state.error().message().find("learning_rate = 0.001"), std::string::npos);
  EXPECT_NE(state.error().message().find("learning_rate = 0.002"), std::string::npos);
}

TEST_F(Checkpoint, RefusesAnotherInstructionSet) {
  ASSERT_TRUE(save(2));
  const auto state = load_latest_checkpoint(folder_.path(), settings_, "avx512", tensors(), notes_);
  ASSERT_FALSE(state);
  EXPECT_NE(state.error().fix.find("ATTUNE_ISA=avx2"), std::string::npos);
}

TEST_F(Checkpoint, RefusesTensorsOfAnotherShapeOrName) {
  ASSERT_TRUE(save(2));
  std::vector<CheckpointTensor> other = tensors();
  other[0].shape = {4, 1};
  EXPECT_FALSE(load_latest_checkpoint(folder_.path(), settings_, "avx2", other, notes_));
  other = tensors();
  other[2].name = "value/c";
  EXPECT_FALSE(load_latest_checkpoint(folder_.path(), settings_, "avx2", other, notes_));
  other = tensors();
  other.pop_back();
  EXPECT_FALSE(load_latest_checkpoint(folder_.path(), settings_, "avx2", other, notes_));
}

TEST_F(Checkpoint, IgnoresAndClearsWhatACrashLeft) {
  ASSERT_TRUE(save(1));
  const Path left = folder_.path() / ".partial-step-00000002";
  std::filesystem::create_directory(left);
  std::ofstream(left / "tensors.safetensors") << "half";
  const auto state = load();
  ASSERT_TRUE(state && *state);
  EXPECT_EQ((*state)->step, 1);
  ASSERT_TRUE(save(2));
  EXPECT_FALSE(std::filesystem::exists(left));
}

TEST_F(Checkpoint, AnUnwritableFolderIsOneClearError) {
  const Path blocked = folder_.path() / "file";
  std::ofstream(blocked) << "x";
  const auto saved = save_checkpoint(blocked / "checkpoints", {}, settings_, "avx2", tensors(), 2);
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().kind, ErrorKind::environment);
}

// A limit on the size of files stands in for a full disk.
TEST_F(Checkpoint, AFullDiskLeavesThePreviousOneAndNothingHalfWritten) {
  ASSERT_TRUE(save(1));
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{64, 64};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const auto saved = save(2);
    ::_exit(!saved && saved.error().kind == ErrorKind::environment ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  const auto state = load();
  ASSERT_TRUE(state && *state);
  EXPECT_EQ((*state)->step, 1);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.path()), {}), 1);
}

TEST(RunLog, GoesOnBehindTheCheckpointWithoutRepeatingAStep) {
  const TemporaryFolder folder;
  const Path path = folder.path() / "train_log.jsonl";
  {
    auto log = RunLog::open(path, 0);
    ASSERT_TRUE(log);
    for (int step = 1; step <= 5; ++step) {
      ASSERT_TRUE(log->append("{\"step\":" + std::to_string(step) + "}"));
    }
  }
  std::ofstream(path, std::ios::app) << "{\"step\":6,\"los";  // torn by a crash
  {
    auto log = RunLog::open(path, 3);
    ASSERT_TRUE(log);
    ASSERT_TRUE(log->append("{\"step\":4}"));
  }
  EXPECT_EQ(*read_file(path), "{\"step\":1}\n{\"step\":2}\n{\"step\":3}\n{\"step\":4}\n");
}

}  // namespace
}  // namespace attune::train
