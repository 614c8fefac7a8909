// A run that is killed and continued ends in the same bytes as one that was not.
#include <algorithm>
#include <fstream>

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/jsonl.h"
#include "train/tiny_model.h"
#include "train/trainer.h"

namespace attune::train {
namespace {

TrainOptions resumable(const Path& folder) {
  TrainOptions options;
  options.epochs = 3;
  options.documents_per_step = 4;
  options.tokens_per_batch = 48;
  options.learning_rate = 1e-2f;
  options.peak_flops = 1e9;
  options.folder = folder;
  options.checkpoint_every = 3;
  options.eval_every = 5;
  options.resume = true;
  return options;
}

class Resume : public testing::Test {
 protected:
  // Trains in `folder`; `stop_at` > 0: stops there by `action` (a callback's answer, or a signal).
  Result<TrainOutcome> train(const Path& folder, std::int64_t kill_at, std::int64_t stop_at,
                             std::vector<float>* values, int threads = 1,
                             std::vector<std::string>* notes = nullptr) {
    const kernels::Context context(*pick_isa(), threads);
    model::Model model = tiny_lora_model(model::Precision::bf16, 0.1f);
    auto trainer = Trainer::create(
        context, model, {.train = rows_.views, .validation = held_out_.views}, resumable(folder));
    if (!trainer) return Failure(trainer.error());
    auto outcome =
        trainer->run({.step =
                          [&](const StepProgress& progress) {
                            if (progress.step == kill_at) ::raise(SIGKILL);
                            return progress.step == stop_at ? Action::stop : Action::proceed;
                          },
                      .note =
                          [&](const std::string& note) {
                            if (notes != nullptr) notes->push_back(note);
                          }});
    if (outcome && values != nullptr) *values = values_of(model);
    return outcome;
  }

  void train_and_die(const Path& folder, std::int64_t kill_at) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      const auto outcome = train(folder, kill_at, 0, nullptr);
      ::_exit(outcome ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
  }

  std::vector<float> undisturbed() {
    const TemporaryFolder folder;
    std::vector<float> values;
    EXPECT_TRUE(train(folder.path(), 0, 0, &values));
    return values;
  }

  OwnedDocuments rows_ = random_documents(22, 30, 61, 8);
  OwnedDocuments held_out_ = random_documents(5, 20, 61, 2);
};

TEST_F(Resume, AfterAKillAtAnyStepTheRunEndsInTheSameBits) {
  const std::vector<float> wanted = undisturbed();
  for (const std::int64_t kill_at : {1, 3, 4, 7, 10, 15}) {
    const TemporaryFolder folder;
    train_and_die(folder.path(), kill_at);
    std::vector<float> values;
    const auto outcome = train(folder.path(), 0, 0, &values, 2);
    ASSERT_TRUE(outcome) << outcome.error().message();
    EXPECT_EQ(outcome->resumed_from, (kill_at - 1) / 3 * 3) << kill_at;
    EXPECT_EQ(values, wanted) << kill_at;
  }
}

TEST_F(Resume, SeveralKillsInOneRunChangeNothing) {
  const std::vector<float> wanted = undisturbed();
  const TemporaryFolder folder;
  for (const std::int64_t kill_at : {5, 6, 7, 11, 14}) train_and_die(folder.path(), kill_at);
  std::vector<float> values;
  ASSERT_TRUE(train(folder.path(), 0, 0, &values));
  EXPECT_EQ(values, wanted);
}

// Also in the middle of a step, of an evaluation, or of writing a checkpoint.
TEST_F(Resume, KillsAtTenRandomMomentsChangeNothing) {
  const std::vector<float> wanted = undisturbed();
  const TemporaryFolder folder;
  const RandomStream moments{.seed = 3, .stream = stream_id("kill moments")};
  for (std::uint64_t i = 0; i < 10; ++i) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      const auto outcome = train(folder.path(), 0, 0, nullptr);
      ::_exit(outcome ? 0 : 1);
    }
    ::usleep(static_cast<useconds_t>(5'000 + moments.below(i, 100'000)));
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0) << status;
  }
  std::vector<float> values;
  const auto outcome = train(folder.path(), 0, 0, &values);
  ASSERT_TRUE(outcome) << outcome.error().message();
  EXPECT_EQ(values, wanted);
}

