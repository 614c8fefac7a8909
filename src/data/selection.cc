#include "data/selection.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include <fmt/format.h>

#include "base/random.h"

namespace attune::data {

namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr double kQualityWeight = 0.5;
constexpr std::array<std::string_view, 7> kMethodNames = {
    "ifd", "perplexity", "diversity", "combined", "random", "longest", "clusters"};

std::vector<std::int64_t> every_candidate(std::span<const CandidateRow> candidates) {
  std::vector<std::int64_t> order(candidates.size());
  std::iota(order.begin(), order.end(), std::int64_t{0});
  return order;
}

// Highest score first; those with a reason after all others, those without a score at the end.
void sort_by_score(Ranking& ranking) {
  const auto place = [&](std::int64_t index) {
    const auto at = static_cast<std::size_t>(index);
    if (std::isnan(ranking.scores[at])) return 2;
    return ranking.reasons[at].empty() ? 0 : 1;
  };
  std::stable_sort(ranking.order.begin(), ranking.order.end(), [&](std::int64_t a, std::int64_t b) {
    if (place(a) != place(b)) return place(a) < place(b);
    if (place(a) == 2) return false;
    const double x = ranking.scores[static_cast<std::size_t>(a)];
    const double y = ranking.scores[static_cast<std::size_t>(b)];
    return place(a) == 0 ? x > y : x < y;
  });
}

void rank_by_ifd(std::span<const CandidateRow> candidates, Ranking& ranking) {
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const std::optional<double> ifd = candidates[i].ifd();
    if (!ifd) {
      ranking.reasons[i] = "no loss: the model could not read the row";
      continue;
    }
    ranking.scores[i] = *ifd;
    if (*ifd >= 1) ranking.reasons[i] = fmt::format("IFD {:.3f}: the question does not help", *ifd);
  }
  sort_by_score(ranking);
}

double median_of(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

void rank_by_perplexity(std::span<const CandidateRow> candidates, Ranking& ranking) {
  std::vector<double> losses;
  for (const CandidateRow& candidate : candidates) {
    if (candidate.loss) losses.push_back(*candidate.loss);
  }
  const double median = median_of(losses);
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (!candidates[i].loss) {
      ranking.reasons[i] = "no loss: the model could not read the row";
      continue;
    }
    ranking.scores[i] = -std::abs(*candidates[i].loss - median);
  }
  sort_by_score(ranking);
}

// From 0 for the lowest score to 1 for the highest; 0 without one.
std::vector<double> rank_shares(const Ranking& by_ifd) {
  std::vector<double> shares(by_ifd.scores.size(), 0.0);
  const auto last = static_cast<double>(std::max<std::size_t>(2, shares.size()) - 1);
  for (std::size_t i = 0; i < by_ifd.order.size(); ++i)
    shares[static_cast<std::size_t>(by_ifd.order[i])] = 1 - static_cast<double>(i) / last;
  return shares;
}

void rank_by_facilities(std::span<const CandidateRow> candidates, std::int64_t keep, bool combined,
                        const Similarities& similarities, Ranking& ranking) {
  FacilityOptions options;
  std::vector<double> quality;
  std::vector<std::int64_t> allowed;
  if (combined) {
    Ranking by_ifd = ranking;
    rank_by_ifd(candidates, by_ifd);
    quality = rank_shares(by_ifd);
    options.quality = quality;
    options.quality_weight = kQualityWeight;
    ranking.reasons = by_ifd.reasons;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      if (by_ifd.reasons[i].empty()) allowed.push_back(static_cast<std::int64_t>(i));
    }
    if (std::ssize(allowed) < keep) allowed = every_candidate(candidates);
    options.allowed = allowed;
  }
  const FacilityChoice choice =
      choose_facilities(std::ssize(candidates), keep, similarities, options);
  std::vector<bool> chosen(candidates.size(), false);
  double before = 0;
  for (std::size_t i = 0; i < choice.rows.size(); ++i) {
    const auto row = static_cast<std::size_t>(choice.rows[i]);
    chosen[row] = true;
    ranking.scores[row] = choice.values[i] - before;  // what it added
    before = choice.values[i];
  }
  std::vector<std::int64_t> order = choice.rows;
  for (const std::int64_t index : ranking.order) {
    if (!chosen[static_cast<std::size_t>(index)]) order.push_back(index);
  }
  ranking.order = std::move(order);
}

