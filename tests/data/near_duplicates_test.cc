#include "data/near_duplicates.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <utf8proc.h>

#include "base/random.h"
#include "data/clean_text.h"
#include "data/minhash.h"
#include "data/minhash_fold.h"
#include "data/shingles.h"

namespace attune::data {
namespace {

// The definition, letter by letter: the set of five code points side by side, sorted.
using ShingleSet = std::vector<std::u32string>;

ShingleSet shingle_set(const std::string& text) {
  std::u32string points;
  const auto* at = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  for (auto left = static_cast<utf8proc_ssize_t>(text.size()); left > 0;) {
    utf8proc_int32_t c = 0;
    const utf8proc_ssize_t used = utf8proc_iterate(at, left, &c);
    points.push_back(static_cast<char32_t>(c));
    at += used;
    left -= used;
  }
  std::set<std::u32string> set;
  if (points.size() < 5 && !points.empty()) set.insert(points);
  for (std::size_t i = 0; i + 5 <= points.size(); ++i) set.insert(points.substr(i, 5));
  return {set.begin(), set.end()};
}

std::vector<ShingleSet> shingle_sets(const std::vector<std::string>& texts) {
  std::vector<ShingleSet> sets;
  for (const std::string& text : texts) sets.push_back(shingle_set(text));
  return sets;
}

double true_similarity(const ShingleSet& a, const ShingleSet& b) {
  ShingleSet both;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  const std::size_t either = a.size() + b.size() - both.size();
  return either == 0 ? 0.0 : static_cast<double>(both.size()) / static_cast<double>(either);
}

class Writer {
 public:
  explicit Writer(std::uint64_t seed)
      : stream_{.seed = seed, .stream = stream_id("near"), .step = 0} {}
  std::uint64_t below(std::uint64_t bound) { return stream_.below(index_++, bound); }
  std::string word() {
    static const std::vector<std::string> kParts = {"ka", "lo", "mi", "ter", "än", "ß",  "ру",
                                                    "да", "ง",  "水", "no",  "s",  "qu", "7"};
    std::string word;
    for (std::uint64_t n = 1 + below(4); n > 0; --n) word += kParts[below(kParts.size())];
    return word;
  }
  std::string text(std::uint64_t words) {
    std::string text = word();
    for (std::uint64_t i = 1; i < words; ++i) text += " " + word();
    return text;
  }
  // Some words of `text` replaced.
  std::string changed(const std::string& text, std::uint64_t words) {
    std::string copy = text;
    for (; words > 0; --words) {
      const std::size_t at = copy.find(' ', below(copy.size()));
      if (at == std::string::npos) continue;
      copy = copy.substr(0, at + 1) + word() +
             copy.substr(std::min(copy.find(' ', at + 1), copy.size()));
    }
    return copy;
  }

 private:
  RandomStream stream_;
  std::uint64_t index_ = 0;
};

std::vector<std::string> families(std::uint64_t seed, int count) {
  Writer writer(seed);
  std::vector<std::string> texts;
  for (int i = 0; i < count; ++i) {
    texts.push_back(writer.text(1 + writer.below(60)));
    for (std::uint64_t n = writer.below(4); n > 0; --n)
      texts.push_back(writer.changed(texts.back(), writer.below(4)));
  }
  return texts;
}

TEST(Shingles, AreFiveCodePointsAndShortTextsAreOneOfTheirOwn) {
  EXPECT_EQ(shingles("abcdef").size(), 2u);
  EXPECT_EQ(shingles("abcd").size(), 1u);
  EXPECT_EQ(shingles("").size(), 0u);
  EXPECT_EQ(shingles("水水水水水水").size(), 2u);
  EXPECT_EQ(shingles("水水水水水水")[0], shingles("水水水水水水")[1]);
  EXPECT_NE(shingles("ab"), shingles("abc"));
  EXPECT_NE(shingles(std::string_view("\0a", 2)), shingles("a"));
  EXPECT_NE(shingles("水"), shingles("木"));
  EXPECT_EQ(shingles("\xFF\xC3").size(), 1u);  // not UTF-8: taken byte by byte
}

TEST(Shingles, GiveTheSimilarityOfTheDefinition) {
  const std::vector<std::string> texts = families(3, 40);
  const std::vector<ShingleSet> sets = shingle_sets(texts);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    for (std::size_t j = 0; j < texts.size(); ++j)
      ASSERT_DOUBLE_EQ(similarity(texts[i], texts[j]), true_similarity(sets[i], sets[j]));
  }
  EXPECT_EQ(similarity("", ""), 0.0);
  EXPECT_EQ(similarity("abc", "abc"), 1.0);
}

TEST(MinHash, GivesTheSameNumbersOnEveryInstructionSet) {
  std::vector<std::uint32_t> numbers;
  for (std::uint32_t i = 0; i < 1000; ++i) numbers.push_back(i * 2654435761u);
  for (const std::size_t count : {0u, 1u, 7u, 16u, 33u, 1000u}) {
    const std::uint32_t wanted = portable::least_hash(numbers.data(), count, 747796405u, 12345u);
    if (__builtin_cpu_supports("avx2")) {
      EXPECT_EQ(avx2::least_hash(numbers.data(), count, 747796405u, 12345u), wanted);
    }
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")) {
      EXPECT_EQ(avx512::least_hash(numbers.data(), count, 747796405u, 12345u), wanted);
    }
  }
}

