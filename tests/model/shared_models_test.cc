// The trained models of the shared folder against their float64 references: losses, logits, greedy
// continuations.
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "golden.h"
#include "model/weights.h"

namespace attune::model::testing {
namespace {

const std::filesystem::path kModels =
    std::filesystem::path(ATTUNE_SOURCE_DIR) / ".." / "shared" / "models";

struct TrainedModel {
  std::string name;
  std::filesystem::path weights, golden;
};

const std::vector<TrainedModel> kTrained = {
    {"stories260k", kModels / "stories260k" / "hf", kModels / "stories260k" / "golden.json"},
    {"tinystories-656k", kModels / "tinystories-656k",
     kModels / "tinystories-656k" / "golden.json"}};

std::vector<float> floats(const Json& list) {
  std::vector<float> values;
  for (const Json& item : list) values.push_back(item.get<float>());
  return values;
}

std::vector<std::int32_t> ids(const Json& list) {
  std::vector<std::int32_t> values;
  for (const Json& item : list) values.push_back(item.get<std::int32_t>());
  return values;
}

class SharedModels : public ::testing::TestWithParam<Isa> {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kModels))
      GTEST_SKIP() << "the shared models are not on this machine";
  }
};

std::string isa_test_name(const ::testing::TestParamInfo<Isa>& isa) {
  return std::string(isa_name(isa.param));
}

INSTANTIATE_TEST_SUITE_P(InstructionSets, SharedModels, ::testing::ValuesIn(available_isas()),
                         isa_test_name);

// The reference is rounded to five decimals.
void check_last_row(std::span<const float> last, const Json& golden_case, const std::string& what) {
  const std::vector<float> first16 = floats(golden_case["last_logits_first16"]);
  EXPECT_LT(relative_error(last.first(16), first16), 1e-4) << what;
  for (const Json& entry : golden_case["last_top8"]) {
    const auto wanted = entry[1].get<float>();
    EXPECT_NEAR(last[entry[0].get<std::size_t>()], wanted, 1e-4f * wanted + 1e-5f) << what;
  }
}

TEST_P(SharedModels, LossesAndLogitsAreThoseOfTheReference) {
  const kernels::Context context(GetParam(), 2);
  for (const TrainedModel& trained : kTrained) {
    const Model model = load(trained.weights, Precision::f32);
    const Json golden = *read_json(trained.golden);
    const auto vocabulary = static_cast<std::size_t>(model.spec().vocabulary);
    for (const Json& golden_case : golden["cases"]) {
      const std::vector<std::int32_t> tokens = ids(golden_case["input_ids"]);
      const auto count = static_cast<std::int64_t>(tokens.size());
      const Batch batch{.tokens = tokens, .document_starts = {0, count}};
      const std::vector<float> logits = all_logits(context, model, batch);
      check_last_row(std::span(logits).last(vocabulary), golden_case, trained.name);

      Workspace workspace(model, count, false);
      const std::vector<float> wanted = floats(golden_case["token_nll"]);
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        Targets targets{.next = std::vector<std::int32_t>(tokens.size()),
                        .weight = std::vector<float>(tokens.size())};
        targets.next[i] = tokens[i + 1];
        targets.weight[i] = 1;
        const double nll =
            evaluate_loss(context, model, workspace, batch, targets, {}).weighted_nll;
        EXPECT_NEAR(nll, static_cast<double>(wanted[i]),
                    1e-4 * static_cast<double>(wanted[i]) + 2e-5)
            << trained.name;
      }
    }
  }
}

TEST_P(SharedModels, GreedyContinuationsAreThoseOfTheReference) {
  const kernels::Context context(GetParam(), 2);
  for (const TrainedModel& trained : kTrained) {
    const Model model = load(trained.weights, Precision::f32);
    const Json golden = *read_json(trained.golden);
    std::vector<float> logits(static_cast<std::size_t>(model.spec().vocabulary));
    Workspace workspace(model, 128, false);
    for (const Json& golden_case : golden["cases"]) {
      const std::vector<std::int32_t> prompt = ids(golden_case["input_ids"]);
      const std::vector<std::int32_t> wanted = ids(golden_case["greedy_ids"]);
      KvCache cache(model.spec(), 1, 256);
      const std::vector<Append> whole{{0, prompt}};
      forward_cached(context, model, workspace, cache, whole, false, logits.data(), {});
      check_last_row(logits, golden_case, trained.name + " cached");
      std::vector<std::int32_t> found;
      while (found.size() < wanted.size()) {
        found.push_back(static_cast<std::int32_t>(std::max_element(logits.begin(), logits.end()) -
                                                  logits.begin()));
        const std::vector<Append> one{{0, std::span(found).last(1)}};
        forward_cached(context, model, workspace, cache, one, false, logits.data(), {});
      }
      EXPECT_EQ(found, wanted) << trained.name;
    }
  }
}

TEST(SharedModelsLoading, AModelThatStoresOnlyTheHeadIsTied) {
  if (!std::filesystem::exists(kModels))
    GTEST_SKIP() << "the shared models are not on this machine";
  const Model model = load(kTrained[1].weights, Precision::bf16);
  EXPECT_TRUE(model.spec().tied);
  EXPECT_FALSE(model.weights().untied_head.has_value());
  EXPECT_EQ(model.spec().parameters(), 656000);
}

}  // namespace
}  // namespace attune::model::testing
