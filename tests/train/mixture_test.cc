#include "train/mixture.h"

#include <fstream>
#include <map>

#include <gtest/gtest.h>

#include "train/test_data.h"

namespace attune::train {
namespace {

TokenisedText random_text(std::int64_t documents, std::int64_t longest, std::uint64_t seed) {
  TokenisedText text;
  const RandomStream stream{.seed = seed};
  std::uint64_t at = 0;
  for (std::int64_t d = 0; d < documents; ++d) {
    std::vector<std::int32_t> ids(stream.below(at++, static_cast<std::uint64_t>(longest)) + 1);
    for (std::int32_t& id : ids) id = static_cast<std::int32_t>(stream.below(at++, 100));
    text.add(d + 1, ids, std::vector<float>(ids.size(), 1.0f));
  }
  return text;
}

class TokenFiles : public testing::Test {
 protected:
  TokenFile make(const TokenisedText& text, const char* name = "a.tokens") {
    EXPECT_TRUE(TokenFile::write(folder_.path() / name, 7, text));
    auto file = TokenFile::open(folder_.path() / name, 7);
    EXPECT_TRUE(file);
    return std::move(*file);
  }
  TemporaryFolder folder_;
};

TEST_F(TokenFiles, ReadBackWhatWasWritten) {
  for (const std::int64_t documents : {0, 1, 8, 9}) {
    const TokenisedText text = random_text(documents, 9, 3);
    const TokenFile file = make(text);
    ASSERT_EQ(file.documents(), documents);
    EXPECT_EQ(file.tokens(), static_cast<std::int64_t>(text.ids.size()));
    for (std::int64_t d = 0; d < documents; ++d) {
      const auto begin = static_cast<std::size_t>(text.starts[static_cast<std::size_t>(d)]);
      const auto view = file.document(d);
      EXPECT_TRUE(std::equal(view.begin(), view.end(),
                             text.ids.begin() + static_cast<std::ptrdiff_t>(begin)));
      EXPECT_EQ(file.row(d), d + 1);
    }
  }
}

TEST_F(TokenFiles, AreRefusedWhenDamagedOrOfAnotherText) {
  make(random_text(5, 20, 3));
  const Path path = folder_.path() / "a.tokens";
  EXPECT_FALSE(TokenFile::open(path, 8));
  const std::string whole = *read_file(path);
  for (std::size_t i = 0; i < whole.size(); i += 5) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x41);
    ASSERT_TRUE(write_file_atomic(path, damaged));
    EXPECT_FALSE(TokenFile::open(path, 7)) << "byte " << i;
    ASSERT_TRUE(write_file_atomic(path, std::string_view(whole).substr(0, i)));
    EXPECT_FALSE(TokenFile::open(path, 7)) << "length " << i;
  }
}

// Every token of a text but its first is a target exactly once, on one side or the other.
TEST_F(TokenFiles, CuttingLosesNoTargetAndRepeatsNone) {
  for (const std::int64_t context : {1, 7, 16, 1000}) {
    std::vector<TokenFile> files;
    const TokenisedText text = random_text(30, 400, 5);
    files.push_back(make(text));
    const Corpus corpus = cut_corpus(
        files, {.context = context, .validation_share = 0.2, .most_validation_tokens = 1 << 20});
    std::int64_t targets = 0;
    for (const auto* side : {&corpus.train, &corpus.validation}) {
      for (const Document& document : *side) {
        const DocumentUse use = measure_document(document, context);
        EXPECT_EQ(use.cut, 0);
        targets += use.trained;
      }
    }
    EXPECT_EQ(targets, files[0].tokens() - files[0].documents()) << context;
  }
}