// Manifests keep signatures, so these numbers may never change.
TEST(MinHash, GivesTheNumbersThatManifestsHold) {
  const Signature signature = MinHasher().sign(shingles("how do i reset my password?"));
  EXPECT_EQ(fmt::format("{:08x} {:08x} {:08x}", signature[0], signature[1], signature[124]),
            "04043ea4 02faff43 06ceefdb");
}

TEST(MinHash, EstimatesTheSimilarity) {
  Writer writer(5);
  MinHasher hasher;
  double sum = 0;
  int count = 0;
  for (int i = 0; i < 200; ++i) {
    const std::string a = writer.text(80);
    const std::string b = writer.changed(a, writer.below(30));
    const double exact = similarity(a, b);
    const double about = estimated_similarity(hasher.sign(shingles(a)), hasher.sign(shingles(b)));
    EXPECT_NEAR(about, exact, 0.25);  // 5 standard errors
    sum += about - exact;
    ++count;
  }
  EXPECT_NEAR(sum / count, 0.0, 0.01);  // no bias
}

using Pairs = std::set<std::pair<std::int64_t, std::int64_t>>;

Pairs brute_force(const std::vector<std::string>& texts, double threshold) {
  const std::vector<ShingleSet> sets = shingle_sets(texts);
  Pairs pairs;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    for (std::size_t j = i + 1; j < texts.size(); ++j) {
      if (true_similarity(sets[i], sets[j]) >= threshold) pairs.insert({i, j});
    }
  }
  return pairs;
}

TEST(NearPairs, FindsWhatComparingAllWithAllFinds) {
  ThreadPool pool(2);
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    const std::vector<std::string> texts = families(seed, 60);
    const std::vector<ShingleSet> sets = shingle_sets(texts);
    for (const double threshold : {0.8, 0.9}) {
      Pairs found;
      for (const NearPair& pair :
           near_pairs(texts, {.threshold = threshold, .every_pair = true}, pool)) {
        EXPECT_LT(pair.first, pair.second);
        EXPECT_DOUBLE_EQ(pair.similarity,
                         true_similarity(sets[static_cast<std::size_t>(pair.first)],
                                         sets[static_cast<std::size_t>(pair.second)]));
        EXPECT_TRUE(found.insert({pair.first, pair.second}).second) << "a pair twice";
      }
      EXPECT_EQ(found, brute_force(texts, threshold));
    }
  }
}

// The smallest text that each is connected to.
std::vector<std::int64_t> groups(const Pairs& pairs, std::size_t count) {
  std::vector<std::int64_t> group(count);
  for (std::size_t i = 0; i < count; ++i) group[i] = static_cast<std::int64_t>(i);
  for (bool moved = true; moved;) {
    moved = false;
    for (const auto& [a, b] : pairs) {
      auto& x = group[static_cast<std::size_t>(a)];
      auto& y = group[static_cast<std::size_t>(b)];
      if (x == y) continue;
      x = y = std::min(x, y);
      moved = true;
    }
  }
  return group;
}

TEST(NearPairs, JoinsTheSameTextsWithFewPairsAsWithAll) {
  ThreadPool pool(2);
  std::vector<std::string> texts = families(9, 60);
  for (int i = 0; i < 120; ++i)
    texts.push_back(fmt::format("your ticket number {} was closed by the desk at noon", i));
  texts.insert(texts.end(), 50, "the same");
  Pairs few;
  const std::vector<NearPair> pairs = near_pairs(texts, {}, pool);
  for (const NearPair& pair : pairs) few.insert({pair.first, pair.second});
  EXPECT_LT(pairs.size(), texts.size());
  EXPECT_EQ(groups(few, texts.size()), groups(brute_force(texts, 0.8), texts.size()));
}

TEST(NearPairs, DoesNotDependOnTheNumberOfThreads) {
  std::vector<std::string> texts = families(4, 300);
  ThreadPool one(1), three(3);
  const auto all = [&](ThreadPool& pool) {
    std::string text;
    for (const NearPair& pair : near_pairs(texts, {.threshold = 0.7}, pool))
      text += fmt::format("{} {} {}\n", pair.first, pair.second, pair.similarity);
    return text;
  };
  EXPECT_EQ(all(one), all(three));
}

TEST(NearPairs, CountsOnlyWhatIsAccepted) {
  ThreadPool pool(1);
  const std::vector<std::string> texts = {"a long enough text one", "a long enough text one",
                                          "a long enough text one!", ""};
  EXPECT_EQ(near_pairs(texts, {}, pool).size(), 2u);
  const auto last_only = [](std::int64_t, std::int64_t b) { return b == 2; };
  EXPECT_EQ(near_pairs(texts, {.accept = last_only}, pool).size(), 1u);
  EXPECT_TRUE(near_pairs({}, {}, pool).empty());
}

}  // namespace
}  // namespace attune::data
