// The pass of a server: sequences with caches and adapters of their own, side by side.
#include "model/extend.h"

#include <gtest/gtest.h>

#include "golden.h"
#include "tiny.h"

namespace attune::model::testing {
namespace {

class Extend : public ::testing::TestWithParam<std::string> {
 protected:
  Extend() {
    const std::vector<LoraConfig> configs = {
        {.rank = 4, .alpha = 8, .targets = {"all-linear"}},
        {.rank = 7, .alpha = 3, .rank_stabilised = true, .targets = {"q_proj", "down_proj"}}};
    for (std::size_t i = 0; i < configs.size(); ++i) {
      const ScratchFolder folder;
      tuned_.push_back(tiny_model(spec_, Precision::f32, 1));
      add_filled_lora(tuned_.back(), configs[i], 5 + i);
      EXPECT_TRUE(tuned_.back().save_adapter(folder.path(), "base"));
      adapters_.push_back(Adapter::load(folder.path(), base_).value());
    }
  }

  std::vector<std::int32_t> tokens(std::int64_t count, std::uint64_t seed) const {
    return random_task(spec_, {count}, seed).batch.tokens;
  }
  std::span<const float> row(const std::vector<float>& rows, std::size_t index) const {
    const auto width = static_cast<std::size_t>(spec_.vocabulary);
    return std::span(rows).subspan(index * width, width);
  }
  // The last token's logits in an uncached pass of a model that owns the adapter.
  std::vector<float> reference(const Model& model, const std::vector<std::int32_t>& ids) const {
    const auto length = static_cast<std::int64_t>(ids.size());
    Workspace workspace(model, length, false);
    std::vector<float> logits(static_cast<std::size_t>(spec_.vocabulary));
    const std::int64_t last = length - 1;
    compute_logits(context_, model, workspace, {ids, {0, length}}, {&last, 1}, logits.data(), {});
    return logits;
  }
  std::vector<float> extend(std::span<const Extension> extensions) {
    std::vector<float> all;
    extend_sequences(context_, base_, workspace_, extensions,
                     [&](std::span<const Origin>, std::span<float> rows) {
                       all.insert(all.end(), rows.begin(), rows.end());
                     },
                     {});
    return all;
  }

  ArchSpec spec_ = tiny_spec(GetParam());
  Model base_ = tiny_model(spec_, Precision::f32, 1);
  std::vector<Model> tuned_;
  std::vector<Adapter> adapters_;
  kernels::Context context_{available_isas().back(), 2};
  Workspace workspace_{base_, 64, false, 7};
};

INSTANTIATE_TEST_SUITE_P(Families, Extend, ::testing::Values("llama", "mistral", "qwen2", "qwen3"));

TEST_P(Extend, AdaptersSideBySideGiveWhatEachGivesAlone) {
  const auto a = tokens(9, 2), b = tokens(6, 3), c = tokens(11, 4), d = tokens(5, 6);
  KvCache cache_a(spec_, 1, 16), cache_b(spec_, 1, 16), cache_c(spec_, 1, 16),
      cache_d(spec_, 1, 16);
  const std::vector<float> logits = extend(std::vector<Extension>{{&cache_a, a, &adapters_[0]},
                                                                  {&cache_b, b, nullptr},
                                                                  {&cache_c, c, &adapters_[1]},
                                                                  {&cache_d, d, &adapters_[1]}});
  EXPECT_LT(relative_error(row(logits, 0), reference(tuned_[0], a)), 1e-5);
  EXPECT_LT(relative_error(row(logits, 1), reference(base_, b)), 1e-5);
  EXPECT_LT(relative_error(row(logits, 2), reference(tuned_[1], c)), 1e-5);
  EXPECT_LT(relative_error(row(logits, 3), reference(tuned_[1], d)), 1e-5);
  EXPECT_EQ(cache_c.length(0), 11);
}

TEST_P(Extend, OnlyTheRowsThatAreWantedComeInOrder) {
  const auto a = tokens(4, 2), b = tokens(6, 3), c = tokens(3, 4);
  KvCache cache_a(spec_, 1, 8), cache_b(spec_, 1, 8), cache_c(spec_, 1, 8), whole(spec_, 1, 8);
  const std::vector<Extension> extensions = {{&cache_a, a, nullptr, Wanted::nothing},
                                             {&cache_b, b, nullptr, Wanted::all_logits},
                                             {&cache_c, c, nullptr, Wanted::states}};
  std::vector<std::pair<std::size_t, std::int64_t>> logits, states;
  std::vector<float> state_rows;
  extend_sequences(
      context_, base_, workspace_, extensions,
      [&](std::span<const Origin> origins, std::span<float> rows) {
        EXPECT_EQ(rows.size(), origins.size() * static_cast<std::size_t>(spec_.vocabulary));
        for (const Origin& origin : origins) logits.emplace_back(origin.extension, origin.token);
      },
      [&](std::span<const Origin> origins, std::span<float> rows) {
        for (const Origin& origin : origins) states.emplace_back(origin.extension, origin.token);
        state_rows.insert(state_rows.end(), rows.begin(), rows.end());
      });
  EXPECT_EQ(logits, (std::vector<std::pair<std::size_t, std::int64_t>>{
                        {1, 0}, {1, 1}, {1, 2}, {1, 3}, {1, 4}, {1, 5}}));
  EXPECT_EQ(states, (std::vector<std::pair<std::size_t, std::int64_t>>{{2, 0}, {2, 1}, {2, 2}}));
  EXPECT_EQ(state_rows.size(), 3 * static_cast<std::size_t>(spec_.hidden));
}

TEST_P(Extend, AGrownCacheAndACopiedBeginningGoOnAsIfTheyWereNew) {
  const auto whole = tokens(12, 5);
  const std::span<const std::int32_t> view(whole);
  KvCache grown(spec_, 1, 7), copied(spec_, 1, 12);
  extend(std::vector<Extension>{{&grown, view.first(7), &adapters_[0]}});
  grown.grow(12);
  copied.copy_prefix(grown, 5);
  EXPECT_EQ(grown.length(0), 7);
  EXPECT_EQ(copied.length(0), 5);
  const std::vector<float> logits = extend(std::vector<Extension>{
      {&grown, view.subspan(7), &adapters_[0]}, {&copied, view.subspan(5), &adapters_[0]}});
  const std::vector<float> wanted = reference(tuned_[0], whole);
  EXPECT_LT(relative_error(row(logits, 0), wanted), 1e-5);
  EXPECT_LT(relative_error(row(logits, 1), wanted), 1e-5);
}

TEST_P(Extend, AnAdapterOfAnotherModelIsRefused) {
  ArchSpec other = spec_;
  other.hidden = 24;
  const ScratchFolder folder;
  ASSERT_TRUE(tuned_[0].save_adapter(folder.path(), "base"));
  EXPECT_FALSE(Adapter::load(folder.path(), Model::random(other, Precision::f32, 1)));
  EXPECT_EQ(adapters_[0].rank(), 4);
  EXPECT_EQ(adapters_[1].rank(), 7);
}

}  // namespace
}  // namespace attune::model::testing
