// attune data plan: what a training would take, before it is begun: tokens by the base's own
// template, steps, memory, time from a measured probe, and what hosted training would cost.
#include <algorithm>
#include <charconv>
#include <memory>

#include <fmt/format.h>

#include "advise/prices.h"
#include "cli/data_commands.h"
#include "cli/progress.h"
#include "cli/tune.h"

namespace attune::cli {

namespace {

constexpr std::int64_t kOldPriceDays = 90;  // a page says so; --max-price-age refuses

struct PlanCommand {
  TuneOptions tune;
  std::string epochs = "auto";
  std::string prices;
  std::int64_t max_price_age = 0;
  double hour_price = -1;
  double probe_seconds = 2;
  bool all = false, json = false;
};

struct PlanNumbers {
  std::int64_t rows_read = 0, rows_usable = 0;
  data::Split split;
  std::string summary;                   // of what was found and done
  std::optional<std::int64_t> breakers;  // rows whose answer breaks the contract
  train::LedgerTotals tokens, validation;
  std::string tokens_text;
  std::int64_t longest = 0, context = 0;
  std::int64_t local_epochs = 0, hosted_epochs = 0;
  train::TrainEstimate estimate;
  advise::PriceList prices;
  std::vector<advise::HostedCost> costs;
};

// "auto" is each side's own number: the recipe here, the published rule there.
Result<std::int64_t> given_epochs(const std::string& text) {
  if (text == "auto") return 0;
  std::int64_t epochs = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), epochs);
  if (fault != std::errc() || end != text.data() + text.size() || epochs < 1) {
    return bad_input({.where = "--epochs",
                      .found = text,
                      .wanted = "auto, or a number of 1 or more",
                      .fix = "leave it out for auto"});
  }
  return epochs;
}

Result<advise::PriceList> load_prices(const PlanCommand& options) {
  const std::chrono::sys_days today = advise::today();
  advise::PriceList list = advise::PriceList::built_in(today);
  if (!options.prices.empty()) {
    ATTUNE_TRY(list, advise::PriceList::load(options.prices, today));
  }
  if (options.max_price_age > 0) ATTUNE_TRY_VOID(list.refuse_older_than(options.max_price_age));
  return list;
}

Result<data::Split> divide(const std::vector<data::Example>& examples, const PlanCommand& options) {
  if (!options.all) return divide_rows(examples, options.tune);
  data::Split split;
  for (std::int64_t row = 0; row < std::ssize(examples); ++row) split.train.push_back(row);
  return split;
}

Result<PlanNumbers> plan(PlanCommand options) {
  TuneOptions& tune = options.tune;
  ATTUNE_TRY(const std::int64_t epochs, given_epochs(options.epochs));
  ATTUNE_TRY(const advise::PriceList prices, load_prices(options));
  ATTUNE_TRY(const std::optional<grammar::Contract> contract, tune.data.load_contract());
  ATTUNE_TRY(tune.train.schedule, train::parse_schedule_kind(tune.schedule));
  ATTUNE_TRY(const text::ChatFormat format, text::ChatFormat::load(tune.model.model));
  data::PrepareOptions preparing = tune.data.prepare_options(contract);
  preparing.read.supervised_only = true;
  ATTUNE_TRY(preparing.synthetic, tune.data.load_marks());
  ATTUNE_TRY(const data::Prepared prepared, data::prepare(tune.data.file, preparing));

  PlanNumbers numbers;
  numbers.rows_read = prepared.report.rows_read;
  numbers.rows_usable = prepared.report.rows_kept;
  numbers.summary = data::summary(prepared.report);
  if (prepared.report.contract) numbers.breakers = prepared.report.contract->broken;
  ATTUNE_TRY(numbers.split, divide(prepared.examples, options));
  const train::EncodedRows rows =
      train::encode_rows(format, prepared.examples, numbers.split.train);
  const train::EncodedRows validation = train::encode_rows(
      format, prepared.examples, sample_of(numbers.split.validation, tune.most_validation_rows));
  ATTUNE_TRY_VOID(rows.check());
  ATTUNE_TRY_VOID(validation.check());

  if (epochs > 0) tune.train.epochs = epochs;
  numbers.local_epochs = tune.train.epochs;
  numbers.hosted_epochs = epochs > 0 ? epochs : train::hosted_epochs(std::ssize(rows.documents));
  ATTUNE_TRY(model::Model model, tune.model.load());
  ATTUNE_TRY(const kernels::Context context, tune.model.context());
  ATTUNE_TRY_VOID(model.add_lora(tune.lora, tune.train.seed));
  if (validation.documents.empty()) tune.train.patience = 0;
  ATTUNE_TRY(
      train::Trainer trainer,
      train::Trainer::create(
          context, model, {.train = rows.documents, .validation = validation.documents, .plan = {}},
          tune.train));
  numbers.tokens = trainer.ledger().totals();
  numbers.tokens_text = trainer.ledger().summary_text();
  numbers.validation =
      train::Ledger(validation.documents, trainer.setup().validation_uses).totals();
  numbers.context = trainer.setup().options.context;
  for (const train::Document& document : rows.documents)
    numbers.longest = std::max(numbers.longest, std::ssize(document.tokens));
  numbers.estimate = trainer.estimate(options.probe_seconds);
  numbers.costs = advise::training_costs(
      prices, {.training_tokens = numbers.tokens.tokens * numbers.hosted_epochs,
               .validation_tokens = numbers.validation.tokens * numbers.hosted_epochs});
  numbers.prices = prices;
  return numbers;
}

