#include "infer/score.h"

#include <cmath>

#include <gtest/gtest.h>

#include "infer/sampler.h"
#include "infer/tiny_spec.h"

namespace attune::infer {
namespace {

TEST(Score, EqualsTheUncachedLogits) {
  const kernels::Context context(pick_isa().value(), 1);
  const model::Model model = model::Model::random(tiny_spec(60, 400), model::Precision::f32, 3);
  std::vector<std::int32_t> tokens;
  for (std::int32_t i = 0; i < 300; ++i)
    tokens.push_back((i * 7 + i / 9) % 60);  // more than two chunks
  const std::vector<double> logprobs = score_tokens(context, model, tokens, false).value();
  ASSERT_EQ(logprobs.size(), tokens.size() - 1);

  model::Workspace workspace(model, 300, false);
  std::vector<std::int64_t> rows(300);
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<std::int64_t>(i);
  std::vector<float> logits(300 * 60);
  model::compute_logits(context, model, workspace, {tokens, {0, 300}}, rows, logits.data(), {});
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
    EXPECT_NEAR(logprobs[i], token_logprob(std::span(logits).subspan(i * 60, 60), tokens[i + 1]),
                1e-5);
  }
}

TEST(Score, RefusesTokensOutsideTheVocabularyOrTheContext) {
  const kernels::Context context(pick_isa().value(), 1);
  const model::Model model = model::Model::random(tiny_spec(60, 400), model::Precision::f32, 3);
  const std::vector<std::int32_t> outside = {1, 60}, alone = {1}, too_long(401, 1);
  EXPECT_NE(score_tokens(context, model, outside, false).error().message().find("id 60"),
            std::string::npos);
  EXPECT_FALSE(score_tokens(context, model, alone, false));
  EXPECT_NE(score_tokens(context, model, too_long, false).error().message().find("context of 400"),
            std::string::npos);
}

}  // namespace
}  // namespace attune::infer
