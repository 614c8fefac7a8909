// A model arranged for answering gives the bits of the model by rows: of prompts, of single tokens,
// of several slots at once, with and without an adapter.
#include <gtest/gtest.h>

#include "golden.h"
#include "model/weights.h"
#include "tiny.h"

namespace attune::model::testing {
namespace {

class Arranged : public ::testing::TestWithParam<std::pair<std::string, Precision>> {
 protected:
  // The logits of a prompt of `prompt` tokens, of four tokens after it, and of two slots at once.
  std::vector<float> answers(const Model& model, Isa isa, std::int64_t prompt) const {
    const kernels::Context context(isa, 2);
    Workspace workspace(model, 64, false);
    KvCache cache(model.spec(), 2, 64);
    std::vector<float> all;
    const auto append = [&](std::span<const Append> appends) {
      std::vector<float> logits(appends.size() * static_cast<std::size_t>(model.spec().vocabulary));
      forward_cached(context, model, workspace, cache, appends, false, logits.data(), {});
      all.insert(all.end(), logits.begin(), logits.end());
    };
    const auto tokens = random_task(model.spec(), {prompt + 6}, 3).batch.tokens;
    const std::span<const std::int32_t> view(tokens);
    const auto length = static_cast<std::size_t>(prompt);
    const Append first{.slot = 0, .tokens = view.first(length)};
    append({&first, 1});
    for (std::size_t i = 0; i < 4; ++i) {
      const Append one{.slot = 0, .tokens = view.subspan(length + i, 1)};
      append({&one, 1});
    }
    const Append both[] = {{.slot = 0, .tokens = view.subspan(length + 4, 1)},
                           {.slot = 1, .tokens = view.first(3)}};
    append(both);
    return all;
  }
};

INSTANTIATE_TEST_SUITE_P(Forms, Arranged,
                         ::testing::Values(std::pair("llama", Precision::bf16),
                                           std::pair("qwen2", Precision::bf16),
                                           std::pair("qwen3", Precision::bf16),
                                           std::pair("llama", Precision::int8),
                                           std::pair("llama", Precision::nf4)));

TEST_P(Arranged, AnswersWithTheSameBits) {
  const auto& [family, precision] = GetParam();
  for (const bool tied : {false, true}) {
    ArchSpec spec = tiny_spec(family);
    spec.tied = tied;
    for (const bool adapted : {false, true}) {
      Model rows = tiny_model(spec, precision, 1), panels = tiny_model(spec, precision, 1);
      if (adapted) {
        for (Model* one : {&rows, &panels}) add_filled_lora(*one, {.rank = 3, .alpha = 6}, 4);
      }
      panels.arrange_for_answers();
      EXPECT_TRUE(panels.weights().layers[0].q.weight.in_panels);
      EXPECT_TRUE(panels.weights().head().in_panels);
      EXPECT_EQ(panels.weights().embedding.in_panels, tied);
      for (const Isa isa : available_isas()) {
        for (const std::int64_t prompt : {1, 5, 40})
          EXPECT_EQ(answers(panels, isa, prompt), answers(rows, isa, prompt)) << isa_name(isa);
      }
    }
  }
}

TEST(ArrangedModels, OfF32StayAsTheyAre) {
  Model model = tiny_model(tiny_spec("llama"), Precision::f32, 1);
  model.arrange_for_answers();
  EXPECT_FALSE(model.weights().layers[0].q.weight.in_panels);
}

TEST(ArrangedModelsDeathTest, HaveNoWayBack) {
  const ArchSpec spec = tiny_spec("llama");
  Model model = tiny_model(spec, Precision::bf16, 1);
  add_filled_lora(model, {.rank = 3, .alpha = 6}, 4);
  model.arrange_for_answers();
  const kernels::Context context(available_isas().back(), 1);
  EXPECT_DEATH((void)gradients_of(context, model, random_task(spec, {7}, 2)), "no way back");
}

}  // namespace
}  // namespace attune::model::testing
