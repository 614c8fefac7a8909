// A row of a pass has the same bits whatever else the pass carries: alone, among others, at once or
// in pieces, after a prefix that another sequence has read, in training's pass.
#include <array>

#include <gtest/gtest.h>

#include "golden.h"
#include "model/extend.h"
#include "tiny.h"

namespace attune::model::testing {
namespace {

struct Case {
  Isa isa;
  Precision precision;
};

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const Isa isa : available_isas()) {
    all.push_back({isa, Precision::f32});
    all.push_back({isa, Precision::bf16});
  }
  return all;
}

std::string name_of(const ::testing::TestParamInfo<Case>& info) {
  return std::string(isa_name(info.param.isa)) +
         (info.param.precision == Precision::f32 ? "_f32" : "_bf16");
}

// Wide enough for several blocks of a sum, and with lines 2 KB apart.
ArchSpec wide_spec() {
  ArchSpec spec = tiny_spec("llama");
  spec.intermediate = 1024;
  return spec;
}

class BatchIndependence : public ::testing::TestWithParam<Case> {
 protected:
  static constexpr std::int64_t kMostTokens = 160;

  BatchIndependence() {
    const ScratchFolder folder;
    add_filled_lora(tuned_, {.rank = 5, .alpha = 8, .targets = {"all-linear"}}, 5);
    EXPECT_TRUE(tuned_.save_adapter(folder.path(), "base"));
    adapter_.emplace(Adapter::load(folder.path(), base_).value());
  }

  std::vector<std::int32_t> tokens(std::int64_t count, std::uint64_t seed) const {
    return random_task(spec_, {count}, seed).batch.tokens;
  }
  // The logits of every extension's last token.
  std::vector<float> extend(std::span<const Extension> extensions) {
    std::vector<float> all;
    extend_sequences(context_, base_, workspace_, extensions,
                     [&](std::span<const Origin>, std::span<float> rows) {
                       all.insert(all.end(), rows.begin(), rows.end());
                     },
                     {});
    return all;
  }
  std::vector<float> row(const std::vector<float>& rows, std::size_t index) const {
    const auto first = rows.begin() + static_cast<std::int64_t>(index) * spec_.vocabulary;
    return {first, first + spec_.vocabulary};
  }
  // Read token by token, the slowest way: every pass has one row.
  std::vector<float> one_by_one(std::span<const std::int32_t> ids, const Adapter* adapter) {
    KvCache cache(spec_, 1, std::ssize(ids));
    std::vector<float> logits;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      logits = extend(std::vector<Extension>{{&cache, ids.subspan(i, 1), adapter}});
    }
    return logits;
  }

  ArchSpec spec_ = wide_spec();
  Model base_ = tiny_model(spec_, GetParam().precision, 1);
  Model tuned_ = tiny_model(spec_, GetParam().precision, 1);
  std::optional<Adapter> adapter_;
  kernels::Context context_{GetParam().isa, 2};
  Workspace workspace_{base_, kMostTokens, false, 5};
};

INSTANTIATE_TEST_SUITE_P(Sets, BatchIndependence, ::testing::ValuesIn(cases()), name_of);

TEST_P(BatchIndependence, APromptHasTheSameBitsAtOnceInPiecesAndTokenByToken) {
  for (const Adapter* adapter : std::array<const Adapter*, 2>{nullptr, &*adapter_}) {
    for (const std::int64_t length : {1, 2, 5, 17, 31}) {
      const auto ids = tokens(length, 2);
      const std::span<const std::int32_t> view(ids);
      const std::vector<float> wanted = one_by_one(ids, adapter);
      for (std::size_t cut = 0; cut < ids.size(); ++cut) {
        KvCache cache(spec_, 1, length);
        if (cut > 0) extend(std::vector<Extension>{{&cache, view.first(cut), adapter}});
        ASSERT_EQ(wanted, extend(std::vector<Extension>{{&cache, view.subspan(cut), adapter}}))
            << length << " tokens cut at " << cut;
      }
    }
  }
}

TEST_P(BatchIndependence, ATokenHasTheSameBitsAmongAnyNumberOfNeighbours) {
  const auto mine = tokens(9, 2);
  const std::span<const std::int32_t> view(mine);
  const std::vector<float> wanted = one_by_one(mine, nullptr);
  const std::vector<float> adapted = one_by_one(mine, &*adapter_);
  for (std::size_t batch = 2; batch <= 16; ++batch) {
    std::vector<std::vector<std::int32_t>> others;
    std::vector<KvCache> caches;
    std::vector<Extension> prompts, next;
    for (std::size_t i = 0; i < batch; ++i) {
      others.push_back(tokens(2 + static_cast<std::int64_t>(i % 5), 10 + i));
      caches.emplace_back(spec_, 1, 16);
    }
    const std::size_t base_at = batch / 2, adapted_at = batch - 1;
    for (std::size_t i = 0; i < batch; ++i) {
      const bool is_mine = i == base_at || i == adapted_at;
      const std::span<const std::int32_t> ids = is_mine ? view : std::span(others[i]);
      const Adapter* adapter = i > batch / 2 ? &*adapter_ : nullptr;
      prompts.push_back({&caches[i], ids.first(ids.size() - 1), adapter, Wanted::nothing});
      next.push_back({&caches[i], ids.last(1), adapter});
    }
    extend(prompts);
    const std::vector<float> logits = extend(next);
    ASSERT_EQ(wanted, row(logits, base_at)) << batch;
    ASSERT_EQ(base_at == adapted_at ? wanted : adapted, row(logits, adapted_at)) << batch;
  }
}

TEST_P(BatchIndependence, ACopiedPrefixGivesTheBitsOfAPromptThatIsReadWhole) {
  const auto first = tokens(20, 3);
  const std::span<const std::int32_t> view(first);
  for (std::int64_t shared = 1; shared < 20; ++shared) {
    auto second = std::vector(first.begin(), first.begin() + shared);
    const auto own = tokens(6, 4);
    second.insert(second.end(), own.begin(), own.end());
    KvCache read(spec_, 1, 20), copied(spec_, 1, 32), whole(spec_, 1, 32);
    extend(std::vector<Extension>{{&read, view, &*adapter_}});
    copied.copy_prefix(read, shared);
    const std::vector<float> reused = extend(std::vector<Extension>{
        {&copied, std::span(second).subspan(static_cast<std::size_t>(shared)), &*adapter_}});
    ASSERT_EQ(extend(std::vector<Extension>{{&whole, second, &*adapter_}}), reused) << shared;
  }
}

TEST_P(BatchIndependence, ServingGivesTheBitsOfTrainingsPass) {
  const auto a = tokens(29, 6), b = tokens(70, 7);
  std::vector<std::int32_t> both(b);
  both.insert(both.end(), a.begin(), a.end());
  const std::vector<std::int64_t> last = {98, 69};
  Workspace workspace(tuned_, 99, true);
  std::vector<float> logits(static_cast<std::size_t>(2 * spec_.vocabulary));
  compute_logits(context_, tuned_, workspace, {both, {0, 70, 99}}, last, logits.data(), {});
  EXPECT_EQ(one_by_one(a, &*adapter_), row(logits, 0));
  EXPECT_EQ(one_by_one(b, &*adapter_), row(logits, 1));
}

}  // namespace
}  // namespace attune::model::testing