double local_cost(const PlanNumbers& numbers, const PlanCommand& options) {
  return numbers.estimate.total_seconds / 3600 * options.hour_price;
}

Json to_json(const train::LedgerTotals& totals) {
  return {{"rows", totals.rows},         {"rows_without_target", totals.rows_without_target},
          {"rows_cut", totals.rows_cut}, {"tokens", totals.tokens},
          {"trained", totals.trained},   {"masked", totals.masked},
          {"cut", totals.cut},           {"cut_targets", totals.cut_targets}};
}

Json to_json(const PlanNumbers& numbers, const PlanCommand& options) {
  const train::TrainEstimate& estimate = numbers.estimate;
  Json hosted = Json::array();
  for (const advise::HostedCost& cost : numbers.costs) {
    hosted.push_back({{"provider", cost.price.provider},
                      {"model", cost.price.model},
                      {"tokens", cost.tokens},
                      {"price_per_1M_tokens", cost.price.price},
                      {"cost", cost.cost},
                      {"currency", cost.price.currency},
                      {"price_date", advise::date_text(cost.price.retrieved)},
                      {"price_age_days", cost.age_days},
                      {"source_url", cost.price.source},
                      {"confidence", cost.price.confidence},
                      {"note", cost.price.note}});
  }
  Json tokens = to_json(numbers.tokens);
  tokens["longest"] = numbers.longest;
  tokens["context"] = numbers.context;
  return {{"version", 1},
          {"rows",
           {{"read", numbers.rows_read},
            {"usable", numbers.rows_usable},
            {"train", numbers.split.train.size()},
            {"validation", numbers.split.validation.size()},
            {"test", numbers.split.test.size()},
            {"contract_breakers", numbers.breakers ? Json(*numbers.breakers) : Json(nullptr)}}},
          {"model", options.tune.model.model},
          {"tokens", std::move(tokens)},
          {"validation_tokens", to_json(numbers.validation)},
          {"local",
           {{"epochs", numbers.local_epochs},
            {"steps", estimate.steps},
            {"tokens", estimate.tokens},
            {"seconds", estimate.total_seconds},
            {"least_seconds", estimate.least_seconds},
            {"most_seconds", estimate.most_seconds},
            {"measured_seconds", estimate.measured_seconds},
            {"measured_tokens", estimate.measured_tokens},
            {"memory_bytes", estimate.total_bytes},
            {"available_bytes", estimate.available_bytes},
            {"cost", options.hour_price < 0 ? Json(nullptr) : Json(local_cost(numbers, options))}}},
          {"hosted",
           {{"epochs", numbers.hosted_epochs},
            {"prices", numbers.prices.name},
            {"costs", std::move(hosted)}}}};
}

