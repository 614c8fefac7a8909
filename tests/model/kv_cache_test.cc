#include <gtest/gtest.h>

#include "golden.h"
#include "tiny.h"

namespace attune::model::testing {
namespace {

class Cache : public ::testing::TestWithParam<std::string> {
 protected:
  ArchSpec spec_ = tiny_spec(GetParam());
  Model model_ = tiny_model(spec_, Precision::f32, 1);
  kernels::Context context_{available_isas().back(), 2};
  Workspace workspace_{model_, 64, false};

  std::vector<std::int32_t> tokens(std::int64_t count, std::uint64_t seed) const {
    return random_task(spec_, {count}, seed).batch.tokens;
  }
  std::vector<float> uncached(const std::vector<std::int32_t>& tokens) const {
    return all_logits(
        context_, model_,
        {.tokens = tokens, .document_starts = {0, static_cast<std::int64_t>(tokens.size())}});
  }
  std::vector<float> append(KvCache& cache, const std::vector<Append>& appends, bool all) {
    std::size_t rows = 0;
    for (const Append& one : appends) rows += all ? one.tokens.size() : 1;
    std::vector<float> logits(rows * static_cast<std::size_t>(spec_.vocabulary));
    forward_cached(context_, model_, workspace_, cache, appends, all, logits.data(), {});
    return logits;
  }
  std::span<const float> row(const std::vector<float>& logits, std::int64_t index) const {
    return std::span(logits).subspan(static_cast<std::size_t>(index * spec_.vocabulary),
                                     static_cast<std::size_t>(spec_.vocabulary));
  }
};

INSTANTIATE_TEST_SUITE_P(Families, Cache, ::testing::Values("llama", "mistral", "qwen2", "qwen3"));

TEST_P(Cache, PrefillOfTwoSlotsThenOneTokenEachGivesTheUncachedLogits) {
  const auto first = tokens(17, 2), second = tokens(9, 3);
  const std::vector<float> wanted_first = uncached(first), wanted_second = uncached(second);
  KvCache cache(spec_, 3, 20);
  const std::span<const std::int32_t> a(first), b(second);
  const std::vector<float> prompts = append(cache, {{2, a.first(12)}, {0, b.first(4)}}, true);
  const std::size_t first_rows = 12 * static_cast<std::size_t>(spec_.vocabulary);
  EXPECT_LT(relative_error(std::span(prompts).first(first_rows),
                           std::span(wanted_first).first(first_rows)),
            1e-5);

  EXPECT_LT(relative_error(row(prompts, 15), row(wanted_second, 3)), 1e-5);
  for (std::size_t step = 0; step < 5; ++step) {
    const std::vector<float> logits =
        append(cache, {{0, b.subspan(4 + step, 1)}, {2, a.subspan(12 + step, 1)}}, false);
    EXPECT_LT(
        relative_error(row(logits, 0), row(wanted_second, static_cast<std::int64_t>(4 + step))),
        1e-5);
    EXPECT_LT(
        relative_error(row(logits, 1), row(wanted_first, static_cast<std::int64_t>(12 + step))),
        1e-5);
  }
  EXPECT_EQ(cache.length(0), 9);
  EXPECT_EQ(cache.length(1), 0);
  EXPECT_EQ(cache.length(2), 17);
}

TEST_P(Cache, APromptInPiecesGivesTheLogitsOfTheWhole) {
  const auto whole = tokens(16, 4);
  const std::span<const std::int32_t> view(whole);
  KvCache cache(spec_, 1, 16);
  append(cache, {{0, view.first(7)}}, false);
  append(cache, {{0, view.subspan(7, 1)}}, false);
  const std::vector<float> logits = append(cache, {{0, view.subspan(8)}}, false);
  EXPECT_LT(relative_error(logits, row(uncached(whole), 15)), 1e-5);
}

TEST_P(Cache, ATruncatedSlotAndACopiedPrefixContinueAsIfTheyWereNew) {
  const auto prompt = tokens(10, 5), other = tokens(6, 6);
  const std::span<const std::int32_t> view(prompt), rest(other);
  KvCache cache(spec_, 2, 32);
  append(cache, {{0, view}}, false);
  cache.copy_prefix(0, 1, 8);
  cache.truncate(0, 8);
  std::vector<std::int32_t> joined(prompt.begin(), prompt.begin() + 8);
  joined.insert(joined.end(), other.begin(), other.end());
  const std::vector<float> logits = append(cache, {{0, rest}, {1, rest}}, false);
  const std::vector<float> wanted = uncached(joined);
  EXPECT_LT(relative_error(row(logits, 0), row(wanted, 13)), 1e-5);
  EXPECT_LT(relative_error(row(logits, 1), row(wanted, 13)), 1e-5);
  EXPECT_EQ(cache.length(1), 14);
}

TEST_P(Cache, ANeighboursTokensDoNotChangeASlotsLogits) {
  const auto mine = tokens(11, 7), theirs = tokens(13, 8);
  KvCache alone(spec_, 1, 16), shared(spec_, 2, 16);
  const std::vector<float> wanted = append(alone, {{0, mine}}, false);
  const std::vector<float> both = append(shared, {{1, theirs}, {0, mine}}, false);
  EXPECT_LT(relative_error(row(both, 1), row(wanted, 0)), 1e-6);
}

}  // namespace
}  // namespace attune::model::testing