TEST_F(TokenFiles, HoldOutAboutTheShareThatWasAskedFor) {
  std::vector<TokenFile> files;
  files.push_back(make(random_text(2000, 60, 5)));
  const auto held_out = [&](const CorpusOptions& options) {
    std::int64_t tokens = 0;
    for (const Document& document : cut_corpus(files, options).validation) {
      tokens += static_cast<std::int64_t>(document.tokens.size());
    }
    return static_cast<double>(tokens) / static_cast<double>(files[0].tokens());
  };
  EXPECT_NEAR(held_out({.validation_share = 0.1, .most_validation_tokens = 1 << 20}), 0.1, 0.03);
  EXPECT_EQ(held_out({.validation_share = 0}), 0);
  EXPECT_LT(held_out({.validation_share = 0.5, .most_validation_tokens = 2000}), 0.07);
}

class Mixture : public TokenFiles {
 protected:
  void SetUp() override {
    files_.push_back(make(random_text(400, 100, 1), "large.tokens"));
    files_.push_back(make(random_text(20, 100, 2), "small.tokens"));
    corpus_ = cut_corpus(files_, {.context = 32, .validation_share = 0});
    uses_ = measure_documents(corpus_.train, 32);
  }
  std::vector<double> shares_of(const Plan& plan) const {
    std::vector<double> tokens(2, 0);
    for (const std::int64_t index : plan.order) {
      const auto at = static_cast<std::size_t>(index);
      tokens[static_cast<std::size_t>(corpus_.source_of_train[at])] +=
          static_cast<double>(uses_[at].inputs);
    }
    return tokens;
  }
  std::vector<TokenFile> files_;
  Corpus corpus_;
  std::vector<DocumentUse> uses_;
};

TEST_F(Mixture, TakesTheShareOfTokensFromEachSource) {
  const std::vector<double> shares = {0.7, 0.3};
  const Plan plan =
      plan_mixture(corpus_, uses_, shares, {.documents_per_step = 8, .tokens = 20'000});
  const std::vector<double> tokens = shares_of(plan);
  EXPECT_GE(tokens[0] + tokens[1], 20'000);
  EXPECT_LT(tokens[0] + tokens[1], 20'000 + 8 * 32);
  EXPECT_NEAR(tokens[1] / (tokens[0] + tokens[1]), 0.3, 0.01);
}

TEST_F(Mixture, WithoutSharesReadsEverythingAboutOnce) {
  const std::vector<double> shares = {0, 0};
  const Plan plan = plan_mixture(corpus_, uses_, shares, {.documents_per_step = 8});
  std::map<std::int64_t, int> seen;
  for (const std::int64_t index : plan.order) ++seen[index];
  EXPECT_GT(seen.size(), corpus_.train.size() * 98 / 100);
  for (const auto& [index, times] : seen) EXPECT_LE(times, 2);
}

TEST_F(Mixture, AShareBelowOneLeavesTheRestToTheOthers) {
  const std::vector<double> shares = {0, 0.25};
  const std::vector<double> tokens =
      shares_of(plan_mixture(corpus_, uses_, shares, {.documents_per_step = 8, .tokens = 20'000}));
  EXPECT_NEAR(tokens[1] / (tokens[0] + tokens[1]), 0.25, 0.01);
}

TEST_F(Mixture, ReadsASmallSourceAgainOnlyWhenItIsUsedUp) {
  const std::vector<double> shares = {0.5, 0.5};
  const Plan plan =
      plan_mixture(corpus_, uses_, shares, {.documents_per_step = 8, .tokens = 20'000});
  std::map<std::int64_t, int> seen;
  int most = 0, least = 1 << 30;
  for (const std::int64_t index : plan.order) ++seen[index];
  for (std::size_t i = 0; i < uses_.size(); ++i) {
    if (corpus_.source_of_train[i] != 1 || uses_[i].inputs == 0) continue;
    most = std::max(most, seen[static_cast<std::int64_t>(i)]);
    least = std::min(least, seen[static_cast<std::int64_t>(i)]);
  }
  EXPECT_GT(most, 1);
  EXPECT_LE(most - least, 1);
}

}  // namespace
}  // namespace attune::train
