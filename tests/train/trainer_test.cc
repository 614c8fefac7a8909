#include "train/trainer.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "io/json.h"
#include "train/evaluate.h"
#include "train/tiny_model.h"
#include "train/train_step.h"

namespace attune::train {
namespace {

kernels::Context make_context(int threads = 1) { return kernels::Context(*pick_isa(), threads); }

TrainOptions quick_options() {
  TrainOptions options;
  options.epochs = 3;
  options.documents_per_step = 4;
  options.tokens_per_batch = 48;
  options.learning_rate = 1e-2f;
  options.peak_flops = 1e9;  // not measured in tests
  return options;
}

struct Trained {
  TrainOutcome outcome;
  std::vector<float> values;
  std::vector<StepProgress> steps;
};

Trained train(const kernels::Context& context, model::Model& model, const TrainingData& data,
              const TrainOptions& options) {
  Trained run;
  auto trainer = Trainer::create(context, model, data, options);
  EXPECT_TRUE(trainer) << (trainer ? "" : trainer.error().message());
  if (!trainer) return run;
  const auto outcome = trainer->run({.step = [&](const StepProgress& progress) {
    run.steps.push_back(progress);
    return Action::proceed;
  }});
  EXPECT_TRUE(outcome) << (outcome ? "" : outcome.error().message());
  if (outcome) run.outcome = *outcome;
  run.values = values_of(model);
  return run;
}

TEST(Trainer, LearnsAHandfulOfRowsByHeartWithAnAdapter) {
  const kernels::Context context = make_context();
  const OwnedDocuments rows = random_documents(6, 20, 61, 4);
  // An adapter steers what the base can do already, so the base first learns other rows.
  model::Model model = tiny_model();
  model.train_all_weights();
  const OwnedDocuments other = random_documents(40, 20, 61, 5);
  TrainOptions options = quick_options();
  options.epochs = 20;
  train(context, model, {.train = other.views}, options);
  ASSERT_TRUE(model.add_lora({.rank = 8, .alpha = 16}, 5));
  options.epochs = 100;
  const Trained run = train(context, model, {.train = rows.views}, options);
  EXPECT_GT(run.steps.front().loss, 3.5);
  EXPECT_LT(run.outcome.final_loss, 0.5 * run.steps.front().loss);
}

TEST(Trainer, LearnsAHandfulOfRowsByHeartWithAllWeights) {
  for (const auto precision : {model::Precision::f32, model::Precision::bf16}) {
    const kernels::Context context = make_context();
    const OwnedDocuments rows = random_documents(6, 20, 61, 4);
    model::Model model = tiny_model(precision);
    model.train_all_weights();
    TrainOptions options = quick_options();
    options.epochs = 60;
    const Trained run = train(context, model, {.train = rows.views}, options);
    EXPECT_LT(run.outcome.final_loss, 0.3);
    EXPECT_GT(run.steps.back().accuracy, 0.95);
  }
}

TEST(Trainer, ReportsEveryStepAndTheWholeRun) {
  const kernels::Context context = make_context();
  const OwnedDocuments rows = random_documents(20, 20, 61, 1);
  const OwnedDocuments held_out = random_documents(5, 20, 61, 2);
  model::Model model = tiny_lora_model();
  TrainOptions options = quick_options();
  options.eval_every = 4;
  const Trained run =
      train(context, model, {.train = rows.views, .validation = held_out.views}, options);
  ASSERT_EQ(static_cast<std::int64_t>(run.steps.size()), run.outcome.planned_steps);
  std::int64_t targets = 0;
  for (std::size_t i = 0; i < run.steps.size(); ++i) {
    const StepProgress& step = run.steps[i];
    EXPECT_EQ(step.step, static_cast<std::int64_t>(i) + 1);
    EXPECT_GT(step.gradient_norm, 0);
    EXPECT_GT(step.tokens_per_second, 0);
    EXPECT_GT(step.flops_per_second, 0);
    EXPECT_EQ(step.validation.has_value(), step.step % 4 == 0 || step.step == step.steps);
    targets += step.targets;
  }
  EXPECT_EQ(run.steps.back().eta_seconds, 0);
  const auto uses = measure_documents(rows.views, 48);
  EXPECT_EQ(targets, 3 * Ledger(rows.views, uses).totals().trained);
  EXPECT_EQ(run.outcome.targets, targets);
}

TEST(Trainer, OneAndTwoThreadsGiveTheSameBits) {
  const OwnedDocuments rows = random_documents(24, 30, 61, 8);
  std::vector<std::vector<float>> results;
  for (const auto precision : {model::Precision::f32, model::Precision::bf16}) {
    for (const int threads : {1, 2}) {
      const kernels::Context context = make_context(threads);
      model::Model model = tiny_lora_model(precision, 0.1f);
      results.push_back(train(context, model, {.train = rows.views}, quick_options()).values);
    }
    EXPECT_EQ(results[results.size() - 2], results.back());
  }
}

// The same documents a step, packed into many small or one large micro-batch: only the order of
// float sums differs.
TEST(Trainer, AccumulationEqualsOneLargeBatch) {
  const kernels::Context context = make_context();
  const OwnedDocuments rows = random_documents(12, 20, 61, 3);
  std::vector<std::vector<float>> gradients;
  for (const std::int64_t tokens_per_batch : {20, 400}) {
    model::Model model = tiny_model();
    model.train_all_weights();
    TrainOptions options = quick_options();
    options.context = 20;
    options.tokens_per_batch = tokens_per_batch;
    options.documents_per_step = 12;
    auto setup = prepare_training(model, {.train = rows.views}, options);
    ASSERT_TRUE(setup);
    model::Workspace workspace(model, setup->capacity, true);
    model.zero_gradients();
    ASSERT_TRUE(accumulate_gradients(context, model, workspace, *setup, 0));
    std::vector<float>& all = gradients.emplace_back();
    for (const model::Parameter& parameter : model.parameters()) {
      all.insert(all.end(), parameter.gradient.begin(), parameter.gradient.end());
    }
  }
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < gradients[0].size(); ++i) {
    difference += std::pow(static_cast<double>(gradients[0][i] - gradients[1][i]), 2);
    size += std::pow(static_cast<double>(gradients[0][i]), 2);
  }
  EXPECT_LT(std::sqrt(difference / size), 1e-5);
}

TEST(Trainer, TheLossIsTheMeanOverTheWeightsOfTheWholeStep) {
  const kernels::Context context = make_context();
  const OwnedDocuments rows = random_documents(12, 20, 61, 3);
  model::Model model = tiny_model();
  model.train_all_weights();
  TrainOptions options = quick_options();
  options.documents_per_step = 12;
  options.context = 20;
  options.tokens_per_batch = 20;
  const auto uses = measure_documents(rows.views, 20);
  model::Workspace workspace(model, 400, true);
  const double mean = evaluate_documents(context, model, workspace, rows.views, uses, 400).mean();
  options.epochs = 1;
  const Trained run = train(context, model, {.train = rows.views}, options);
  EXPECT_NEAR(run.steps[0].loss, mean, 1e-5);
}

TEST(Trainer, AnEstimateLeavesEveryBitAsItWas) {
  const kernels::Context context = make_context();
  const OwnedDocuments rows = random_documents(16, 30, 61, 8);
  const OwnedDocuments held_out = random_documents(5, 20, 61, 2);
  std::vector<std::vector<float>> results;
  for (const bool with_estimate : {false, true}) {
    model::Model model = tiny_lora_model(model::Precision::f32, 0.1f);
    auto trainer = Trainer::create(
        context, model, {.train = rows.views, .validation = held_out.views}, quick_options());
    ASSERT_TRUE(trainer);
    if (with_estimate) {
      const TrainEstimate estimate = trainer->estimate(0.01);
      EXPECT_GT(estimate.seconds_per_token, 0);
      EXPECT_GT(estimate.validation_seconds, 0);
      EXPECT_GT(estimate.workspace_bytes, 0);
      EXPECT_GT(estimate.total_bytes, estimate.weight_bytes);
      EXPECT_EQ(estimate.tokens, trainer->setup().planned_tokens);
    }
    ASSERT_TRUE(trainer->run({}));
    results.push_back(values_of(model));
  }
  EXPECT_EQ(results[0], results[1]);
}

TEST(Trainer, WhatBackwardComputesAgainChangesNoBitAndIsSaid) {
  const kernels::Context context = make_context();
  const OwnedDocuments rows = random_documents(16, 30, 61, 8);
  std::vector<std::vector<float>> results;
  for (const model::Recompute policy : model::kRecomputePolicies) {
    model::Model model = tiny_lora_model(model::Precision::f32, 0.1f);
    TrainOptions options = quick_options();
    options.recompute = policy;
    auto trainer = Trainer::create(context, model, {.train = rows.views}, options);
    ASSERT_TRUE(trainer);
    EXPECT_EQ(trainer->estimate(0.01).recompute, policy);
    ASSERT_TRUE(trainer->run({}));
    results.push_back(values_of(model));
    EXPECT_EQ(results.front(), results.back()) << model::recompute_name(policy);
  }
}

TEST(Trainer, KeepsEverythingWhereMemoryIsPlenty) {
  const kernels::Context context = make_context();
  const OwnedDocuments rows = random_documents(16, 30, 61, 8);
  model::Model model = tiny_lora_model();
  auto trainer = Trainer::create(context, model, {.train = rows.views}, quick_options());
  ASSERT_TRUE(trainer);
  const TrainEstimate estimate = trainer->estimate(0.01);
  EXPECT_EQ(estimate.recompute, model::Recompute::nothing);
  EXPECT_EQ(estimate.recompute_share, 0);
}

TEST(Trainer, StopsEarlyAndReturnsTheBestParameters) {
  const kernels::Context context = make_context();
  const OwnedDocuments rows = random_documents(8, 20, 61, 4);
  const OwnedDocuments held_out = random_documents(8, 20, 61, 77);  // nothing in common
  model::Model model = tiny_model();
  model.train_all_weights();
  TrainOptions options = quick_options();
  options.epochs = 200;
  options.schedule = ScheduleKind::constant;
  options.eval_every = 2;
  options.patience = 3;
  const Trained run =
      train(context, model, {.train = rows.views, .validation = held_out.views}, options);
  EXPECT_TRUE(run.outcome.stopped_early);
  EXPECT_LT(run.outcome.steps, run.outcome.planned_steps);
  EXPECT_EQ(run.outcome.steps, run.outcome.best_step + 6);
  EXPECT_TRUE(run.outcome.restored_best);
  const auto uses = measure_documents(held_out.views, 48);
  model::Workspace workspace(model, 48, true);
  EXPECT_EQ(evaluate_documents(context, model, workspace, held_out.views, uses, 48).mean(),
            run.outcome.best_loss);
}

TEST(Trainer, StopsWithAClearErrorWhenTheLossIsNotFinite) {
  const kernels::Context context = make_context();
  const OwnedDocuments rows = random_documents(8, 20, 61, 4);
  model::Model model = tiny_model();
  model.train_all_weights();
  model.parameters()[0].value[3] = std::numeric_limits<float>::quiet_NaN();
  for (float& value : model.parameters()[0].value) value *= std::numeric_limits<float>::infinity();
  auto trainer = Trainer::create(context, model, {.train = rows.views}, quick_options());
  ASSERT_TRUE(trainer);
  const auto outcome = trainer->run({});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().where, "training step 1");
  EXPECT_NE(outcome.error().found.find("rows "), std::string::npos);
  EXPECT_NE(outcome.error().fix.find("learning rate"), std::string::npos);
}

