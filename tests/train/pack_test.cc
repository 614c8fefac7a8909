#include "train/pack.h"

#include <algorithm>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "train/ledger.h"
#include "train/test_data.h"

namespace attune::train {
namespace {

TEST(Document, CountsTrainedMaskedAndCutTokens) {
  OwnedDocuments documents;
  documents.add({10, 11, 12, 13, 14, 15}, {1, 0, 1, 0, 1, 1});
  documents.finish();
  const DocumentUse use = measure_document(documents.views[0], 3);
  EXPECT_EQ(use.tokens, 6);
  EXPECT_EQ(use.trained, 1);  // token 12; token 10 has nothing before it
  EXPECT_EQ(use.masked, 3);
  EXPECT_EQ(use.cut, 2);
  EXPECT_EQ(use.cut_targets, 2);
  EXPECT_EQ(use.inputs, 2);  // 10 and 11 are read to predict 12; 12 itself need not be read
}

TEST(Document, WithoutWeightsTrainsEveryTokenButTheFirst) {
  const std::vector<std::int32_t> tokens = {5, 6, 7};
  const DocumentUse use = measure_document({.row = 1, .tokens = tokens, .weights = {}}, 8);
  EXPECT_EQ(use.trained, 2);
  EXPECT_EQ(use.weight, 2.0);
  EXPECT_EQ(use.inputs, 2);
}

TEST(Pack, TargetsAreTheNextTokensOfTheSameDocument) {
  OwnedDocuments documents;
  documents.add({1, 2, 3}, {0, 1, 0.5f});
  documents.add({7, 8}, {0, 2});
  documents.finish();
  const auto uses = measure_documents(documents.views, 10);
  const std::vector<std::int64_t> members = {0, 1};
  PackedBatch packed;
  fill_batch(documents.views, uses, members, packed);
  EXPECT_EQ(packed.batch.tokens, (std::vector<std::int32_t>{1, 2, 7}));
  EXPECT_EQ(packed.batch.document_starts, (std::vector<std::int64_t>{0, 2, 3}));
  EXPECT_EQ(packed.targets.next, (std::vector<std::int32_t>{2, 3, 8}));
  EXPECT_EQ(packed.targets.weight, (std::vector<float>{1, 0.5f, 2}));
}

TEST(Pack, PutsTheLongestFirstIntoTheFullestBatchThatHoldsIt) {
  std::vector<DocumentUse> uses(5);
  const std::int64_t lengths[] = {3, 6, 4, 5, 2};
  for (std::size_t i = 0; i < 5; ++i) uses[i].inputs = lengths[i];
  const std::vector<std::int64_t> members = {0, 1, 2, 3, 4};
  const auto batches = pack_documents(members, uses, 10);
  ASSERT_EQ(batches.size(), 2u);
  EXPECT_EQ(batches[0], (std::vector<std::int64_t>{1, 2}));     // 6 + 4
  EXPECT_EQ(batches[1], (std::vector<std::int64_t>{3, 0, 4}));  // 5 + 3 + 2
}

// Every token of every document with a target reaches exactly one batch an epoch, whatever the
// sizes.
TEST(Pack, ConservesEveryTokenInEveryEpoch) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const OwnedDocuments documents =
        random_documents(1 + static_cast<std::int64_t>(seed) * 3, 30, 50, seed);
    const std::int64_t context = 5 + static_cast<std::int64_t>(seed % 20);
    const std::int64_t capacity = context + static_cast<std::int64_t>(seed % 7) * 9;
    const auto uses = measure_documents(documents.views, context);
    std::int64_t wanted_targets = 0, wanted_inputs = 0;
    for (const DocumentUse& use : uses) {
      EXPECT_EQ(use.tokens, use.trained + use.masked + use.cut);
      wanted_targets += use.trained;
      wanted_inputs += use.inputs;
    }
    const Plan plan = plan_epochs(
        uses,
        {.documents_per_step = 1 + static_cast<std::int64_t>(seed % 9), .epochs = 2, .seed = seed});
    if (wanted_inputs == 0) {
      EXPECT_EQ(plan.steps(), 0);
      continue;
    }
    std::map<std::int64_t, std::int64_t> targets, inputs;  // by epoch
    PackedBatch packed;
    for (std::int64_t step = 0; step < plan.steps(); ++step) {
      const std::int64_t epoch = plan.epoch_of_step[static_cast<std::size_t>(step)];
      for (const auto& members : pack_documents(plan.documents_of(step), uses, capacity)) {
        fill_batch(documents.views, uses, members, packed);
        EXPECT_LE(packed.batch.tokens.size(), static_cast<std::size_t>(capacity));
        inputs[epoch] += static_cast<std::int64_t>(packed.batch.tokens.size());
        targets[epoch] +=
            std::ranges::count_if(packed.targets.weight, [](float w) { return w > 0; });
      }
    }
    ASSERT_EQ(targets.size(), 2u);
    for (const auto& [epoch, count] : targets) EXPECT_EQ(count, wanted_targets) << seed;
    for (const auto& [epoch, count] : inputs) EXPECT_EQ(count, wanted_inputs) << seed;
    EXPECT_TRUE(check_plan(plan, documents.views, uses, capacity)) << seed;
  }
}

