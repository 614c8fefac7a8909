#include "sample_report.h"

#include <cmath>
#include <stdexcept>

#include "base/random.h"

namespace attune::eval {

namespace {

constexpr const char* kContract =
    R"({"type":"object","required":["category","priority","product","customer","order_id"],
  "additionalProperties":false,"properties":{"category":{"enum":["billing","delivery","defect","setup"]},
  "priority":{"enum":["urgent","high","normal","low"]},"product":{"type":"string"},
  "customer":{"type":"object","required":["name","tier"],"properties":{"name":{"type":"string"},"tier":{"enum":["business","plus","basic"]}}},
  "order_id":{"type":["string","null"],"pattern":"^BW-[0-9]{5}$"}},"x-glossary":{"forbidden":{"hub":"control unit"}}})";

struct Draws {
  RandomStream stream;
  std::uint64_t next = 0;
  bool chance(double p) { return stream.uniform(next++) < static_cast<float>(p); }
  std::string pick(const std::vector<std::string>& from) {
    return from[stream.below(next++, from.size())];
  }
};

Json ticket(Draws& draws) {
  return {{"category", draws.pick({"billing", "delivery", "defect", "setup"})},
          {"priority", draws.pick({"urgent", "high", "normal", "low"})},
          {"product", draws.pick({"Lumvane 500", "Kestrel Dial", "Arbor Home Mini", "Tideline 8"})},
          {"customer",
           {{"name", draws.pick({"Ines Okafor", "Per Lindqvist", "Maya Tran", "Jonas Weir"})},
            {"tier", draws.pick({"business", "plus", "basic"})}}},
          {"order_id",
           draws.chance(0.7)
               ? Json("BW-" + std::to_string(10000 + draws.stream.below(draws.next++, 89999)))
               : Json(nullptr)}};
}

// An answer with each field wrong with probability `field_error` and the format broken with
// `format_error`.
std::string answered(const Json& wanted, double field_error, double format_error, Draws& draws) {
  Json answer = wanted;
  if (draws.chance(field_error))
    answer["category"] = draws.pick({"billing", "delivery", "defect", "setup"});
  if (draws.chance(field_error))
    answer["priority"] = draws.pick({"urgent", "high", "normal", "low"});
  if (draws.chance(field_error))
    answer["customer"]["tier"] = draws.pick({"business", "plus", "basic"});
  if (draws.chance(field_error / 2)) answer["order_id"] = nullptr;
  if (draws.chance(field_error / 2)) answer["product"] = "the device";
  if (!draws.chance(format_error)) return to_text(answer);
  if (draws.chance(0.4)) return "Sure, here is the ticket:\n```json\n" + to_text(answer) + "\n```";
  if (draws.chance(0.4))
    return "The customer has a problem with the " + wanted["product"].get<std::string>() +
           " and wants help soon.";
  answer["urgency"] = "very";
  return to_text(answer);
}

ArmResult sample_arm(const std::string& name, const std::vector<Json>& wanted, double field_error,
                     double format_error, std::int64_t prompt_tokens, double latency) {
  Draws draws{.stream = {.seed = 11, .stream = stream_id(name)}};
  ArmResult arm{.name = name, .answers = {}};
  for (const Json& one : wanted) {
    Answer answer{.text = answered(one, field_error, format_error, draws),
                  .prompt_tokens = prompt_tokens,
                  .completion_tokens = 62};
    answer.latency_ms =
        latency * (1 + 0.1 * static_cast<double>(draws.stream.normal(draws.next++)));
    arm.answers.push_back(answer);
  }
  return arm;
}

}  // namespace

ReportInput sample_report(int n) {
  Draws draws{.stream = {.seed = 3, .stream = stream_id("tickets")}};
  std::vector<Item> items;
  std::vector<Json> wanted;
  for (int i = 0; i < n; ++i) {
    wanted.push_back(ticket(draws));
    items.push_back(
        {"T-" + std::to_string(20000 + i),
         "From: " + wanted.back()["customer"]["name"].get<std::string>() + "\nI got the " +
             wanted.back()["product"].get<std::string>() +
             " from your shop and it does not do what it should. Please look into it.\nThanks",
         to_text(wanted.back())});
  }
  auto contract = grammar::Contract::from_json(*parse_json(kContract, "contract"), "contract");
  if (!contract) throw std::runtime_error(contract.error().message());
  auto comparison = compare(items,
                            {sample_arm("zero_shot", wanted, 0.75, 0.93, 118, 210),
                             sample_arm("few_shot", wanted, 0.42, 0.36, 642, 395),
                             sample_arm("tuned", wanted, 0.04, 0.015, 118, 205)},
                            {.contract = &*contract});
  ReportInput input{.title = "Support tickets: does tuning pay?",
                    .created = "2026-03-01T12:00:00Z",
                    .comparison = *comparison,
                    .verdict = {}};
  for (int step = 1; step <= 180; ++step) {
    const double noise = static_cast<double>(draws.stream.normal(draws.next++)) * 0.06;
    input.training.loss.push_back({step, 0.16 + 2.6 * std::exp(-step / 28.0) + std::abs(noise)});
    if (step % 20 == 0)
      input.training.validation_loss.push_back({step, 0.21 + 2.5 * std::exp(-step / 30.0)});
  }
  input.training.facts = {
      {"steps", 180},
      {"epochs", 3},
      {"seconds", 171.4},
      {"tokens_per_second", 2410.0},
      {"learning_rate", 4e-4},
      {"lora", {{"rank", 16}, {"alpha", 32}, {"targets", {"q_proj", "v_proj", "up_proj"}}}},
      {"best_step", 160}};
  input.data = {
      {"source", "tickets.csv"},
      {"rows", {{"read", 1240}, {"kept", 1204}, {"dropped", 36}}},
      {"rules",
       {{{"rule", "duplicate_row"}, {"severity", "warning"}, {"action", "dropped"}, {"count", 31}},
        {{"rule", "empty_answer"}, {"severity", "error"}, {"action", "dropped"}, {"count", 5}}}}};
  input.model = {{"base", "attune-base"},
                 {"parameters", 12400000},
                 {"dtype", "bf16"},
                 {"adapter", "out/quickstart/adapter"}};
  return input;
}

ReportInput hostile_report() {
  const std::string bad = kHostile;
  const Json reference = {{bad, bad}, {"a", 1}};
  const std::vector<Item> items{{bad, bad, to_text(reference)}, {"plain", "x", R"({"a":1})"}};
  auto comparison = compare(
      items,
      {{.name = bad, .answers = {{.text = bad}, {.text = "{\"" + bad}}},
       {.name = "tuned", .answers = {{.text = to_text({{bad, "x"}, {"a", bad}})}, {.text = ""}}}},
      {});
  ReportInput input{.title = bad, .created = bad, .comparison = *comparison, .verdict = {}};
  input.verdict.headline = bad;
  input.verdict.reasons = {bad};
  input.verdict.gates = {
      {.name = bad, .arm = bad, .required = 0.9, .measured = {}, .state = GateState::missed}};
  input.training.facts = {
      {bad, bad}, {"list", {bad}}, {"table", {{{bad, bad}}}}, {"inner", {{bad, bad}}}};
  input.training.loss = {{1, 2.0}, {2, NAN}, {3, INFINITY}, {4, 1.0}};
  input.data = input.training.facts;
  input.model = Json(bad);  // not even an object
  return input;
}

}  // namespace attune::eval