TEST(Trainer, AHugeLearningRateEndsInTheSameClearErrorOrAFiniteLoss) {
  const kernels::Context context = make_context();
  const OwnedDocuments rows = random_documents(8, 20, 61, 4);
  model::Model model = tiny_model();
  model.train_all_weights();
  TrainOptions options = quick_options();
  options.learning_rate = 10;
  options.epochs = 20;
  auto trainer = Trainer::create(context, model, {.train = rows.views}, options);
  ASSERT_TRUE(trainer);
  const auto outcome = trainer->run({});
  if (outcome) {
    EXPECT_TRUE(std::isfinite(outcome->final_loss));
  } else {
    EXPECT_NE(outcome.error().fix.find("learning rate"), std::string::npos);
  }
}

struct BadOption {
  const char* name;
  void (*change)(TrainOptions&);
};

class BadTrainOptions : public testing::TestWithParam<BadOption> {};

TEST_P(BadTrainOptions, AreRefusedByName) {
  const OwnedDocuments rows = random_documents(8, 20, 61, 4);
  const model::Model model = tiny_lora_model();
  TrainOptions options = quick_options();
  GetParam().change(options);
  const auto setup = prepare_training(model, {.train = rows.views}, options);
  ASSERT_FALSE(setup);
  EXPECT_NE(setup.error().message().find(GetParam().name), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadTrainOptions,
    testing::Values(BadOption{"learning_rate", [](TrainOptions& o) { o.learning_rate = -1; }},
                    BadOption{"learning_rate", [](TrainOptions& o) { o.learning_rate = NAN; }},
                    BadOption{"epochs", [](TrainOptions& o) { o.epochs = 0; }},
                    BadOption{"epochs", [](TrainOptions& o) { o.epochs = -2; }},
                    BadOption{"documents_per_step",
                              [](TrainOptions& o) { o.documents_per_step = 0; }},
                    BadOption{"tokens_per_batch", [](TrainOptions& o) { o.tokens_per_batch = 0; }},
                    BadOption{"context", [](TrainOptions& o) { o.context = 65; }},
                    BadOption{"context", [](TrainOptions& o) { o.context = 60; }},
                    BadOption{"warmup_ratio", [](TrainOptions& o) { o.warmup_ratio = 1.5f; }},
                    BadOption{"beta2", [](TrainOptions& o) { o.beta2 = 1; }},
                    BadOption{"patience", [](TrainOptions& o) { o.patience = 2; }}));

TEST(Setup, RefusesRowsThatTheModelCannotTake) {
  const model::Model model = tiny_lora_model();
  const auto refused = [&](std::vector<std::int32_t> ids, std::vector<float> weights) {
    OwnedDocuments rows;
    rows.add(std::move(ids), std::move(weights));
    rows.finish();
    const auto setup = prepare_training(model, {.train = rows.views}, quick_options());
    return setup ? std::string() : setup.error().message();
  };
  EXPECT_NE(refused({1, 61}, {0, 1}).find("row 1: token 61"), std::string::npos);
  EXPECT_NE(refused({1, -1}, {0, 1}).find("token -1"), std::string::npos);
  EXPECT_NE(refused({1, 2}, {0, NAN}).find("weight of nan"), std::string::npos);
  EXPECT_NE(refused({1, 2}, {0, -1}).find("weight of -1"), std::string::npos);
  EXPECT_NE(refused({1, 2}, {1}).find("1 weights"), std::string::npos);
  EXPECT_NE(refused({1, 2}, {1, 0}).find("without anything to learn"), std::string::npos);
  EXPECT_EQ(refused({1, 2}, {0, 1}), "");
}

TEST(Setup, RefusesAModelThatHasNothingToTrain) {
  const OwnedDocuments rows = random_documents(8, 20, 61, 4);
  const model::Model model = tiny_model();
  EXPECT_FALSE(prepare_training(model, {.train = rows.views}, quick_options()));
}

}  // namespace
}  // namespace attune::train
