// What must not change a result: packing, threads, the cache, merging; and what dropout does.
#include <cmath>
#include <cstring>

#include <gtest/gtest.h>

#include "golden.h"
#include "model/weights.h"
#include "tiny.h"

namespace attune::model::testing {
namespace {

const std::vector<std::string> kFamilies = {"llama", "mistral", "qwen2", "qwen3"};

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

TEST(Passes, PackedDocumentsGiveTheLogitsOfEachAlone) {
  for (const std::string& family : kFamilies) {
    const ArchSpec spec = tiny_spec(family);
    const Model model = tiny_model(spec, Precision::f32, 1);
    const std::vector<std::int64_t> lengths{9, 1, 0, 14};
    const Batch packed = random_task(spec, lengths, 2).batch;
    const kernels::Context context(available_isas().back(), 2);
    const std::vector<float> together = all_logits(context, model, packed);
    for (std::size_t i = 0; i < lengths.size(); ++i) {
      if (lengths[i] == 0) continue;
      const auto first = packed.tokens.begin() + packed.document_starts[i];
      const Batch alone{.tokens = {first, first + lengths[i]}, .document_starts = {0, lengths[i]}};
      const std::vector<float> logits = all_logits(context, model, alone);
      const std::span<const float> part = std::span(together).subspan(
          static_cast<std::size_t>(packed.document_starts[i] * spec.vocabulary), logits.size());
      EXPECT_LT(relative_error(part, logits), 1e-6) << family << " document " << i;
    }
  }
}

// Sizes that no vector width divides, and products large enough for parallel_gemm to split them.
TEST(Passes, GradientsHaveTheSameBitsWithOneThreadAndTwo) {
  ArchSpec spec = tiny_spec("qwen3");
  spec.hidden = 66;
  spec.intermediate = 150;
  spec.vocabulary = 203;
  const Task task = random_task(spec, {61, 3, 70}, 3);
  const PassOptions options{.use_adapter = true, .dropout = {.seed = 6, .stream = 0, .step = 7}};
  for (const Isa isa : available_isas()) {
    const kernels::Context one(isa, 1), two(isa, 2);
    for (const Precision precision : {Precision::f32, Precision::bf16}) {
      Model model = tiny_model(spec, precision, 4);
      add_filled_lora(model, {.rank = 5, .alpha = 10, .dropout = 0.25f}, 5);
      EXPECT_TRUE(same_bits(gradients_of(one, model, task, options),
                            gradients_of(two, model, task, options)))
          << isa_name(isa) << ", adapter";
      model.train_all_weights();
      EXPECT_TRUE(same_bits(gradients_of(one, model, task), gradients_of(two, model, task)))
          << isa_name(isa) << ", all weights";
    }
  }
}

TEST(Passes, InstructionSetsAgree) {
  ArchSpec spec = tiny_spec("qwen3");
  const Task task = random_task(spec, {31, 30}, 8);
  Model model = tiny_model(spec, Precision::f32, 9);
  model.train_all_weights();
  const std::vector<float> scalar = gradients_of(kernels::Context(Isa::scalar, 1), model, task);
  for (const Isa isa : available_isas()) {
    EXPECT_LT(relative_error(gradients_of(kernels::Context(isa, 2), model, task), scalar), 1e-5)
        << isa_name(isa);
  }
}

LossSums loss_of_logits(const std::vector<float>& logits, const Task& task,
                        std::int64_t vocabulary) {
  LossSums sums;
  for (std::size_t row = 0; row < task.batch.tokens.size(); ++row) {
    const double weight = static_cast<double>(task.targets.weight[row]);
    if (weight == 0) continue;
    const float* start = logits.data() + row * static_cast<std::size_t>(vocabulary);
    double total = 0;
    for (std::int64_t i = 0; i < vocabulary; ++i) total += std::exp(static_cast<double>(start[i]));
    const bool right =
        std::max_element(start, start + vocabulary) - start == task.targets.next[row];
    sums += {.weighted_nll =
                 weight * (std::log(total) - static_cast<double>(start[task.targets.next[row]])),
             .weight = weight,
             .targets = 1,
             .correct = right ? 1 : 0};
  }
  return sums;
}

TEST(Passes, TheLossIsThatOfTheLogits) {
  const ArchSpec spec = tiny_spec("llama");
  const Task task = random_task(spec, {12, 8}, 10);
  const Model model = tiny_model(spec, Precision::f32, 11);
  const kernels::Context context(Isa::scalar, 2);
  const LossSums wanted =
      loss_of_logits(all_logits(context, model, task.batch), task, spec.vocabulary);
  Workspace workspace(model, 20, false);
  const LossSums found = evaluate_loss(context, model, workspace, task.batch, task.targets, {});
  EXPECT_NEAR(found.weighted_nll, wanted.weighted_nll, 1e-5 * wanted.weighted_nll);
  EXPECT_EQ(found.weight, wanted.weight);
  EXPECT_EQ(found.targets, wanted.targets);
  EXPECT_EQ(found.correct, wanted.correct);
}

TEST(Passes, AMergedAdapterGivesTheLogitsOfTheAdapter) {
  for (const bool rank_stabilised : {false, true}) {
    const ArchSpec spec = tiny_spec("qwen2");
    const Batch batch = random_task(spec, {15}, 12).batch;
    const kernels::Context context(available_isas().back(), 1);
    Model model = tiny_model(spec, Precision::f32, 13);
    const std::vector<float> base = all_logits(context, model, batch);
    add_filled_lora(model, {.rank = 4, .alpha = 6, .rank_stabilised = rank_stabilised}, 14);
    const std::vector<float> adapted = all_logits(context, model, batch);
    EXPECT_GT(relative_error(adapted, base), 0.01);
    EXPECT_TRUE(same_bits(all_logits(context, model, batch, false), base));
    model.merge_adapter();
    EXPECT_FALSE(model.has_adapter());
    EXPECT_TRUE(model.parameters().empty());
    EXPECT_LT(relative_error(all_logits(context, model, batch), adapted), 1e-5);
  }
}

TEST(Passes, MergingAddsScaleTimesBTimesA) {
  const ArchSpec spec = tiny_spec("llama");
  Model model = tiny_model(spec, Precision::f32, 15);
  const Linear& linear = model.weights().layers[1].up;
  const std::vector<float> before(linear.weight.f32.span().begin(), linear.weight.f32.span().end());
  add_filled_lora(model, {.rank = 2, .alpha = 3, .targets = {"up_proj"}}, 16);
  const std::vector<float> a(linear.lora->a.span().begin(), linear.lora->a.span().end());
  const std::vector<float> b(linear.lora->b.span().begin(), linear.lora->b.span().end());
  model.merge_adapter();
  const std::int64_t width = spec.hidden;
  for (std::int64_t n = 0; n < spec.intermediate; ++n) {
    for (std::int64_t k = 0; k < width; ++k) {
      const auto at = static_cast<std::size_t>(n * width + k);
      float delta = 0;
      for (std::int64_t r = 0; r < 2; ++r) {
        delta +=
            b[static_cast<std::size_t>(n * 2 + r)] * a[static_cast<std::size_t>(r * width + k)];
      }
      ASSERT_FLOAT_EQ(linear.weight.f32.span()[at], before[at] + 1.5f * delta);
    }
  }
}

TEST(Passes, DropoutKeepsItsShareAndTheMeanAndRepeatsItself) {
  const ArchSpec spec = tiny_spec("mistral");
  const Task task = random_task(spec, {40}, 17);
  Model model = tiny_model(spec, Precision::f32, 18);
  const kernels::Context context(Isa::scalar, 1);
  add_filled_lora(model, {.rank = 2, .alpha = 2, .dropout = 0.5f}, 19);
  const auto loss_at = [&](std::uint32_t step) {
    Workspace workspace(model, 40, true);
    const PassOptions options{.use_adapter = true,
                              .dropout = {.seed = 1, .stream = 0, .step = step}};
    return train_pass(context, model, workspace, task.batch, task.targets, 1.0f, options)
        .weighted_nll;
  };
  EXPECT_EQ(loss_at(1), loss_at(1));
  EXPECT_NE(loss_at(1), loss_at(2));
  Workspace workspace(model, 40, false);
  EXPECT_EQ(evaluate_loss(context, model, workspace, task.batch, task.targets, {}).weighted_nll,
            evaluate_loss(context, model, workspace, task.batch, task.targets,
                          {.use_adapter = true, .dropout = {.seed = 9, .stream = 9, .step = 9}})
                .weighted_nll);
}

// With dropout the loss of a fixed step is still a function of A and B: its slope must be the
// gradient.
TEST(Passes, DropoutsGradientIsTheSlopeOfItsLoss) {
  const ArchSpec spec = tiny_spec("qwen2");
  const Task task = random_task(spec, {11, 6}, 20);
  Model model = tiny_model(spec, Precision::f32, 21);
  const kernels::Context context(Isa::scalar, 1);
  add_filled_lora(model, {.rank = 2, .alpha = 4, .dropout = 0.3f}, 22);
  const PassOptions options{.use_adapter = true, .dropout = {.seed = 2, .stream = 0, .step = 3}};
  Workspace workspace(model, 17, true);
  const auto loss = [&] {
    return train_pass(context, model, workspace, task.batch, task.targets, 0.0f, options)
        .weighted_nll;
  };
  const std::vector<float> gradient = gradients_of(context, model, task, options);
  double norm = 0;
  for (const float g : gradient) norm += static_cast<double>(g) * static_cast<double>(g);
  norm = std::sqrt(norm);
  constexpr float kStep = 4e-3f;
  const auto shift = [&](float step) {
    std::size_t i = 0;
    for (Parameter& parameter : model.parameters()) {
      for (float& value : parameter.value) value += step * gradient[i++] / static_cast<float>(norm);
    }
  };
  shift(kStep);
  const double above = loss();
  shift(-2 * kStep);
  const double below = loss();
  EXPECT_NEAR((above - below) / (2.0 * static_cast<double>(kStep)), norm, 5e-3 * norm);
}

TEST(Passes, ALossOverMoreRowsThanTheHeadTakesAtOnceIsThatOfTheLogits) {
  const ArchSpec spec = tiny_spec("mistral");
  const Task task = random_task(spec, {600}, 23);
  const Model model = Model::random(spec, Precision::f32, 24);
  const kernels::Context context(available_isas().back(), 2);
  Workspace workspace(model, 600, false);
  const LossSums sums = evaluate_loss(context, model, workspace, task.batch, task.targets, {});
  const std::vector<float> logits = all_logits(context, model, task.batch);
  const double wanted = loss_of_logits(logits, task, spec.vocabulary).weighted_nll;
  EXPECT_NEAR(sums.weighted_nll, wanted, 1e-6 * wanted);
}

}  // namespace
}  // namespace attune::model::testing
