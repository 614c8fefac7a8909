// Golden numbers: tools/make_text_similarity_golden.py (sacreBLEU, rouge-score, NLTK, rapidfuzz).
#include "metrics/text_similarity.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "metrics/bleu.h"
#include "metrics/chrf.h"
#include "metrics/golden_file.h"
#include "metrics/ngrams.h"
#include "metrics/porter_stem.h"
#include "metrics/rouge.h"
#include "metrics/tokens.h"

namespace attune::metrics {
namespace {

constexpr double kTolerance = 1e-6;

class TextSimilarity : public testing::Test {
 protected:
  static const Json& cases() { return golden("text_similarity.json"); }

  template <typename Measure>
  static void expect_all(const std::string& name, Measure measure) {
    for (const Json& one : cases()["pairs"]) {
      if (one[name].is_null()) continue;
      const auto answer = one["answer"].get<std::string>();
      const auto reference = one["reference"].get<std::string>();
      EXPECT_NEAR(measure(answer, reference), one[name].get<double>(), kTolerance)
          << name << "\nanswer:    " << answer << "\nreference: " << reference;
    }
  }

  static void expect_rouge(const std::string& group, const RougeOptions& options) {
    for (const Json& one : cases()["pairs"]) {
      const auto answer = one["answer"].get<std::string>();
      const auto reference = one["reference"].get<std::string>();
      for (const auto& [name, wanted] : one[group].items()) {
        const RougeScore score = name == "rougeL"
                                     ? rouge_l(answer, reference, options)
                                     : rouge_n(answer, reference, name.back() - '0', options);
        EXPECT_NEAR(score.precision, wanted[0].get<double>(), kTolerance) << name << answer;
        EXPECT_NEAR(score.recall, wanted[1].get<double>(), kTolerance) << name << answer;
        EXPECT_NEAR(score.f, wanted[2].get<double>(), kTolerance) << name << answer;
      }
    }
  }

