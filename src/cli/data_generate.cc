// attune data generate: more examples like the seeds, written by a model and sifted. Exit code 1
// when --max-requests ended it before there were enough.
#include <memory>

#include <fmt/format.h>

#include "cli/data_commands.h"
#include "cli/data_options.h"
#include "cli/example_asker.h"
#include "cli/pii_options.h"
#include "cli/progress.h"
#include "cli/remote_options.h"
#include "data/synthetic.h"
#include "data/synthetic_marks.h"
#include "grammar/instruction.h"
#include "io/sha256.h"

namespace attune::cli {

namespace {

constexpr std::int64_t kLargestNumber = 10'000'000;  // rows, requests or tokens

struct ExamplesCommand {
  DataOptions data;
  PiiOptions pii;
  RemoteOptions remote;
  ModelOptions local;
  AskerOptions asker;
  data::SynthesisOptions synthesis;
  std::string out;
  bool json = false;

  bool is_local() const { return !local.model.empty() || !local.adapter.empty(); }
};

// Who answers, in words.
std::string writer(const ExamplesCommand& o, const client::Endpoint* endpoint) {
  if (endpoint == nullptr) return o.local.model.empty() ? o.local.adapter : o.local.model;
  return fmt::format("{} at {}", o.asker.model, endpoint->url.base());
}

Result<void> check_options(const ExamplesCommand& o) {
  const bool remote = !o.asker.model.empty();
  if (remote != o.is_local()) return {};
  return bad_input({.where = remote ? "--model and --base" : "--model",
                    .found = remote ? "both a model of an endpoint and one of this machine"
                                    : "no model to write the examples",
                    .wanted = "--endpoint URL --model NAME, or --base DIR",
                    .fix = remote ? "leave one out" : "give one of the two"});
}

// Secrets in the seeds would leave this machine.
void warn_of_pii(const data::Prepared& seeds, const client::Endpoint* endpoint) {
  if (endpoint == nullptr || endpoint->url.loopback()) return;
  const auto count = std::count_if(
      seeds.report.findings.begin(), seeds.report.findings.end(), [](const data::Finding& f) {
        return f.rule == "secret_or_personal_data" && f.action == data::Action::kept;
      });
  if (count == 0) return;
  fmt::print(stderr,
             "attune: warning: {} texts of the seeds hold secrets or personal data and are sent to "
             "{}; --pii mask replaces them, --pii drop leaves such rows out\n",
             count, endpoint->url.origin());
}

void print_seeds(const data::Prepared& seeds, const data::Synthesis& work, const std::string& by) {
  const std::int64_t usable = std::ssize(seeds.examples);
  fmt::print("{}: {} seeds of {} rows", seeds.report.source, usable, seeds.report.rows_read);
  if (work.shown_seeds() < usable) {
    fmt::print("; {} with tools or several turns, or written by a model, are not shown to it",
               usable - work.shown_seeds());
  }
  fmt::print("\nwritten by {}\n", by);
  if (work.counts().resumed) {
    fmt::print("going on behind {} requests, {} rows kept\n", work.counts().requests,
               work.counts().kept);
  }
}

std::string reasons_text(const data::SynthesisCounts& counts) {
  std::string text;
  for (const auto& [reason, count] : counts.left_out)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, reason);
  return text.empty() ? "none" : text;
}

class RequestProgress {
 public:
  RequestProgress(std::int64_t count, bool quiet) : count_(count), quiet_(quiet), line_(!quiet) {}

  void show(const data::SynthesisCounts& counts) {
    constexpr double kTerminalSeconds = 0.2;
    constexpr double kPlainSeconds = 5;
    const double interval = line_.draws() ? kTerminalSeconds : kPlainSeconds;
    if (quiet_ || watch_.seconds() - shown_ < interval) return;
    shown_ = watch_.seconds();
    const std::string text = fmt::format("{} of {} rows, {} requests, left out: {}; {} + {} tokens",
                                         counts.kept, count_, counts.requests, reasons_text(counts),
                                         counts.prompt_tokens, counts.completion_tokens);
    line_.show(text);
    if (!line_.draws()) fmt::print(stderr, "{}\n", text);
  }
  void finish() { line_.clear(); }

