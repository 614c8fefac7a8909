#include "model/copying_heads.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "model/forward.h"

namespace attune::model {
namespace {

ArchSpec small_spec() {
  ArchSpec spec;
  spec.family = "llama";
  spec.hidden = 192;
  spec.layers = 3;
  spec.heads = 4;
  spec.kv_heads = 2;
  spec.head_dim = 32;
  spec.intermediate = 64;
  spec.vocabulary = 500;
  spec.max_positions = 256;
  spec.rope.theta = 500000.0f;
  spec.tied = true;
  return spec;
}

constexpr std::int64_t kPassage = 40;

// Random tokens written twice: the mean loss of the second writing.
double loss_of_repetition(const Model& model, std::uint64_t seed) {
  const RandomStream stream{.seed = seed, .stream = stream_id("passage")};
  Batch batch{.tokens = {}, .document_starts = {0, 2 * kPassage}};
  for (std::int64_t i = 0; i < 2 * kPassage; ++i) {
    batch.tokens.push_back(
        static_cast<std::int32_t>(stream.below(static_cast<std::uint64_t>(i % kPassage), 500)));
  }
  Targets targets;
  for (std::int64_t i = 0; i < 2 * kPassage; ++i) {
    const bool counts = i >= kPassage && i + 1 < 2 * kPassage;
    targets.next.push_back(counts ? batch.tokens[static_cast<std::size_t>(i + 1)] : 0);
    targets.weight.push_back(counts ? 1.0f : 0.0f);
  }
  const kernels::Context context(Isa::scalar, 1);
  Workspace workspace(model, 2 * kPassage, false);
  return evaluate_loss(context, model, workspace, batch, targets, {}).mean();
}

TEST(CopyingHeads, ContinueARepeatedPassageBeforeAnyTraining) {
  for (const std::uint64_t seed : {1u, 2u, 3u}) {
    Model model = Model::random(small_spec(), Precision::f32, seed);
    const double before = loss_of_repetition(model, seed);
    ASSERT_TRUE(start_copying_heads(model, seed).has_value());
    EXPECT_LT(loss_of_repetition(model, seed), before - 1.0) << "seed " << seed;
  }
}

TEST(CopyingHeads, AreTheSameForTheSameSeed) {
  Model a = Model::random(small_spec(), Precision::bf16, 7);
  Model b = Model::random(small_spec(), Precision::bf16, 7);
  ASSERT_TRUE(start_copying_heads(a, 7).has_value());
  ASSERT_TRUE(start_copying_heads(b, 7).has_value());
  EXPECT_EQ(loss_of_repetition(a, 1), loss_of_repetition(b, 1));
}

TEST(CopyingHeads, RefuseAModelWithoutRoomForThem) {
  ArchSpec spec = small_spec();
  spec.layers = 2;
  Model model = Model::random(spec, Precision::f32, 1);
  const Result<void> result = start_copying_heads(model, 1);
  ASSERT_FALSE(result.has_value());
  EXPECT_NE(result.error().message().find("three layers"), std::string::npos);
}

}  // namespace
}  // namespace attune::model