// A random row of each cluster in turn, the clusters in a random order.
void rank_by_clusters(std::span<const CandidateRow> candidates, std::uint64_t seed,
                      Ranking& ranking) {
  shuffle_indices(ranking.order, {.seed = seed, .stream = stream_id("clustered selection")});
  std::vector<std::int64_t> turn(candidates.size());  // of a row, within its cluster
  std::vector<std::int64_t> seen;
  for (const std::int64_t index : ranking.order) {
    const auto cluster =
        static_cast<std::size_t>(candidates[static_cast<std::size_t>(index)].cluster);
    if (seen.size() <= cluster) seen.resize(cluster + 1, 0);
    turn[static_cast<std::size_t>(index)] = seen[cluster]++;
  }
  std::stable_sort(ranking.order.begin(), ranking.order.end(), [&](std::int64_t a, std::int64_t b) {
    return turn[static_cast<std::size_t>(a)] < turn[static_cast<std::size_t>(b)];
  });
}

}  // namespace

std::string_view select_method_name(SelectMethod method) {
  return kMethodNames[static_cast<std::size_t>(method)];
}

std::optional<SelectMethod> select_method_from_name(std::string_view name) {
  const auto at = std::find(kMethodNames.begin(), kMethodNames.end(), name);
  if (at == kMethodNames.end()) return std::nullopt;
  return static_cast<SelectMethod>(at - kMethodNames.begin());
}

std::optional<double> CandidateRow::ifd() const {
  if (!loss || !loss_alone || *loss_alone <= 0) return std::nullopt;
  return *loss / *loss_alone;
}

Ranking rank_candidates(std::span<const CandidateRow> candidates, SelectMethod method,
                        std::int64_t keep, const Similarities& similarities, std::uint64_t seed) {
  Ranking ranking{.order = every_candidate(candidates),
                  .scores = std::vector<double>(candidates.size(), kNone),
                  .reasons = std::vector<std::string>(candidates.size())};
  switch (method) {
    case SelectMethod::ifd:
      rank_by_ifd(candidates, ranking);
      break;
    case SelectMethod::perplexity:
      rank_by_perplexity(candidates, ranking);
      break;
    case SelectMethod::diversity:
    case SelectMethod::combined:
      rank_by_facilities(candidates, keep, method == SelectMethod::combined, similarities, ranking);
      break;
    case SelectMethod::random:
      shuffle_indices(ranking.order, {.seed = seed, .stream = stream_id("random selection")});
      break;
    case SelectMethod::longest:
      for (std::size_t i = 0; i < candidates.size(); ++i)
        ranking.scores[i] = static_cast<double>(candidates[i].answer_tokens);
      sort_by_score(ranking);
      break;
    case SelectMethod::clusters:
      rank_by_clusters(candidates, seed, ranking);
      break;
  }
  return ranking;
}

std::vector<std::int64_t> within_budget(std::span<const CandidateRow> candidates,
                                        std::span<const std::int64_t> order, std::int64_t budget) {
  std::vector<std::int64_t> chosen;
  std::int64_t tokens = 0;
  for (const std::int64_t index : order) {
    tokens += candidates[static_cast<std::size_t>(index)].trained_tokens;
    if (tokens > budget) break;
    chosen.push_back(index);
  }
  return chosen;
}

SelectionSummary summarise(std::string name, std::span<const CandidateRow> candidates,
                           std::vector<std::int64_t> chosen, const Similarities& similarities) {
  SelectionSummary summary;
  summary.name = std::move(name);
  double ifd = 0;
  std::int64_t scored = 0;
  for (const std::int64_t index : chosen) {
    const CandidateRow& candidate = candidates[static_cast<std::size_t>(index)];
    summary.trained_tokens += candidate.trained_tokens;
    summary.tokens += candidate.tokens;
    summary.mean_answer_tokens += static_cast<double>(candidate.answer_tokens);
    const std::optional<double> own = candidate.ifd();
    if (!own) continue;
    ifd += *own;
    ++scored;
  }
  if (!chosen.empty()) summary.mean_answer_tokens /= static_cast<double>(chosen.size());
  if (scored > 0) summary.mean_ifd = ifd / static_cast<double>(scored);
  summary.facility_value = facility_value(std::ssize(candidates), chosen, similarities);
  summary.chosen = std::move(chosen);
  return summary;
}

}  // namespace attune::data
