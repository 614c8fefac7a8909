#include "jobs/serve_gate.h"

#include <gtest/gtest.h>

#include "infer/tiny_adapter.h"
#include "infer/tiny_spec.h"
#include "io/temporary_folder.h"
#include "train/test_data.h"

namespace attune::jobs {
namespace {

class LogprobGate : public ::testing::TestWithParam<model::Precision> {
 protected:
  LogprobGate()
      : kernels_(pick_isa().value(), 1),
        model_(model::Model::random(infer::tiny_spec(61, 300), GetParam(), 11)),
        documents_(train::random_documents(6, 200, 61, 3)) {
    infer::add_tiny_adapter(model_, 4, 5);
    EXPECT_TRUE(model_.save_adapter(folder_.path() / "adapter", "base"));
  }
  std::optional<Mismatch> compare() {
    auto compared =
        compare_logprobs(kernels_, model_, folder_.path() / "adapter", documents_.views, 256);
    EXPECT_TRUE(compared) << compared.error().message();
    return *compared;
  }

  testing_support::TemporaryFolder folder_;
  kernels::Context kernels_;
  model::Model model_;
  train::OwnedDocuments documents_;
};

TEST_P(LogprobGate, PassesTheAdapterThatWasSaved) {
  const auto mismatch = compare();
  EXPECT_FALSE(mismatch) << mismatch->message;
}

TEST_P(LogprobGate, BlocksAnAdapterThatIsNotTheTrainedOne) {
  for (model::Parameter& parameter : model_.parameters()) {
    for (float& value : parameter.value) value *= 2;
  }
  const auto mismatch = compare();
  ASSERT_TRUE(mismatch);
  EXPECT_NE(mismatch->message.find("serving would not answer as trained"), std::string::npos);
  EXPECT_FALSE(mismatch->details["logprobs"].empty());
}

TEST_P(LogprobGate, RefusesAFolderWithoutAnAdapter) {
  std::filesystem::remove(folder_.path() / "adapter" / "adapter_model.safetensors");
  EXPECT_FALSE(
      compare_logprobs(kernels_, model_, folder_.path() / "adapter", documents_.views, 256));
}

INSTANTIATE_TEST_SUITE_P(In, LogprobGate,
                         ::testing::Values(model::Precision::f32, model::Precision::bf16),
                         [](const auto& precision) {
                           return precision.param == model::Precision::f32 ? "f32" : "bf16";
                         });

}  // namespace
}  // namespace attune::jobs
