#include "train/mixture.h"

#include <algorithm>
#include <cmath>

#include "base/narrow.h"
#include "base/random.h"

namespace attune::train {

namespace {

// Pieces that are held out together: at a context of 512, some ten pages of a book.
constexpr std::int64_t kHeldOutRun = 16;

// The documents of one source, in the order in which they are drawn.
class SourceOrder {
 public:
  SourceOrder(std::vector<std::int64_t> documents, std::uint64_t seed, std::uint32_t source)
      : documents_(std::move(documents)), seed_(seed), source_(source) {
    shuffle();
  }
  bool empty() const { return documents_.empty(); }
  std::int64_t next() {
    if (at_ == order_.size()) {
      ++pass_;
      shuffle();
    }
    return order_[at_++];
  }

 private:
  void shuffle() {
    order_ = documents_;
    shuffle_indices(order_,
                    {.seed = seed_, .stream = stream_id("mixture") + source_, .step = pass_});
    at_ = 0;
  }
  std::vector<std::int64_t> documents_, order_;
  std::uint64_t seed_;
  std::uint32_t source_;
  std::uint32_t pass_ = 0;
  std::size_t at_ = 0;
};

// A number for each run of pieces, by source and running number: held out where it is below the
// share.
float held_out_draw(const CorpusOptions& options, std::size_t source, std::int64_t run) {
  const RandomStream stream{.seed = options.seed,
                            .stream = stream_id("held out") + static_cast<std::uint32_t>(source)};
  return stream.uniform(static_cast<std::uint64_t>(run));
}

std::int64_t pieces_of(std::int64_t tokens, std::int64_t context) {
  return tokens < 2 ? 0 : (tokens - 2) / context + 1;
}

std::int64_t runs_of(const TokenFile& source, std::int64_t index, std::int64_t context) {
  const auto tokens = static_cast<std::int64_t>(source.document(index).size());
  return (pieces_of(tokens, context) + kHeldOutRun - 1) / kHeldOutRun;
}

// The draws below which runs are held out. A small corpus whose draws are all above the share still
// holds out the run with the smallest, as long as another one remains to be trained.
float held_out_limit(std::span<const TokenFile> sources, const CorpusOptions& options) {
  std::int64_t total = 0;
  for (const TokenFile& source : sources) total += source.tokens();
  const double most = static_cast<double>(options.most_validation_tokens) /
                      static_cast<double>(std::max<std::int64_t>(1, total));
  const auto share = static_cast<float>(std::min(options.validation_share, most));
  if (share <= 0) return 0;
  std::int64_t all_runs = 0;
  float smallest = 1;
  for (std::size_t s = 0; s < sources.size(); ++s) {
    std::int64_t runs = 0;
    for (std::int64_t d = 0; d < sources[s].documents(); ++d) {
      runs += runs_of(sources[s], d, options.context);
    }
    for (std::int64_t run = 0; run < runs; ++run) {
      smallest = std::min(smallest, held_out_draw(options, s, run));
    }
    all_runs += runs;
  }
  if (all_runs < 2) return 0;
  return std::max(share, std::nextafter(smallest, 1.0f));
}

// Adds the pieces of one document; `run` counts the runs of its source.
void cut_document(const TokenFile& file, std::int64_t index, std::size_t source, float limit,
                  const CorpusOptions& options, std::int64_t& run, Corpus& corpus) {
  const auto length = static_cast<std::int64_t>(file.document(index).size());
  bool held_out = false;
  std::int64_t piece = 0;
  for (std::int64_t begin = 0; begin + 1 < length; begin += options.context, ++piece) {
    if (piece % kHeldOutRun == 0) held_out = held_out_draw(options, source, run++) < limit;
    const auto from = static_cast<std::size_t>(begin);
    const auto count = static_cast<std::size_t>(std::min(length - begin, options.context + 1));
    const Document document{.row = file.row(index),
                            .tokens = file.document(index).subspan(from, count),
                            .weights = file.weights(index).subspan(from, count)};
    if (held_out) {
      corpus.validation.push_back(document);
    } else {
      corpus.train.push_back(document);
      corpus.source_of_train.push_back(static_cast<std::int64_t>(source));
    }
  }
}

}  // namespace

Corpus cut_corpus(std::span<const TokenFile> sources, const CorpusOptions& options) {
  const float limit = held_out_limit(sources, options);
  Corpus corpus;
  for (std::size_t s = 0; s < sources.size(); ++s) {
    std::int64_t run = 0;
    for (std::int64_t d = 0; d < sources[s].documents(); ++d) {
      cut_document(sources[s], d, s, limit, options, run, corpus);
    }
  }
  return corpus;
}

Plan plan_mixture(const Corpus& corpus, std::span<const DocumentUse> uses,
                  std::span<const double> shares, const MixtureOptions& options) {
  std::vector<std::vector<std::int64_t>> members(shares.size());
  std::vector<double> sizes(shares.size(), 0), wanted(shares.begin(), shares.end());
  double all = 0;
  for (std::size_t i = 0; i < corpus.train.size(); ++i) {
    if (uses[i].inputs == 0) continue;
    const auto source = static_cast<std::size_t>(corpus.source_of_train[i]);
    members[source].push_back(static_cast<std::int64_t>(i));
    sizes[source] += static_cast<double>(uses[i].inputs);
    all += static_cast<double>(uses[i].inputs);
  }
  // Sources without a share get, in proportion to their sizes, the room that the others' shares
  // leave of 1; where those are plain numbers above 1, every source without a share counts by its
  // part of the whole.
  double given = 0, unshared = 0;
  for (std::size_t s = 0; s < wanted.size(); ++s) {
    (wanted[s] > 0 ? given : unshared) += wanted[s] > 0 ? wanted[s] : sizes[s];
  }
  const double room = given < 1 ? 1 - given : unshared / std::max(1.0, all);
  std::vector<SourceOrder> orders;
  for (std::size_t s = 0; s < wanted.size(); ++s) {
    if (wanted[s] <= 0) wanted[s] = unshared > 0 ? room * sizes[s] / unshared : 0;
    orders.emplace_back(std::move(members[s]), options.seed, narrow<std::uint32_t>(s));
    if (orders.back().empty()) wanted[s] = 0;
  }
  double sum = 0;
  for (const double share : wanted) sum += share;
  Plan plan;
  if (sum <= 0) return plan;

  const double budget = options.tokens > 0 ? static_cast<double>(options.tokens) : all;
  std::vector<double> used(wanted.size(), 0);
  double total = 0;
  while (total < budget) {
    for (std::int64_t i = 0; i < options.documents_per_step; ++i) {
      std::size_t behind = 0;
      double most = -1e300;
      for (std::size_t s = 0; s < wanted.size(); ++s) {
        if (wanted[s] <= 0) continue;
        // One token ahead, so that the first document comes from the largest share.
        const double gap = wanted[s] / sum * (total + 1) - used[s];
        if (gap > most) {
          most = gap;
          behind = s;
        }
      }
      const std::int64_t index = orders[behind].next();
      const auto inputs = static_cast<double>(uses[static_cast<std::size_t>(index)].inputs);
      plan.order.push_back(index);
      used[behind] += inputs;
      total += inputs;
    }
    plan.step_starts.push_back(static_cast<std::int64_t>(plan.order.size()));
    plan.epoch_of_step.push_back(0);
  }
  return plan;
}

}  // namespace attune::train
