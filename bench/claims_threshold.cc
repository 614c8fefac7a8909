// How well claims without a judge (metrics/faithfulness.h) tell false claims from true ones, and
// which threshold on their content words does best.
//
//   python3 tools/make_claims_set.py ../shared/datasets/pubmedqa/ori_pqal.json.zst > claims.jsonl
//   claims_threshold claims.jsonl
//
// The score of a claim is 1 - precision of its content words, and one more where a hard atom is
// missing or the context says the opposite. AUROC is the chance that a false claim scores higher
// than a true one, ties counting a half; its interval draws whole abstracts again (percentile, 95
// %). The threshold is the one with the largest sum of both shares of right verdicts (Youden 1950)
// on every other abstract; what it does is told on the rest, with Wilson intervals.
#include <algorithm>
#include <cstdio>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/random.h"
#include "io/file.h"
#include "io/jsonl.h"
#include "metrics/faithfulness.h"
#include "stats/statistics.h"

namespace attune::metrics {
namespace {

struct Claim {
  std::size_t abstract = 0;
  std::string kind;
  bool is_true = false;
  bool missing = false;  // a hard atom is nowhere, or the context says the opposite
  double precision = 1;
  double score() const { return (missing ? 1 : 0) + 1 - precision; }
};

Result<std::vector<Claim>> read_claims(const std::string& path) {
  ATTUNE_TRY(const std::string text, read_file(path));
  JsonlReader reader(text, path);
  std::vector<Claim> claims;
  std::map<std::string, std::size_t> abstracts;
  for (;;) {
    ATTUNE_TRY(const std::optional<JsonLine> line, reader.next());
    if (!line) return claims;
    const Json& row = line->value;
    const AnswerFaithfulness verdict =
        check_faithfulness(row["claim"].get<std::string>(), row["context"].get<std::string>(),
                           row["question"].get<std::string>());
    if (verdict.claims.empty()) continue;
    Claim claim;
    claim.abstract =
        abstracts.emplace(row["id"].get<std::string>(), abstracts.size()).first->second;
    claim.kind = row["kind"];
    claim.is_true = row["true"];
    // A sentence of the set may be two to our rules: the worse one counts.
    for (const ClaimVerdict& one : verdict.claims) {
      claim.missing = claim.missing || !one.missing.empty() || !one.contradicted.empty();
      claim.precision = std::min(claim.precision, one.precision.value_or(1));
    }
    claims.push_back(std::move(claim));
  }
}

// `claims` by rising score, each counted as often as its abstract was drawn.
double auroc(const std::vector<const Claim*>& claims, const std::vector<int>& drawn) {
  double true_below = 0;
  double false_all = 0;
  double pairs_won = 0;
  for (std::size_t at = 0; at < claims.size();) {
    double true_here = 0;
    double false_here = 0;
    const double score = claims[at]->score();
    for (; at < claims.size() && claims[at]->score() == score; ++at) {
      (claims[at]->is_true ? true_here : false_here) += drawn[claims[at]->abstract];
    }
    pairs_won += false_here * (true_below + true_here / 2);
    true_below += true_here;
    false_all += false_here;
  }
  return pairs_won / (true_below * false_all);
}

stats::Estimate auroc_with_interval(const std::vector<Claim>& claims,
                                    const std::set<std::string>& kinds) {
  std::vector<const Claim*> chosen;
  std::size_t abstracts = 0;
  for (const Claim& claim : claims) {
    if (kinds.contains(claim.kind)) chosen.push_back(&claim);
    abstracts = std::max(abstracts, claim.abstract + 1);
  }
  std::sort(chosen.begin(), chosen.end(),
            [](const Claim* a, const Claim* b) { return a->score() < b->score(); });
  stats::Estimate estimate;
  estimate.value = auroc(chosen, std::vector<int>(abstracts, 1));
  constexpr std::uint32_t kDraws = 1000;
  std::vector<double> values;
  for (std::uint32_t draw = 0; draw < kDraws; ++draw) {
    const RandomStream stream{.seed = 1, .stream = stream_id("claims"), .step = draw};
    std::vector<int> drawn(abstracts, 0);
    for (std::size_t i = 0; i < abstracts; ++i) ++drawn[stream.below(i, abstracts)];
    values.push_back(auroc(chosen, drawn));
  }
  std::sort(values.begin(), values.end());
  estimate.low = values[kDraws / 40];
  estimate.high = values[kDraws - 1 - kDraws / 40];
  return estimate;
}

bool is_flagged(const Claim& claim, double least_precision) {
  return claim.missing || claim.precision < least_precision;
}

bool is_for_fitting(const Claim& claim) { return claim.abstract % 2 == 0; }

double best_threshold(const std::vector<Claim>& claims) {
  double best = 0;
  double most = -1;
  for (int step = 0; step <= 100; ++step) {
    const double threshold = step / 100.0;
    double right_true = 0, all_true = 0, right_false = 0, all_false = 0;
    for (const Claim& claim : claims) {
      if (!is_for_fitting(claim)) continue;
      const bool flagged = is_flagged(claim, threshold);
      (claim.is_true ? all_true : all_false) += 1;
      (claim.is_true ? right_true : right_false) += flagged != claim.is_true ? 1 : 0;
    }
    const double sum = right_true / all_true + right_false / all_false;
    if (sum <= most) continue;
    most = sum;
    best = threshold;
  }
  return best;
}

std::string percent(const stats::Estimate& share) {
  return fmt::format("{:5.1f} % [{:.1f}, {:.1f}]", 100 * share.value, 100 * share.low,
                     100 * share.high);
}

void print_flagged(const std::vector<Claim>& claims, const std::string& kind,
                   const std::vector<double>& thresholds) {
  std::string line = fmt::format("{:12}", kind);
  std::int64_t n = 0;
  for (const double threshold : thresholds) {
    std::int64_t flagged = 0;
    n = 0;
    for (const Claim& claim : claims) {
      if (claim.kind != kind || is_for_fitting(claim)) continue;
      ++n;
      flagged += is_flagged(claim, threshold) ? 1 : 0;
    }
    line += fmt::format("  {}", percent(stats::wilson(static_cast<double>(flagged), n)));
  }
  fmt::print("{}  n {}\n", line, n);
}

Result<int> run(const std::string& path) {
  ATTUNE_TRY(const std::vector<Claim> claims, read_claims(path));
  fmt::print("{} claims\n\nAUROC [95 %]\n", claims.size());
  const auto print = [&](const std::string& what, const std::set<std::string>& kinds) {
    const stats::Estimate area = auroc_with_interval(claims, kinds);
    fmt::print("{:48}{:.3f} [{:.3f}, {:.3f}]\n", what, area.value, area.low, area.high);
  };
  for (const char* kind : {"number", "name", "word", "negation"}) {
    print(fmt::format("{} changed, against the abstract", kind), {"verbatim", kind});
  }
  print("another conclusion, against the own", {"conclusion", "swapped"});
  print("all", {"verbatim", "conclusion", "number", "name", "word", "negation", "swapped"});

  const double best = best_threshold(claims);
  fmt::print("\nbest threshold on every other abstract: {:.2f}\n", best);
  fmt::print("flagged on the rest, with least_precision 0, 0.5, {:.2f}\n", best);
  for (const char* kind :
       {"verbatim", "conclusion", "number", "name", "word", "negation", "swapped"}) {
    print_flagged(claims, kind, {0, 0.5, best});
  }
  return 0;
}

}  // namespace
}  // namespace attune::metrics

int main(int count, char** arguments) {
  if (count != 2) {
    std::fputs("usage: claims_threshold claims.jsonl\n", stderr);
    return 2;
  }
  const auto done = attune::metrics::run(arguments[1]);
  if (!done) std::fprintf(stderr, "%s\n", done.error().message().c_str());
  return done ? *done : attune::exit_code(done.error());
}
