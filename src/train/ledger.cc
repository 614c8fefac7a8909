#include "train/ledger.h"

#include <fmt/format.h>

#include "io/json.h"

namespace attune::train {

Ledger::Ledger(std::span<const Document> documents, std::span<const DocumentUse> uses) {
  rows_.reserve(documents.size());
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const DocumentUse& use = uses[i];
    rows_.push_back({.row = documents[i].row, .use = use});
    totals_.rows += 1;
    totals_.rows_without_target += use.trained == 0 ? 1 : 0;
    totals_.rows_cut += use.cut > 0 ? 1 : 0;
    totals_.tokens += use.tokens;
    totals_.trained += use.trained;
    totals_.masked += use.masked;
    totals_.cut += use.cut;
    totals_.cut_targets += use.cut_targets;
    totals_.weight += use.weight;
  }
}

Result<void> Ledger::write_lines(const Path& path) const {
  std::string lines;
  for (const Row& row : rows_) {
    lines += fmt::format(
        R"({{"row":{},"tokens":{},"trained":{},"masked":{},"cut":{},"cut_targets":{},"weight":{}}})"
        "\n",
        row.row, row.use.tokens, row.use.trained, row.use.masked, row.use.cut, row.use.cut_targets,
        row.use.weight);
  }
  return write_file_atomic(path, lines);
}

std::string Ledger::summary_json() const {
  return to_text(Json{{"rows", totals_.rows},
                      {"rows_without_target", totals_.rows_without_target},
                      {"rows_cut", totals_.rows_cut},
                      {"tokens", totals_.tokens},
                      {"trained", totals_.trained},
                      {"masked", totals_.masked},
                      {"cut", totals_.cut},
                      {"cut_targets", totals_.cut_targets},
                      {"weight", totals_.weight}});
}

std::string Ledger::summary_text() const {
  const double share = totals_.tokens > 0 ? 100.0 * static_cast<double>(totals_.trained) /
                                                static_cast<double>(totals_.tokens)
                                          : 0;
  std::string text = fmt::format(
      "{} rows, {} tokens: {} trained ({:.1f} %), {} read as context, {} cut", totals_.rows,
      totals_.tokens, totals_.trained, share, totals_.masked, totals_.cut);
  if (totals_.rows_cut > 0) {
    text += fmt::format("; {} rows are longer than the context and lose {} targets",
                        totals_.rows_cut, totals_.cut_targets);
  }
  if (totals_.rows_without_target > 0) {
    text += fmt::format("; {} rows have nothing to train", totals_.rows_without_target);
  }
  return text;
}

namespace {

Failure broken_plan(std::int64_t row, std::string found, std::string wanted) {
  return environment_failure({.where = fmt::format("loss ledger, row {}", row),
                              .found = std::move(found),
                              .wanted = std::move(wanted),
                              .fix = "this is a fault of the program: please report it"});
}

// Counts the targets of each packed document straight from the batch, as the loss will see them.
Result<void> check_batch(std::span<const Document> documents, std::span<const DocumentUse> uses,
                         std::span<const std::int64_t> members, const PackedBatch& packed,
                         std::int64_t capacity) {
  if (static_cast<std::int64_t>(packed.batch.tokens.size()) > capacity) {
    return broken_plan(documents[static_cast<std::size_t>(members[0])].row,
                       fmt::format("a micro-batch of {} tokens", packed.batch.tokens.size()),
                       fmt::format("at most {}", capacity));
  }
  for (std::size_t d = 0; d < members.size(); ++d) {
    const auto index = static_cast<std::size_t>(members[d]);
    std::int64_t trained = 0;
    double weight = 0;
    for (std::int64_t t = packed.batch.document_starts[d]; t < packed.batch.document_starts[d + 1];
         ++t) {
      const auto at = static_cast<std::size_t>(t);
      if (packed.targets.weight[at] <= 0) continue;
      const auto position = static_cast<std::size_t>(t - packed.batch.document_starts[d]);
      if (packed.targets.next[at] != documents[index].tokens[position + 1]) {
        return broken_plan(documents[index].row, "a target that is not the document's next token",
                           "targets inside the document");
      }
      ++trained;
      weight += static_cast<double>(packed.targets.weight[at]);
    }
    if (trained != uses[index].trained || weight != uses[index].weight) {
      return broken_plan(documents[index].row, fmt::format("{} targets in its batch", trained),
                         fmt::format("{} as in the ledger", uses[index].trained));
    }
  }
  return {};
}

Result<void> check_epoch(std::span<const Document> documents, std::span<const DocumentUse> uses,
                         const std::vector<std::int64_t>& occurrences, bool complete) {
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const std::int64_t wanted = uses[i].inputs > 0 ? 1 : 0;
    if (occurrences[i] > wanted || (complete && occurrences[i] < wanted)) {
      return broken_plan(documents[i].row, fmt::format("{} times in an epoch", occurrences[i]),
                         fmt::format("{}", wanted));
    }
  }
  return {};
}

}  // namespace

Result<void> check_plan(const Plan& plan, std::span<const Document> documents,
                        std::span<const DocumentUse> uses, std::int64_t tokens_per_batch,
                        bool sampled) {
  std::vector<std::int64_t> occurrences(documents.size(), 0);
  std::vector<bool> inspected(documents.size(), false);
  std::int64_t trainable = 0;
  for (const DocumentUse& use : uses) trainable += use.inputs > 0 ? 1 : 0;
  std::int64_t in_epoch = 0;
  PackedBatch packed;
  for (std::int64_t step = 0; step < plan.steps(); ++step) {
    const auto members = plan.documents_of(step);
    std::vector<std::int64_t> unseen;  // a document's own counts are the same in every epoch
    for (const std::int64_t member : members) {
      const auto index = static_cast<std::size_t>(member);
      ++occurrences[index];
      if (!inspected[index]) unseen.push_back(member);
      inspected[index] = true;
    }
    for (const auto& micro_batch : pack_documents(unseen, uses, tokens_per_batch)) {
      fill_batch(documents, uses, micro_batch, packed);
      ATTUNE_TRY_VOID(check_batch(documents, uses, micro_batch, packed, tokens_per_batch));
    }
    in_epoch += static_cast<std::int64_t>(members.size());
    if (sampled || !plan.ends_epoch(step)) continue;
    // Only the last epoch may stop early (max_steps).
    const bool complete = step + 1 < plan.steps() || in_epoch == trainable;
    ATTUNE_TRY_VOID(check_epoch(documents, uses, occurrences, complete));
    occurrences.assign(documents.size(), 0);
    in_epoch = 0;
  }
  return {};
}

}  // namespace attune::train