 private:
  std::int64_t count_;
  bool quiet_;
  StatusLine line_;
  double shown_ = 0;
  Stopwatch watch_;
};

void print_result(const ExamplesCommand& o, const data::Prepared& seeds,
                  const data::SynthesisCounts& counts) {
  const std::int64_t all = counts.kept + std::ssize(seeds.examples);
  if (o.json) {
    fmt::print("{}\n", to_text(Json{{"kept", counts.kept},
                                    {"wanted", o.synthesis.count},
                                    {"requests", counts.requests},
                                    {"left_out", counts.left_out},
                                    {"prompt_tokens", counts.prompt_tokens},
                                    {"completion_tokens", counts.completion_tokens},
                                    {"rows_with_seeds", all},
                                    {"out", o.out}}));
    return;
  }
  fmt::print("{} of {} rows kept from {} requests; left out: {}\n", counts.kept, o.synthesis.count,
             counts.requests, reasons_text(counts));
  fmt::print("tokens: {} of prompts, {} of replies\n", counts.prompt_tokens,
             counts.completion_tokens);
  fmt::print(
      "{0}/generated.jsonl    the new rows\n{0}/with_seeds.jsonl   seeds and new rows: {1}\n"
      "{0}/replies.jsonl      every reply and what became of it\n{0}/{2}     which rows are "
      "synthetic\n",
      o.out, data::synthetic_line(counts.kept + seeds.synthetic.size(), all), data::kSyntheticName);
}

Result<Json> settings_of(const ExamplesCommand& o) {
  Json settings = {{"model", o.is_local() ? writer(o, nullptr) : o.asker.model},
                   {"temperature", o.asker.temperature},
                   {"contract", nullptr}};
  if (o.data.contract.empty()) return settings;
  ATTUNE_TRY(const std::string contract, read_file(o.data.contract));
  settings["contract"] = sha256(contract);
  return settings;
}

Result<int> write_examples(ExamplesCommand o) {
  ATTUNE_TRY_VOID(check_options(o));
  ATTUNE_TRY(const std::optional<grammar::Contract> contract, o.data.load_contract());
  ATTUNE_TRY(const data::PiiScanner scanner, o.pii.scanner());
  data::PrepareOptions preparing = o.data.prepare_options(contract);
  preparing.read.supervised_only = true;
  preparing.pii = &scanner;
  preparing.pii_policy = o.pii.chosen();
  ATTUNE_TRY(preparing.synthetic, o.data.load_marks());
  ATTUNE_TRY(const data::Prepared seeds, data::prepare(o.data.file, preparing));
  std::optional<client::Endpoint> endpoint;
  if (!o.is_local()) {
    ATTUNE_TRY(endpoint, o.remote.resolve());
  }
  warn_of_pii(seeds, endpoint ? &*endpoint : nullptr);
  o.synthesis.at_once = o.asker.at_once;
  o.synthesis.normalise = preparing.normalise;
  o.synthesis.contract = preparing.contract;
  if (contract) o.synthesis.prompts.contract = grammar::instruction(*contract);
  o.synthesis.prompts.synthetic = seeds.synthetic;
  o.asker.seed = o.synthesis.prompts.seed;
  RequestProgress progress(o.synthesis.count, o.json);
  o.synthesis.progress = [&](const data::SynthesisCounts& counts) { progress.show(counts); };
  ATTUNE_TRY(Json settings, settings_of(o));
  ATTUNE_TRY(data::Synthesis work,
             data::Synthesis::open(seeds.examples, o.synthesis, std::move(settings), o.out));
  if (!o.json) print_seeds(seeds, work, writer(o, endpoint ? &*endpoint : nullptr));
  data::ModelAsker ask;
  if (endpoint) {
    ask = endpoint_asker(*endpoint, o.asker);
  } else {
    ATTUNE_TRY(ask, local_asker(o.local, o.asker));
  }
  const Result<data::SynthesisCounts> counts = work.run(ask);
  progress.finish();
  print_result(o, seeds, counts ? *counts : work.counts());
  ATTUNE_TRY_VOID(counts);
  return counts->kept >= o.synthesis.count ? 0 : 1;
}

void declare_model(CLI::App& c, ExamplesCommand& o) {
  o.remote.declare(c);
  c.add_option("--model", o.asker.model, "Model of the endpoint that writes the examples");
  c.add_option("--base", o.local.model, "Or a model folder on this machine");
  c.add_option("--adapter", o.local.adapter, "An adapter on it");
  c.add_option("--threads", o.local.threads, "Threads of a local model; 0: every CPU")
      ->capture_default_str();
  c.add_option("--temperature", o.asker.temperature, "Of the replies")
      ->check(CLI::Range(0.0, 2.0))
      ->capture_default_str();
  c.add_option("--max-tokens", o.asker.most_tokens,
               "Longest reply (the endpoint's own limit, or 1024 of a local model, otherwise)")
      ->check(CLI::Range(std::int64_t{1}, kLargestNumber));
  c.add_option("--parallel", o.asker.at_once, "Requests under way at once")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{64}))
      ->capture_default_str();
}

void declare_synthesis(CLI::App& c, ExamplesCommand& o) {
  c.add_option("--out", o.out, "Folder; the same command goes on with what is there")->required();
  c.add_option("--count", o.synthesis.count, "New rows wanted")
      ->required()
      ->check(CLI::Range(std::int64_t{1}, kLargestNumber));
  c.add_option("--max-requests", o.synthesis.most_requests,
               "Most requests of all runs together (no bound otherwise)")
      ->check(CLI::Range(std::int64_t{1}, kLargestNumber));
  c.add_option("--shots", o.synthesis.prompts.shots, "Seeds shown in a prompt")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{50}))
      ->capture_default_str();
  c.add_option("--seed", o.synthesis.prompts.seed, "Of the choice of seeds")->capture_default_str();
  c.add_option("--instruction", o.synthesis.prompts.instruction,
               "Words added to the prompt: \"Write in German.\"");
  c.add_option("--similarity", o.synthesis.near,
               "A question this much like a seed's or an earlier one's is left out")
      ->check(CLI::Range(0.5, 1.0))
      ->capture_default_str();
  c.add_option("--least-usable", o.synthesis.least_usable,
               "Share of the last 40 replies below which the work ends")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  c.add_flag("--json", o.json, "Print the counts as one JSON object");
}

}  // namespace

void add_data_generate(CLI::App& group, Body& selected) {
  auto o = std::make_shared<ExamplesCommand>();
  CLI::App* c = group.add_subcommand(
      "generate", "More examples like the given ones, written by a model and sifted");
  o->data.declare(*c);
  o->pii.declare(*c);
  declare_model(*c, *o);
  declare_synthesis(*c, *o);
  c->callback([o, &selected] { selected = [o] { return write_examples(*o); }; });
}

}  // namespace attune::cli