TEST(Plan, ShufflesEachEpochAnewAndRepeatsWithItsSeed) {
  const OwnedDocuments documents = random_documents(60, 12, 50, 3);
  const auto uses = measure_documents(documents.views, 16);
  const Plan plan = plan_epochs(uses, {.documents_per_step = 4, .epochs = 2, .seed = 5});
  const Plan again = plan_epochs(uses, {.documents_per_step = 4, .epochs = 2, .seed = 5});
  const Plan other = plan_epochs(uses, {.documents_per_step = 4, .epochs = 2, .seed = 6});
  EXPECT_EQ(plan.order, again.order);
  EXPECT_NE(plan.order, other.order);
  const auto half = plan.order.size() / 2;
  EXPECT_NE(std::vector(plan.order.begin(), plan.order.begin() + static_cast<std::ptrdiff_t>(half)),
            std::vector(plan.order.begin() + static_cast<std::ptrdiff_t>(half), plan.order.end()));
}

TEST(Plan, StopsAtMaxStepsAndRepeatsTheDataForThem) {
  std::vector<DocumentUse> uses(10);
  for (DocumentUse& use : uses) use.inputs = 1;
  EXPECT_EQ(plan_epochs(uses, {.documents_per_step = 4, .epochs = 0, .max_steps = 7}).steps(), 7);
  EXPECT_EQ(plan_epochs(uses, {.documents_per_step = 4, .epochs = 0, .max_steps = 7}).epochs(), 3);
  EXPECT_EQ(plan_epochs(uses, {.documents_per_step = 4, .epochs = 5, .max_steps = 2}).steps(), 2);
  EXPECT_EQ(plan_epochs(uses, {.documents_per_step = 4, .epochs = 2}).steps(), 6);
}

TEST(Ledger, AddsUpToTheTokensOfTheData) {
  const OwnedDocuments documents = random_documents(50, 40, 30, 9);
  const Ledger ledger(documents.views, measure_documents(documents.views, 17));
  const LedgerTotals& totals = ledger.totals();
  EXPECT_EQ(totals.rows, 50);
  EXPECT_EQ(totals.tokens, totals.trained + totals.masked + totals.cut);
  EXPECT_GT(totals.rows_cut, 0);
  EXPECT_NE(ledger.summary_text().find("longer than the context"), std::string::npos);
}

TEST(Ledger, WritesOneLineForEachRow) {
  const TemporaryFolder folder;
  const OwnedDocuments documents = random_documents(3, 8, 30, 1);
  const Ledger ledger(documents.views, measure_documents(documents.views, 17));
  ASSERT_TRUE(ledger.write_lines(folder.path() / "ledger.jsonl"));
  const std::string text = *read_file(folder.path() / "ledger.jsonl");
  EXPECT_EQ(std::ranges::count(text, '\n'), 3);
  EXPECT_TRUE(text.starts_with(R"({"row":1,"tokens":)")) << text;
}

TEST(Ledger, FindsADocumentThatIsTrainedTwiceOrLost) {
  const OwnedDocuments documents = random_documents(20, 12, 30, 2);
  const auto uses = measure_documents(documents.views, 16);
  Plan plan = plan_epochs(uses, {.documents_per_step = 5, .epochs = 1});
  ASSERT_TRUE(check_plan(plan, documents.views, uses, 32));
  plan.order[0] = plan.order[1];
  const auto twice = check_plan(plan, documents.views, uses, 32);
  ASSERT_FALSE(twice);
  EXPECT_NE(twice.error().where.find("row "), std::string::npos);
}

}  // namespace
}  // namespace attune::train
