// attune ledger: what training counts of each row, and which tokens of a row are trained on.
#include <memory>

#include <fmt/format.h>

#include "cli/command.h"
#include "cli/options.h"
#include "io/jsonl.h"
#include "text/chat_format.h"

namespace attune::cli {

namespace {

struct LedgerOptions {
  std::string folder;
  std::string model;
  std::int64_t row = 0;  // line of the source file; 0: all rows
  bool json = false;
};

Result<std::vector<JsonLine>> read_rows(const Path& path) {
  ATTUNE_TRY(const std::string text, read_file(path));
  JsonlContent content = parse_jsonl(text, path.string());
  if (!content.errors.empty()) return Failure(std::move(content.errors.front()));
  return std::move(content.rows);
}

std::int64_t count(const Json& entry, const char* name) {
  return entry.value(name, std::int64_t{0});
}

void print_totals(const std::vector<JsonLine>& entries) {
  std::int64_t tokens = 0, trained = 0, masked = 0, cut = 0;
  fmt::print("{:>8} {:>8} {:>8} {:>8} {:>8}\n", "row", "tokens", "trained", "masked", "cut");
  for (const JsonLine& entry : entries) {
    const Json& e = entry.value;
    fmt::print("{:>8} {:>8} {:>8} {:>8} {:>8}\n", count(e, "row"), count(e, "tokens"),
               count(e, "trained"), count(e, "masked"), count(e, "cut"));
    tokens += count(e, "tokens");
    trained += count(e, "trained");
    masked += count(e, "masked");
    cut += count(e, "cut");
  }
  fmt::print("{:>8} {:>8} {:>8} {:>8} {:>8}\n", "all", tokens, trained, masked, cut);
}

// The row's text as the model sees it, with what is trained on between the marks [[ and ]].
Result<void> print_tokens(const Json& row, const std::string& model) {
  ATTUNE_TRY(const text::ChatFormat format, text::ChatFormat::load(model));
  ATTUNE_TRY(const text::EncodedChat encoded,
             format.encode_training(row["messages"], row.value("tools", Json())));
  std::string text;
  std::vector<std::int32_t> run;
  bool trained = false;
  const auto close = [&] {
    const std::string piece = format.tokenizer().decode(run, {});
    text += trained ? "[[" + piece + "]]" : piece;
    run.clear();
  };
  for (std::size_t i = 0; i < encoded.ids.size(); ++i) {
    const bool target = encoded.trained[i] > 0;
    if (target != trained) close();
    trained = target;
    run.push_back(encoded.ids[i]);
  }
  close();
  fmt::print("{}\n", text);
  return {};
}

Result<int> run(const LedgerOptions& options) {
  const Path folder = options.folder;
  ATTUNE_TRY(std::vector<JsonLine> entries, read_rows(folder / "training" / "loss_ledger.jsonl"));
  ATTUNE_TRY(const std::vector<JsonLine> rows, read_rows(folder / "train.jsonl"));
  if (options.row == 0) {
    if (options.json) {
      for (const JsonLine& entry : entries) fmt::print("{}\n", to_text(entry.value));
    } else {
      print_totals(entries);
    }
    return 0;
  }
  for (std::size_t i = 0; i < entries.size() && i < rows.size(); ++i) {
    if (count(entries[i].value, "row") != options.row) continue;
    fmt::print("{}\n", to_text(entries[i].value));
    if (!options.model.empty()) ATTUNE_TRY_VOID(print_tokens(rows[i].value, options.model));
    return 0;
  }
  return bad_input({.where = "--row " + std::to_string(options.row),
                    .found = "no training row that begins at this line of the source file",
                    .wanted = "a number of the first column",
                    .fix = "list them with: attune ledger " + options.folder});
}

}  // namespace

void add_ledger(CLI::App& app, Body& selected) {
  auto options = std::make_shared<LedgerOptions>();
  CLI::App* command = app.add_subcommand("ledger", "What training counts of each row");
  command->add_option("folder", options->folder, "Result folder of attune tune")->required();
  command->add_option("--row", options->row, "One row, by its line in the source file");
  command->add_option("--model", options->model,
                      "With --row: show its text, what is trained on in [[ ]]");
  command->add_flag("--json", options->json, "Print the ledger's lines as they are");
  command->callback([options, &selected] { selected = [options] { return run(*options); }; });
}

}  // namespace attune::cli
