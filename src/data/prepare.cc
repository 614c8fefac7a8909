#include "data/prepare.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "data/clean_text.h"
#include "data/normalise.h"
#include "data/prepare_pii.h"
#include "data/write_formats.h"

namespace attune::data {

namespace {

Finding about(const Example& example, std::string rule, Severity severity, Action action,
              std::string found, std::string wanted, std::string fix) {
  return {.rule = std::move(rule),
          .severity = severity,
          .action = action,
          .where = example.where(),
          .row = example.id,
          .path = {},
          .found = std::move(found),
          .wanted = std::move(wanted),
          .fix = std::move(fix)};
}

// Everything before the last answer, as one text; two rows with the same are the same question.
std::string prompt_key(const Example& example) {
  std::string key;
  for (std::size_t i = 0; i + 1 < example.messages.size(); ++i)
    key += to_text(example.messages[i]) + "\n";
  return key + to_text(example.tools);
}

// Drops rows that an earlier row repeats, and notes questions that have two answers.
class DuplicateCheck {
 public:
  explicit DuplicateCheck(bool keep_duplicates) : keep_duplicates_(keep_duplicates) {}

  // False when the row is to be dropped.
  bool admit(const Example& example, std::vector<Finding>& findings) {
    const auto [same, fresh] = rows_.emplace(strict_row(example), example.where());
    if (!fresh) {
      findings.push_back(
          about(example, "duplicate_row", Severity::warning,
                keep_duplicates_ ? Action::kept : Action::dropped,
                fmt::format("the same as {}", same->second), "each example once",
                keep_duplicates_ ? "" : "nothing to do; a repeated row would count twice"));
      return keep_duplicates_;
    }
    if (example.kind != RowKind::supervised) return true;  // any number of answers may be compared
    const auto [question, new_question] = questions_.emplace(prompt_key(example), example.where());
    if (!new_question) {
      findings.push_back(
          about(example, "conflicting_answers", Severity::warning, Action::kept,
                fmt::format("the question of {} with another answer", question->second),
                "one answer to a question", "decide which is right: a model can learn only one"));
    }
    return true;
  }

 private:
  bool keep_duplicates_;
  std::unordered_map<std::string, std::string> rows_;       // strict row -> its first place
  std::unordered_map<std::string, std::string> questions_;  // question -> its first place
};

bool keeps_contract(const Example& example, const PrepareOptions& options, DataReport& report) {
  ++report.contract->checked;
  const std::optional<std::string> problem = options.contract(final_answer(example));
  if (!problem) return true;
  ++report.contract->broken;
  Finding finding =
      about(example, "contract_broken", Severity::error,
            options.drop_contract_breakers ? Action::dropped : Action::kept, *problem,
            "an answer that keeps the contract", "mend the answer, or drop such rows");
  finding.path = "answer";
  report.findings.push_back(std::move(finding));
  return false;
}

Failure nothing_usable(const DataReport& report) {
  if (report.rows_read == 0) {
    return bad_input({.where = report.source,
                      .found = "there are no rows",
                      .wanted = "one row an example",
                      .fix = "check that the export worked"});
  }
  std::map<std::string_view, std::int64_t> counts;
  for (const Finding& finding : report.findings) {
    if (finding.action == Action::dropped) ++counts[finding.rule];
  }
  const auto commonest =
      std::max_element(counts.begin(), counts.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  const auto first =
      std::find_if(report.findings.begin(), report.findings.end(), [&](const Finding& finding) {
        return finding.action == Action::dropped && finding.rule == commonest->first;
      });
  return bad_input(
      {.where = first->path.empty() ? first->where : first->where + " " + first->path,
       .found = fmt::format("{}; none of the {} rows is usable, {} of them for this reason",
                            first->found, report.rows_read, commonest->second),
       .wanted = first->wanted,
       .fix = first->fix});
}

Result<void> refuse_pii(const DataReport& report) {
  const Finding* first = nullptr;
  std::int64_t count = 0;
  for (const Finding& finding : report.findings) {
    if (finding.rule != "secret_or_personal_data") continue;
    if (count++ == 0) first = &finding;
  }
  if (first == nullptr) return {};
  return bad_input(
      {.where = first->where + " " + first->path,
       .found = fmt::format("{}; {} texts hold secrets or personal data", first->found, count),
       .wanted = first->wanted,
       .fix = first->fix});
}

}  // namespace

Result<Prepared> prepare(const Path& path, const PrepareOptions& options) {
  ATTUNE_TRY(Dataset dataset, read_examples(path, options.read));
  return prepare_dataset(std::move(dataset), path.string(), options);
}

Result<Prepared> prepare_dataset(Dataset dataset, const std::string& source,
                                 const PrepareOptions& options) {
  Prepared prepared;
  DataReport& report = prepared.report;
  report.source = source;
  report.format = std::move(dataset.format);
  report.evidence = std::move(dataset.evidence);
  report.findings = std::move(dataset.findings);
  report.rows_read = dataset.rows_read;
  if (options.contract) report.contract = ContractResult{};
  if (options.synthetic) report.synthetic = 0;

  DuplicateCheck duplicates(options.keep_duplicates);
  for (Example& example : dataset.examples) {
    // Before a repair or a mask makes other words of it.
    const bool synthetic = options.synthetic && options.synthetic->holds(example);
    Normalised normalised = normalise(example, options.normalise);
    std::move(normalised.findings.begin(), normalised.findings.end(),
              std::back_inserter(report.findings));
    if (!normalised.kept) continue;
    const std::size_t told = report.findings.size();
    if (options.pii != nullptr &&
        !treat_pii(example, *options.pii, options.pii_policy, report.findings))
      continue;
    const bool masked = std::any_of(
        report.findings.begin() + static_cast<std::ptrdiff_t>(told), report.findings.end(),
        [](const Finding& finding) { return finding.action == Action::changed; });
    if (!duplicates.admit(example, report.findings)) continue;
    if (options.contract && !keeps_contract(example, options, report) &&
        options.drop_contract_breakers)
      continue;
    if (normalised.changed || masked) ++report.rows_changed;
    if (synthetic) {
      ++*report.synthetic;
      prepared.synthetic.add(example);
    }
    prepared.examples.push_back(std::move(example));
  }
  report.rows_kept = static_cast<std::int64_t>(prepared.examples.size());
  if (prepared.examples.empty()) return nothing_usable(report);
  if (options.pii_policy == PiiPolicy::fail) ATTUNE_TRY_VOID(refuse_pii(report));
  return prepared;
}

std::string strict_row(const Example& example) { return openai_row(example); }

Result<void> write_prepared(const Prepared& prepared, const Path& folder) {
  ATTUNE_TRY_VOID(ensure_directory(folder));
  ATTUNE_TRY(AtomicFile rows, AtomicFile::create(folder / "data.jsonl"));
  for (const Example& example : prepared.examples)
    ATTUNE_TRY_VOID(rows.write(strict_row(example) + "\n"));
  ATTUNE_TRY_VOID(
      write_file_atomic(folder / "data_report.json", to_pretty_text(to_json(prepared.report))));
  if (prepared.synthetic.size() > 0)
    ATTUNE_TRY_VOID(prepared.synthetic.write(folder / kSyntheticName));
  return rows.commit();
}

}  // namespace attune::data