  static void expect_corpus(const std::string& group, bool second) {
    BleuCounts bleu_sum;
    ChrfCounts chrf_sum;
    ChrfCounts chrf_plus_sum;
    for (const Json& one : cases()["pairs"]) {
      const auto answer = one["answer"].get<std::string>();
      const std::vector<std::string> texts = {one["reference"], one["second"]};
      std::vector<std::string_view> references = {texts[0]};
      if (second) references.push_back(texts[1]);
      bleu_sum += bleu_counts(answer, references);
      chrf_sum += chrf_counts(answer, references);
      chrf_plus_sum += chrf_counts(answer, references, {.word_orders = 2});
    }
    const Json& wanted = cases()["corpus"][group];
    EXPECT_NEAR(bleu(bleu_sum), wanted["bleu"].get<double>(), kTolerance);
    EXPECT_NEAR(chrf(chrf_sum), wanted["chrf"].get<double>(), kTolerance);
    EXPECT_NEAR(chrf(chrf_plus_sum), wanted["chrf++"].get<double>(), kTolerance);
  }
};

TEST_F(TextSimilarity, TokensOf13aAgreeWithSacrebleu) {
  for (const Json& one : cases()["pairs"]) {
    const auto answer = one["answer"].get<std::string>();
    EXPECT_EQ(tokens_13a(answer), one["tokens_13a"].get<Tokens>()) << answer;
  }
}

TEST_F(TextSimilarity, SentenceBleuAgreesWithSacrebleu) {
  expect_all("bleu", [](const auto& answer, const auto& reference) {
    return text_similarity(Similarity::bleu, answer, reference);
  });
}

TEST_F(TextSimilarity, ChrfAgreesWithSacrebleu) {
  expect_all("chrf", [](const auto& answer, const auto& reference) {
    return sentence_chrf(answer, reference);
  });
  expect_all("chrf++", [](const auto& answer, const auto& reference) {
    return sentence_chrf(answer, reference, {.word_orders = 2});
  });
}

TEST_F(TextSimilarity, CorpusScoresAgreeWithSacrebleuForOneReferenceAndForTwo) {
  expect_corpus("one", false);
  expect_corpus("two", true);
}

TEST_F(TextSimilarity, RougeAgreesWithRougeScore) { expect_rouge("rouge", {}); }

TEST_F(TextSimilarity, RougeOfStemsAgreesWithRougeScore) {
  expect_rouge("rouge_stemmed", {.stem = true});
}

TEST_F(TextSimilarity, GleuAndMeteorAgreeWithNltk) {
  expect_all("gleu", [](const auto& answer, const auto& reference) {
    return text_similarity(Similarity::gleu, answer, reference);
  });
  expect_all("meteor", [](const auto& answer, const auto& reference) {
    return text_similarity(Similarity::meteor, answer, reference);
  });
}

TEST_F(TextSimilarity, FuzzyMatchAgreesWithRapidfuzz) {
  expect_all("fuzzy_match", [](const auto& answer, const auto& reference) {
    return text_similarity(Similarity::fuzzy_match, answer, reference);
  });
}

TEST_F(TextSimilarity, CosineOfWordCountsAgreesWithItsFormula) {
  expect_all("cosine", [](const auto& answer, const auto& reference) {
    return text_similarity(Similarity::cosine, answer, reference);
  });
}

TEST_F(TextSimilarity, StemsAgreeWithNltk) {
  for (const auto& [word, stem] : cases()["stems"].items()) {
    EXPECT_EQ(porter_stem(word), stem.get<std::string>()) << word;
  }
}

TEST_F(TextSimilarity, EveryNameOfTheGraderIsFoundAndNoOther) {
  for (const char* name : {"fuzzy_match", "bleu", "gleu", "meteor", "cosine", "rouge_1", "rouge_2",
                           "rouge_3", "rouge_4", "rouge_5", "rouge_l"}) {
    ASSERT_TRUE(find_similarity(name)) << name;
    EXPECT_EQ(similarity_name(*find_similarity(name)), name);
    EXPECT_NE(similarity_names().find(name), std::string::npos);
  }
  EXPECT_FALSE(find_similarity("rouge_6"));
}

TEST_F(TextSimilarity, SignaturesNameEveryChoice) {
  EXPECT_EQ(bleu_signature(1), "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:attune-1");
  EXPECT_EQ(chrf_signature(2, {.word_orders = 2}),
            "nrefs:2|case:mixed|eff:yes|nc:6|nw:2|space:no|version:attune-1");
  EXPECT_NE(rouge_signature("rouge1", {.stem = true}).find("stem:porter"), std::string::npos);
}

std::string random_bytes(std::uint32_t step, std::size_t most) {
  const RandomStream stream{.seed = 5, .stream = stream_id("text"), .step = step};
  std::string text(stream.below(0, most), '\0');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(stream.bits(i + 1));
  return text;
}

TEST_F(TextSimilarity, AnyBytesGiveANumberBetweenZeroAndOneAndATextIsLikeItself) {
  for (std::uint32_t step = 0; step < 300; ++step) {
    const std::string left = random_bytes(2 * step, 300);
    const std::string right = random_bytes(2 * step + 1, 300);
    for (int i = 0; i <= static_cast<int>(Similarity::rouge_l); ++i) {
      const auto measure = static_cast<Similarity>(i);
      const double score = text_similarity(measure, left, right);
      EXPECT_TRUE(score >= 0 && score <= 1) << similarity_name(measure) << " " << score;
    }
    EXPECT_EQ(fuzzy_match(left, left), 1);
    const double chrf_score = sentence_chrf(left, right);
    EXPECT_TRUE(chrf_score >= 0 && chrf_score <= 1);
  }
}

// The table of Wagner and Fischer, row by row.
std::int64_t plain_subsequence(const Symbols& a, const Symbols& b) {
  std::vector<std::int64_t> row(b.size() + 1, 0);
  for (std::uint32_t symbol : a) {
    std::int64_t diagonal = 0;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::int64_t above = row[j + 1];
      row[j + 1] = symbol == b[j] ? diagonal + 1 : std::max(above, row[j]);
      diagonal = above;
    }
  }
  return row.back();
}

TEST_F(TextSimilarity, TheBitParallelSubsequenceEqualsTheTable) {
  const RandomStream stream{.seed = 9, .stream = stream_id("lcs"), .step = 0};
  std::uint64_t draw = 0;
  for (int round = 0; round < 200; ++round) {
    const std::uint64_t alphabet = 1 + stream.below(draw++, 6);
    Symbols a(stream.below(draw++, 200));
    Symbols b(stream.below(draw++, 200));
    for (std::uint32_t& symbol : a) {
      symbol = static_cast<std::uint32_t>(stream.below(draw++, alphabet));
    }
    for (std::uint32_t& symbol : b) {
      symbol = static_cast<std::uint32_t>(stream.below(draw++, alphabet));
    }
    ASSERT_EQ(longest_common_subsequence(a, b), plain_subsequence(a, b)) << round;
  }
}

}  // namespace
}  // namespace attune::metrics
