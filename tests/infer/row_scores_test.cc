#include "infer/row_scores.h"

#include <cmath>

#include <gtest/gtest.h>

#include "infer/score.h"
#include "infer/tiny_spec.h"

namespace attune::infer {
namespace {

// Rows of different lengths; the last tokens are the answer.
std::vector<text::EncodedChat> chats() {
  std::vector<text::EncodedChat> rows;
  for (std::int32_t row = 0; row < 9; ++row) {
    text::EncodedChat chat;
    const std::int32_t length = 6 + 11 * row % 50;
    for (std::int32_t i = 0; i < length; ++i) {
      chat.ids.push_back((row * 17 + i * 7 + i / 3) % 60);
      chat.trained.push_back(i >= length / 2 ? 1.0f : 0.0f);
    }
    rows.push_back(std::move(chat));
  }
  return rows;
}

TEST(RowScores, ALossIsTheMeanOfWhatScoreSaysOfTheTargets) {
  const kernels::Context context(pick_isa().value(), 2);
  const model::Model model = model::Model::random(tiny_spec(60, 400), model::Precision::f32, 3);
  const std::vector<text::EncodedChat> rows = chats();
  const std::vector<RowMeasure> measures = measure_rows(context, model, rows, {});
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const std::vector<double> scores = score_tokens(context, model, rows[row].ids, false).value();
    double sum = 0;
    std::int64_t targets = 0;
    for (std::size_t i = 1; i < rows[row].ids.size(); ++i) {
      if (rows[row].trained[i] <= 0) continue;
      sum -= scores[i - 1];
      ++targets;
    }
    EXPECT_EQ(measures[row].targets, targets);
    EXPECT_NEAR(measures[row].loss.value(), sum / static_cast<double>(targets), 1e-5);
  }
}

TEST(RowScores, ARowDoesNotDependOnTheRowsBesideIt) {
  const kernels::Context context(pick_isa().value(), 2);
  const model::Model model = model::Model::random(tiny_spec(60, 400), model::Precision::bf16, 3);
  const std::vector<text::EncodedChat> rows = chats();
  MeasureOptions together, alone;
  together.states = alone.states = true;
  alone.tokens_per_batch = 1;
  const std::vector<RowMeasure> a = measure_rows(context, model, rows, together);
  const std::vector<RowMeasure> b = measure_rows(context, model, rows, alone);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    EXPECT_EQ(a[row].loss, b[row].loss);
    EXPECT_EQ(a[row].state, b[row].state);
    EXPECT_EQ(std::ssize(a[row].state), model.spec().hidden);
  }
}

TEST(RowScores, RowsWithoutTargetsOrTokensHaveNoLoss) {
  const kernels::Context context(pick_isa().value(), 1);
  const model::Model model = model::Model::random(tiny_spec(60, 20), model::Precision::f32, 3);
  std::vector<text::EncodedChat> rows(3);
  rows[1] = {.ids = {1, 2, 3}, .trained = {0, 0, 0}};
  rows[2].ids.assign(40, 5);  // the target lies behind the context
  rows[2].trained.assign(40, 0.0f);
  rows[2].trained.back() = 1;
  for (const RowMeasure& measure : measure_rows(context, model, rows, {})) {
    EXPECT_FALSE(measure.loss.has_value());
    EXPECT_EQ(measure.targets, 0);
  }
}

TEST(RowScores, CosinesOfCentredVectors) {
  const kernels::Context context(pick_isa().value(), 1);
  std::vector<float> vectors = {5, 4, 5, 6, 7, 5, 3, 5};
  centre(vectors, 2);  // the mean is (5, 5)
  const std::vector<std::int64_t> chosen = {0, 2};
  std::vector<float> out(8);
  cosines(context, vectors, 2, chosen, out);
  const std::vector<float> wanted = {1, -1, 0, 0, 0, 0, 1, -1};
  for (std::size_t i = 0; i < 8; ++i) EXPECT_NEAR(out[i], wanted[i], 1e-6f) << i;
}

}  // namespace
}  // namespace attune::infer