TEST_F(Resume, TheLogHoldsEveryStepOnce) {
  const TemporaryFolder folder;
  train_and_die(folder.path(), 8);
  ASSERT_TRUE(train(folder.path(), 0, 0, nullptr));
  const JsonlContent log =
      parse_jsonl(*read_file(folder.path() / "train_log.jsonl"), "train_log.jsonl");
  EXPECT_TRUE(log.errors.empty());
  for (std::size_t i = 0; i < log.rows.size(); ++i) {
    EXPECT_EQ(log.rows[i].value["step"].get<std::size_t>(), i + 1);
  }
  EXPECT_GE(log.rows.size(), 15u);
}

TEST_F(Resume, AStopOnRequestWritesACheckpointAndContinues) {
  const std::vector<float> wanted = undisturbed();
  const TemporaryFolder folder;
  const auto stopped = train(folder.path(), 0, 4, nullptr);
  ASSERT_TRUE(stopped);
  EXPECT_TRUE(stopped->interrupted);
  EXPECT_EQ(stopped->steps, 4);
  std::vector<float> values;
  const auto outcome = train(folder.path(), 0, 0, &values);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->resumed_from, 4);
  EXPECT_EQ(values, wanted);
}

TEST_F(Resume, AFinishedRunIsOnlyRestored) {
  const TemporaryFolder folder;
  std::vector<float> first, second;
  ASSERT_TRUE(train(folder.path(), 0, 0, &first));
  const auto again = train(folder.path(), 0, 0, &second);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->resumed_from, again->planned_steps);
  EXPECT_EQ(first, second);
}

TEST_F(Resume, TakesThePreviousCheckpointWhenTheNewestIsDamaged) {
  const std::vector<float> wanted = undisturbed();
  const TemporaryFolder folder;
  train_and_die(folder.path(), 8);
  const Path newest = folder.path() / "checkpoints" / "step-00000006" / "tensors.safetensors";
  std::filesystem::resize_file(newest, std::filesystem::file_size(newest) / 2);
  std::vector<float> values;
  std::vector<std::string> notes;
  const auto outcome = train(folder.path(), 0, 0, &values, 1, &notes);
  ASSERT_TRUE(outcome) << outcome.error().message();
  EXPECT_EQ(outcome->resumed_from, 3);
  EXPECT_FALSE(notes.empty());
  EXPECT_EQ(values, wanted);
}

TEST_F(Resume, RefusesToGoOnWithOtherDataOrAnotherBase) {
  const TemporaryFolder folder;
  ASSERT_TRUE(train(folder.path(), 0, 4, nullptr));
  rows_.tokens[0][0] = (rows_.tokens[0][0] + 1) % 61;
  auto outcome = train(folder.path(), 0, 0, nullptr);
  ASSERT_FALSE(outcome);
  EXPECT_NE(outcome.error().message().find("training_data"), std::string::npos);
}

TEST_F(Resume, RefusesAnotherBaseOfTheSameShape) {
  const TemporaryFolder folder;
  ASSERT_TRUE(train(folder.path(), 0, 4, nullptr));
  const kernels::Context context(*pick_isa(), 1);
  model::Model other = model::Model::random(tiny_spec(), model::Precision::bf16, 12);
  ASSERT_TRUE(other.add_lora({.rank = 4, .alpha = 8, .dropout = 0.1f}, 5));
  auto trainer =
      Trainer::create(context, other, {.train = rows_.views, .validation = held_out_.views},
                      resumable(folder.path()));
  ASSERT_TRUE(trainer);
  const auto outcome = trainer->run({});
  ASSERT_FALSE(outcome);
  EXPECT_NE(outcome.error().message().find("base = "), std::string::npos);
}

TEST_F(Resume, WithoutResumeAnEarlierRunsCheckpointsAreLeftAlone) {
  const TemporaryFolder folder;
  ASSERT_TRUE(train(folder.path(), 0, 4, nullptr));
  const kernels::Context context(*pick_isa(), 1);
  model::Model model = tiny_lora_model();
  TrainOptions options = resumable(folder.path());
  options.resume = false;
  auto trainer = Trainer::create(context, model, {.train = rows_.views}, options);
  ASSERT_TRUE(trainer);
  const auto outcome = trainer->run({});
  ASSERT_FALSE(outcome);
  EXPECT_NE(outcome.error().fix.find("--resume"), std::string::npos);
}

}  // namespace
}  // namespace attune::train
