#include "data/label_suspects.h"

#include <algorithm>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "data/enum_coverage.h"
#include "data/word_vectors.h"

namespace attune::data {
namespace {

struct Planted {
  std::vector<std::string> texts, answers;
  std::set<std::int64_t> flipped;
};

// Requests whose words give the team and the urgency away, among words that say nothing.
Planted planted(std::int64_t rows, std::int64_t flips, std::uint32_t seed) {
  constexpr const char* kTeams[] = {"billing", "delivery", "repair"};
  constexpr const char* kWords[3][3] = {{"invoice", "refund", "charged twice"},
                                        {"parcel", "courier", "never arrived"},
                                        {"broken", "does not start", "makes noise"}};
  constexpr const char* kFiller[] = {"hello",       "good day",    "my name is Ann", "as we said",
                                     "it is sunny", "with my dog", "since Monday",   "thank you"};
  std::mt19937 random(seed);
  Planted made;
  for (std::int64_t i = 0; i < rows; ++i) {
    const auto team = static_cast<std::size_t>(random() % 3);
    const bool urgent = random() % 2 == 0;
    std::string text = std::string(kFiller[random() % 8]) + ", the item is about " +
                       kWords[team][random() % 3] + ", " + kFiller[random() % 8] + ". " +
                       (urgent ? "I need this at once. " : "There is no hurry. ") +
                       kFiller[random() % 8] + " number " + std::to_string(random() % 1000);
    std::size_t label = team;
    if (i < flips) {
      label = (team + 1) % 3;
      made.flipped.insert(i);
    }
    made.texts.push_back(std::move(text));
    made.answers.push_back(R"({"team":")" + std::string(kTeams[label]) + R"(","urgent":)" +
                           (urgent ? "true" : "false") + R"(,"id":)" + std::to_string(i) + "}");
  }
  return made;
}

TEST(LabelSuspects, MostPlantedMistakesAreFoundAndFewSoundLabelsSuspected) {
  ThreadPool pool(2);
  std::size_t found = 0, sound = 0;
  for (std::uint32_t seed = 0; seed < 5; ++seed) {
    const Planted made = planted(200, 10, seed);
    const std::vector<LabelField> fields = label_fields(made.answers);
    ASSERT_EQ(fields.size(), 2u);
    EXPECT_EQ(fields[0].path, "/team");
    EXPECT_EQ(fields[1].path, "/urgent");
    const LabelReport report = find_label_suspects(made.texts, fields, {}, pool);
    EXPECT_GT(report.fits[0].agreement, 0.85);
    for (const LabelSuspect& suspect : report.suspects) {
      const bool right = suspect.field == 0 && made.flipped.contains(suspect.row);
      (right ? found : sound) += 1;
      EXPECT_GE(suspect.neighbour, 0);
      EXPECT_NE(suspect.given, suspect.suggested);
    }
  }
  EXPECT_GE(found, 40u) << "of 50";
  EXPECT_LE(sound, 10u) << "of 1950";
}

TEST(LabelSuspects, LabelsThatTheQuestionsDoNotTellAreNotSuspected) {
  Planted made = planted(150, 0, 3);
  std::mt19937 random(1);
  for (std::string& answer : made.answers) answer = random() % 2 == 0 ? "left" : "right";
  ThreadPool pool(1);
  const LabelReport report = find_label_suspects(made.texts, label_fields(made.answers), {}, pool);
  ASSERT_EQ(report.fits.size(), 1u);
  EXPECT_FALSE(report.fits[0].predictable());
  EXPECT_TRUE(report.suspects.empty());
}

TEST(LabelSuspects, ThreadsAndRunsChangeNothing) {
  const Planted made = planted(150, 6, 9);
  const std::vector<LabelField> fields = label_fields(made.answers);
  SuspectOptions options;
  options.block = 60;  // three blocks
  ThreadPool one(1), three(3);
  const LabelReport a = find_label_suspects(made.texts, fields, options, one);
  const LabelReport b = find_label_suspects(made.texts, fields, options, three);
  ASSERT_EQ(a.suspects.size(), b.suspects.size());
  for (std::size_t i = 0; i < a.suspects.size(); ++i) {
    EXPECT_EQ(a.suspects[i].row, b.suspects[i].row);
    EXPECT_EQ(a.suspects[i].given_score, b.suspects[i].given_score);
  }
}

// Gaussian elimination, to refit without one row.
std::vector<double> solved(std::vector<std::vector<double>> m, std::vector<double> y) {
  const std::size_t n = y.size();
  for (std::size_t k = 0; k < n; ++k) {
    for (std::size_t i = k + 1; i < n; ++i) {
      const double factor = m[i][k] / m[k][k];
      for (std::size_t j = k; j < n; ++j) m[i][j] -= factor * m[k][j];
      y[i] -= factor * y[k];
    }
  }
  for (std::size_t k = n; k-- > 0;) {
    for (std::size_t j = k + 1; j < n; ++j) y[k] -= m[k][j] * y[j];
    y[k] /= m[k][k];
  }
  return y;
}

TEST(LabelSuspects, ScoresAreThoseOfFittingWithoutTheRow) {
  const Planted made = planted(40, 4, 4);
  const std::vector<LabelField> fields = label_fields(made.answers);
  const std::vector<WordVector> vectors = word_vectors(made.texts);
  ThreadPool pool(1);
  const LabelReport report = find_label_suspects(made.texts, fields, {}, pool);
  ASSERT_FALSE(report.suspects.empty());
  for (const LabelSuspect& suspect : report.suspects) {
    const LabelField& field = fields[suspect.field];
    double mean = 0;
    for (const std::int32_t label : field.labels) mean += label == suspect.given ? 1 : 0;
    mean /= 40;
    std::vector<std::size_t> others;
    for (std::size_t i = 0; i < 40; ++i) {
      if (static_cast<std::int64_t>(i) != suspect.row) others.push_back(i);
    }
    std::vector<std::vector<double>> m;
    std::vector<double> y;
    for (const std::size_t i : others) {
      m.emplace_back();
      for (const std::size_t j : others)
        m.back().push_back(dot(vectors[i], vectors[j]) + (i == j ? SuspectOptions().ridge : 0));
      y.push_back((field.labels[i] == suspect.given ? 1 : 0) - mean);
    }
    const std::vector<double> weights = solved(m, y);
    double score = mean;
    for (std::size_t i = 0; i < others.size(); ++i)
      score += weights[i] * dot(vectors[others[i]], vectors[static_cast<std::size_t>(suspect.row)]);
    EXPECT_NEAR(suspect.given_score, score, 1e-6);
  }
}

TEST(LabelFields, ShortAnswersAreLabelsAndFreeTextIsNot) {
  std::vector<std::string> answers, free;
  for (int i = 0; i < 20; ++i) {
    answers.push_back(i % 2 == 0 ? "yes" : " no\n");
    free.push_back("a sentence of its own, number " + std::to_string(i));
  }
  const std::vector<LabelField> fields = label_fields(answers);
  ASSERT_EQ(fields.size(), 1u);
  EXPECT_EQ(fields[0].path, "");
  EXPECT_EQ(fields[0].values, (std::vector<std::string>{"no", "yes"}));
  EXPECT_TRUE(label_fields(free).empty());
}

TEST(EnumCoverage, CountsEveryListedValueAndNamesTheMissing) {
  const Json schema = parse_json(R"({"$defs":{"tier":{"enum":["gold","basic",null]}},
      "properties":{"tier":{"$ref":"#/$defs/tier"},
        "items":{"type":"array","items":{"properties":{"kind":{"enum":["a","b"]}}}},
        "either":{"anyOf":[{"enum":[1]},{"enum":[2,3]}]},
        "a/b~c":{"enum":["x"]},
        "self":{"$ref":"#"}}})",
                                 "schema")
                          .value();
  const std::vector<EnumField> fields = enum_fields(schema);
  const std::vector<std::string> answers = {
      R"({"tier":"gold","items":[{"kind":"a"},{"kind":"a"}],"either":2,"a/b~c":"x"})",
      R"({"tier":null,"items":[],"either":7})", "not JSON"};
  const EnumCoverage coverage = count_values(fields, answers);
  EXPECT_EQ(to_json(coverage)["/tier"], (Json{{"gold", 1}, {"basic", 0}, {"null", 1}}));
  EXPECT_EQ(to_json(coverage)["/items/*/kind"], (Json{{"a", 2}, {"b", 0}}));
  EXPECT_EQ(to_json(coverage)["/a~1b~0c"], (Json{{"x", 1}}));
  EXPECT_EQ(coverage.missing()[0], "/tier: \"basic\"");
  EXPECT_EQ(to_json(coverage)["/either"], (Json{{"1", 0}, {"2", 1}, {"3", 0}}));
}

TEST(WordVectors, TextsThatShareRareWordsAreAlike) {
  const std::vector<std::string> texts = {"the red kettle leaks", "my red kettle leaks again",
                                          "the parcel is late", "the parcel was late again", ""};
  const std::vector<WordVector> vectors = word_vectors(texts);
  EXPECT_NEAR(dot(vectors[0], vectors[0]), 1, 1e-6);
  EXPECT_GT(dot(vectors[0], vectors[1]), dot(vectors[0], vectors[2]));
  EXPECT_TRUE(vectors[4].terms.empty());
  const std::vector<float> folded = folded_word_vectors(vectors, 512);
  double product = 0;
  for (std::size_t i = 0; i < 512; ++i)
    product += static_cast<double>(folded[i]) * static_cast<double>(folded[512 + i]);
  EXPECT_NEAR(product, dot(vectors[0], vectors[1]), 0.1);
}

}  // namespace
}  // namespace attune::data
