#include "train/flops.h"

#include <gtest/gtest.h>

namespace attune::train {
namespace {

FlopRules smol_rules() {  // SmolLM2-135M
  FlopRules rules;
  rules.spec.hidden = 576;
  rules.spec.layers = 30;
  rules.spec.heads = 9;
  rules.spec.kv_heads = 3;
  rules.spec.head_dim = 64;
  rules.spec.intermediate = 1536;
  rules.spec.vocabulary = 49152;
  rules.ranks.assign(30, {});
  return rules;
}

FlopRules adapt_all(FlopRules rules, std::int64_t rank) {
  for (auto& ranks : rules.ranks) ranks.fill(rank);
  return rules;
}

PassShape full_document(std::int64_t tokens) {
  return {.tokens = tokens, .targets = tokens, .pairs = tokens * (tokens + 1) / 2};
}

TEST(Flops, CountsAttentionPairsOfEachDocumentAndWindow) {
  model::Batch batch;
  batch.tokens.resize(9);
  batch.document_starts = {0, 4, 9};
  model::Targets targets;
  targets.weight = {0, 1, 1, 0, 0, 0, 0.5f, 0, 0};
  const PassShape shape = shape_of(batch, targets, 0);
  EXPECT_EQ(shape.tokens, 9);
  EXPECT_EQ(shape.targets, 3);
  EXPECT_EQ(shape.pairs, 10 + 15);
  EXPECT_EQ(shape_of(batch, targets, 2).pairs, (1 + 2 + 2 + 2) + (1 + 2 + 2 + 2 + 2));
}

// 0.106 B linear parameters, 0.028 B in the head; 2 FLOPs each, plus rank 16 and causal attention
// over 2048.
TEST(Flops, ForwardIsTwoFlopsAParameterPlusAttention) {
  const double per_token = forward_flops(adapt_all(smol_rules(), 16), full_document(2048)) / 2048;
  const double linears = 2.0 * 30 * (576 * 576 * 2 + 576 * 192 * 2 + 3 * 576 * 1536);
  const double adapters = 2.0 * 16 * 30 * ((576 + 576) * 2 + (576 + 192) * 2 + (576 + 1536) * 3);
  const double attention = 30 * 4 * (2049.0 / 2) * 9 * 64;
  const double head = 2.0 * 576 * 49152;
  EXPECT_DOUBLE_EQ(per_token, linears + adapters + attention + head);
  EXPECT_NEAR(per_token / 1e9, 0.35, 0.005);
}

// The last block's forward is still there when backward begins, so one block fewer runs again.
TEST(Flops, RecomputationRepeatsTheProductsOfItsPolicy) {
  const FlopRules rules = adapt_all(smol_rules(), 16);
  const PassShape shape = full_document(2048);
  const auto per_token = [&](model::Recompute policy) {
    return recompute_flops(rules, shape, policy) / 2048;
  };
  EXPECT_EQ(per_token(model::Recompute::nothing), 0);
  EXPECT_EQ(per_token(model::Recompute::elementwise), 0);
  const double gate_up = 2 * (2.0 * 576 * 1536 + 2.0 * 16 * (576 + 1536));
  EXPECT_DOUBLE_EQ(per_token(model::Recompute::mlp), 29 * gate_up);
  const double qkvo =
      2.0 * (576 * 576 * 2 + 576 * 192 * 2) + 2.0 * 16 * ((576 + 576) * 2 + (576 + 192) * 2);
  const double attention = 4 * (2049.0 / 2) * 9 * 64;
  EXPECT_DOUBLE_EQ(per_token(model::Recompute::block), 29 * (gate_up + qkvo + attention));
}

TEST(Flops, LoraNeedsNoWeightGradientsAndNothingBelowItsLowestLinear) {
  const PassShape shape = full_document(2048);
  const FlopRules rules = adapt_all(smol_rules(), 16);
  const double backward = (train_flops(rules, shape) - forward_flops(rules, shape)) / 2048;
  const double linears = 2.0 * 30 * (576 * 576 * 2 + 576 * 192 * 2 + 3 * 576 * 1536);
  const double adapters = 4.0 * 16 * 30 * ((576 + 576) * 2 + (576 + 192) * 2 + (576 + 1536) * 3);
  const double first_inputs = 2.0 * 576 * (576 + 2 * 192) + 3 * 2.0 * 16 * 576;
  const double attention = 30 * 8 * (2049.0 / 2) * 9 * 64;
  const double head = 2.0 * 576 * 49152;
  EXPECT_DOUBLE_EQ(backward, linears + adapters - first_inputs + attention + head);
}

TEST(Flops, AdaptersInTheMlpAloneSkipTheFirstAttention) {
  FlopRules mlp = smol_rules();
  mlp.ranks.assign(1, {});
  mlp.ranks[0][static_cast<std::size_t>(BlockLinear::down)] = 16;
  const PassShape shape = full_document(100);
  // Only dX of the head, and v, dB, dA of down_proj.
  const double wanted = 2.0 * 100 * 576 * 49152 + 4.0 * 100 * 16 * 576 + 2.0 * 100 * 16 * 1536;
  EXPECT_DOUBLE_EQ(train_flops(mlp, shape) - forward_flops(mlp, shape), wanted);
}

TEST(Flops, BlocksBelowTheLowestAdapterHaveNoBackward) {
  FlopRules top = smol_rules();
  top.ranks.back().fill(16);
  FlopRules alone = adapt_all(smol_rules(), 16);
  alone.ranks.resize(1);
  const PassShape shape = full_document(64);
  EXPECT_DOUBLE_EQ(train_flops(top, shape) - forward_flops(top, shape),
                   train_flops(alone, shape) - forward_flops(alone, shape));
}

TEST(Flops, FullTrainingTakesTwiceTheForwardBackward) {
  FlopRules rules = smol_rules();
  rules.trains_base = true;
  const PassShape shape = full_document(512);
  EXPECT_DOUBLE_EQ(train_flops(rules, shape), 3 * forward_flops(rules, shape));
}

}  // namespace
}  // namespace attune::train
