// The loss ledger: for every row of the data, how many of its tokens are trained on, only read, or
// cut off.
//
//   Ledger ledger(documents, uses);
//   ATTUNE_TRY_VOID(ledger.write_lines("out/loss_ledger.jsonl"));
//   std::puts(ledger.summary_text().c_str());
//   ATTUNE_TRY_VOID(check_plan(plan, documents, uses, 2048));  // batches hold what the ledger says
//
// A line of the file: {"row":12,"tokens":240,"trained":61,"masked":179,"cut":0,...}
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/file.h"
#include "train/document.h"
#include "train/pack.h"

namespace attune::train {

struct LedgerTotals {
  std::int64_t rows = 0;
  std::int64_t rows_without_target = 0;  // nothing to train: they are in no batch
  std::int64_t rows_cut = 0;
  std::int64_t tokens = 0, trained = 0, masked = 0, cut = 0, cut_targets = 0;
  double weight = 0;
};

class Ledger {
 public:
  Ledger(std::span<const Document> documents, std::span<const DocumentUse> uses);

  struct Row {
    std::int64_t row;
    DocumentUse use;
  };
  const std::vector<Row>& rows() const { return rows_; }
  const LedgerTotals& totals() const { return totals_; }

  // One JSON object a row, in the order of the documents. Atomic.
  Result<void> write_lines(const Path& path) const;
  // The totals as one JSON object, and as a sentence for people.
  std::string summary_json() const;
  std::string summary_text() const;

 private:
  std::vector<Row> rows_;
  LedgerTotals totals_;
};

// Packs every epoch of the plan as training does and counts: each document with a target must occur
// exactly once in each full epoch, with exactly its targets and weight, and no target may cross
// into another document. `sampled` plans (mixtures) may repeat or leave out documents; for them
// only the counts inside each batch are checked. An error here is a fault of the program; it names
// the row.
Result<void> check_plan(const Plan& plan, std::span<const Document> documents,
                        std::span<const DocumentUse> uses, std::int64_t tokens_per_batch,
                        bool sampled = false);

}  // namespace attune::train