void print_hosted(const PlanNumbers& numbers, const PlanCommand& options) {
  const bool rule = options.epochs == "auto";
  fmt::print(
      "hosted  {} epochs{}, {} tokens to bill, counted with this base's vocabulary: a host "
      "counts with its own\n",
      numbers.hosted_epochs, rule ? " (n_epochs auto)" : "",
      numbers.tokens.tokens * numbers.hosted_epochs);
  fmt::print("        prices: {}\n", numbers.prices.name);
  std::size_t width = 0;
  for (const advise::HostedCost& cost : numbers.costs)
    width = std::max(width, cost.price.provider.size() + cost.price.model.size() + 1);
  std::int64_t old = 0;
  for (const advise::HostedCost& cost : numbers.costs) {
    const advise::Price& price = cost.price;
    old += cost.age_days > kOldPriceDays ? 1 : 0;
    fmt::print("        {:<{}}  {:>9.4f} {}  at {} a million, of {}, {}\n",
               price.provider + " " + price.model, width, cost.cost, price.currency, price.price,
               advise::date_text(price.retrieved), price.confidence);
  }
  if (numbers.costs.empty()) fmt::print("        no training prices in the list\n");
  if (old > 0) {
    fmt::print(
        "        {} of these prices are older than {} days: look them up before you rely "
        "on them (--json has the sources)\n",
        old, kOldPriceDays);
  }
}

void print_page(const PlanNumbers& numbers, const PlanCommand& options) {
  const train::TrainEstimate& estimate = numbers.estimate;
  fmt::print("{}train {}, validation {}, test {} rows\n\n", numbers.summary,
             numbers.split.train.size(), numbers.split.validation.size(),
             numbers.split.test.size());
  fmt::print("tokens  {}\n", numbers.tokens_text);
  fmt::print("        longest row {} tokens, context {}; by the template and vocabulary of {}\n",
             numbers.longest, numbers.context, options.tune.model.model);
  fmt::print(
      "here    {} epochs, {} steps of {} rows, {} tokens: about {} ({} to {}), from {} "
      "tokens measured in {}\n",
      numbers.local_epochs, estimate.steps, options.tune.train.documents_per_step, estimate.tokens,
      duration_text(estimate.total_seconds), duration_text(estimate.least_seconds),
      duration_text(estimate.most_seconds), estimate.measured_tokens,
      duration_text(estimate.measured_seconds));
  fmt::print("        memory {} of {} free{}\n", bytes_text(estimate.total_bytes),
             bytes_text(estimate.available_bytes),
             estimate.available_bytes > 0 && estimate.total_bytes > estimate.available_bytes
                 ? ": it does not fit; lower --tokens-per-batch"
                 : "");
  if (options.hour_price >= 0) {
    fmt::print("        {:.4f} at {} an hour\n", local_cost(numbers, options), options.hour_price);
  }
  print_hosted(numbers, options);
}

Result<int> run(const PlanCommand& options) {
  ATTUNE_TRY(const PlanNumbers numbers, plan(options));
  if (options.json) {
    fmt::print("{}\n", to_text(to_json(numbers, options)));
  } else {
    print_page(numbers, options);
  }
  return 0;
}

}  // namespace

void add_data_plan(CLI::App& group, Body& selected) {
  auto o = std::make_shared<PlanCommand>();
  CLI::App* c = group.add_subcommand(
      "plan", "Tokens, steps, memory, time and money of a training, before it is begun");
  o->tune.data.declare(*c);
  o->tune.model.declare(*c, false);
  declare_training(*c, o->tune);
  c->add_option("--epochs", o->epochs,
                "Passes over the training rows; auto: as attune tune here, as n_epochs auto hosted")
      ->capture_default_str();
  c->add_flag("--all", o->all, "Train on every row, as a job does with its training file");
  c->add_option("--prices", o->prices, "A price list of your own (docs/curation.md)");
  c->add_option("--max-price-age", o->max_price_age, "Refuse prices of more than so many days")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{100000}));
  c->add_option("--hour-price", o->hour_price,
                "What an hour of this machine costs, energy included")
      ->check(CLI::NonNegativeNumber);
  c->add_option("--probe-seconds", o->probe_seconds, "How long to measure")
      ->check(CLI::Range(0.1, 600.0))
      ->capture_default_str();
  c->add_flag("--json", o->json, "Print one JSON object");
  c->callback([o, &selected] { selected = [o] { return run(*o); }; });
}

}  // namespace attune::cli
