// Near-duplicates of made-up rows: the time of near_pairs(), and its recall and precision against
// comparing all with all. bench/near_duplicates.py runs it beside the Python library datasketch.
//
//   near_duplicates --rows 100000 --threads 1 [--brute-force] [--write texts.txt]
//
// A row has about 400 tokens (300 words, 2,000 characters). Three of ten rows are changed copies of
// an earlier one: from one word to a third of the words replaced, so similarities lie on both sides
// of the threshold.
#include "data/near_duplicates.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <set>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/random.h"
#include "data/shingles.h"
#include "io/file.h"

namespace {

using namespace attune;

class RowMaker {
 public:
  std::string make(const std::vector<std::string>& earlier) {
    if (earlier.empty() || below(10) >= 3) return fresh();
    std::string text = earlier[below(earlier.size())];
    for (std::uint64_t n = 1 + below(below(5) == 0 ? 100 : 25); n > 0; --n) replace_word(text);
    return text;
  }

 private:
  std::uint64_t below(std::uint64_t bound) { return stream_.below(index_++, bound); }

  // One of 20,000 words, the first ones more often.
  std::string word() {
    static constexpr const char* kParts[] = {"an", "ber", "ci", "do", "el", "fra", "gon", "hi",
                                             "is", "jo",  "ka", "le", "mu", "nor", "o",   "pe"};
    std::uint64_t number = below(1 + below(20000));
    std::string text;
    do {
      text += kParts[number % 16];
      number /= 16;
    } while (number > 0);
    return text;
  }

  std::string fresh() {
    std::string text = word();
    for (int i = 1; i < 300; ++i) text += ' ' + word();
    return text;
  }

  void replace_word(std::string& text) {
    const std::size_t begin = text.find(' ', below(text.size()));
    if (begin == std::string::npos) return;
    const std::size_t end = std::min(text.find(' ', begin + 1), text.size());
    text.replace(begin + 1, end - begin - 1, word());
  }

  RandomStream stream_{.seed = 1, .stream = stream_id("near duplicates"), .step = 0};
  std::uint64_t index_ = 0;
};

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void compare_with_all_pairs(const std::vector<std::string>& texts,
                            const std::vector<data::NearPair>& found, double threshold) {
  std::vector<std::vector<std::uint64_t>> sets;
  for (const std::string& text : texts) {
    std::vector<std::uint64_t> set = data::shingles(text);
    std::sort(set.begin(), set.end());
    set.erase(std::unique(set.begin(), set.end()), set.end());
    sets.push_back(std::move(set));
  }
  std::set<std::pair<std::int64_t, std::int64_t>> pairs;
  for (const data::NearPair& pair : found) pairs.emplace(pair.first, pair.second);
  std::int64_t true_pairs = 0, hits = 0;
  std::vector<std::uint64_t> both;
  for (std::size_t i = 0; i < sets.size(); ++i) {
    for (std::size_t j = i + 1; j < sets.size(); ++j) {
      both.clear();
      std::set_intersection(sets[i].begin(), sets[i].end(), sets[j].begin(), sets[j].end(),
                            std::back_inserter(both));
      const std::size_t either = sets[i].size() + sets[j].size() - both.size();
      if (static_cast<double>(both.size()) < threshold * static_cast<double>(either)) continue;
      ++true_pairs;
      hits += pairs.contains({static_cast<std::int64_t>(i), static_cast<std::int64_t>(j)}) ? 1 : 0;
    }
  }
  fmt::print("against all pairs: recall {:.5f} ({} of {}), precision {:.5f}\n",
             static_cast<double>(hits) / static_cast<double>(true_pairs), hits, true_pairs,
             static_cast<double>(hits) / static_cast<double>(found.size()));
}

}  // namespace

int main(int argc, char** argv) {
  std::int64_t rows = 100000;
  int threads = 1;
  double threshold = 0.8;
  bool brute_force = false;
  std::string write;
  CLI::App app("Near-duplicates of made-up rows");
  app.add_option("--rows", rows);
  app.add_option("--threads", threads);
  app.add_option("--threshold", threshold);
  app.add_flag("--brute-force", brute_force, "Compare with all pairs (quadratic)");
  app.add_option("--write", write, "Write the rows, one a line");
  CLI11_PARSE(app, argc, argv);

  RowMaker maker;
  std::vector<std::string> texts;
  std::size_t bytes = 0;
  for (std::int64_t i = 0; i < rows; ++i) {
    texts.push_back(maker.make(texts));
    bytes += texts.back().size();
  }
  if (!write.empty()) {
    std::string all;
    for (const std::string& text : texts) all += text + '\n';
    if (const Result<void> done = write_file_atomic(write, all); !done) {
      fmt::print(stderr, "{}\n", done.error().message());
      return 4;
    }
  }
  ThreadPool pool(threads);
  const auto start = std::chrono::steady_clock::now();
  const std::vector<data::NearPair> pairs =
      data::near_pairs(texts, {.threshold = threshold, .every_pair = true}, pool);
  const double seconds = seconds_since(start);
  fmt::print("rows {} ({:.0f} characters each), threads {}: {:.2f} s, {:.0f} rows/s, {} pairs\n",
             rows, static_cast<double>(bytes) / static_cast<double>(rows), threads, seconds,
             static_cast<double>(rows) / seconds, pairs.size());
  if (brute_force) compare_with_all_pairs(texts, pairs, threshold);
  return 0;
}
