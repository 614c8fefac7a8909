// How long all the measures without a judge take over recorded outputs.
//
// The outputs are made up: text answers of about 60 words with changes against their reference, and
// JSON answers with a list of items, half of them in a fence or with chatter. Every measure runs on
// every output; the last line is the sum, to be held against the target of 60 s for 100,000 outputs
// on two cores. Processor seconds are those of all threads together: on a busy machine half of them
// is what two idle cores would take.
#include <array>
#include <cstdio>
#include <ctime>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/clock.h"
#include "base/random.h"
#include "metrics/answer_text.h"
#include "metrics/chrf.h"
#include "metrics/faithfulness.h"
#include "metrics/field_f1.h"
#include "metrics/format_levels.h"
#include "metrics/ifeval.h"
#include "metrics/json_part.h"
#include "metrics/label_report.h"
#include "metrics/output_agreement.h"
#include "metrics/rouge.h"
#include "metrics/style_profile.h"
#include "metrics/terminology.h"
#include "metrics/text_similarity.h"
#include "metrics/tool_match.h"

namespace attune::metrics {
namespace {

struct Output {
  std::string text, text_reference;
  std::string json;
  Json json_reference;
  std::string label, label_reference;
};

constexpr std::array<std::string_view, 24> kWords{
    "the",      "valve",    "pump",  "is",    "worn",  "and",   "must",   "be",
    "replaced", "before",   "next",  "shift", "P-101", "3.5",   "kg",     "Ada",
    "order",    "customer", "motor", "a",     "of",    "water", "Berlin", "sign-in"};

std::string text_of(const RandomStream& stream, std::uint64_t& draw) {
  std::string text;
  for (int i = 0; i < 60; ++i) {
    if (i > 0) text += i % 12 == 0 ? ". " : " ";
    text += kWords[stream.below(draw++, kWords.size())];
  }
  return text + ".";
}

Output make_output(std::uint32_t number) {
  const RandomStream stream{.seed = 1, .stream = stream_id("metrics bench"), .step = number};
  std::uint64_t draw = 0;
  Output output;
  output.text_reference = text_of(stream, draw);
  const std::string other = text_of(stream, draw);
  output.text = output.text_reference.substr(0, output.text_reference.size() / 2) +
                other.substr(other.size() / 2);
  Json items = Json::array();
  for (int i = 0; i < 4; ++i) {
    items.push_back({{"name", kWords[stream.below(draw++, kWords.size())]},
                     {"quantity", stream.below(draw++, 5)}});
  }
  output.json_reference = {{"kind", "order"}, {"customer", {{"name", "Ada"}}}, {"items", items}};
  Json answer = output.json_reference;
  answer["items"][0]["quantity"] = 7;
  std::swap(answer["items"][1], answer["items"][2]);
  output.json = to_text(answer);
  if (number % 4 == 1) output.json = "```json\n" + output.json + "\n```";
  if (number % 4 == 2) output.json = "Here is the order:\n" + output.json + "\nAnything else?";
  output.label_reference = fmt::format("label {}", number % 20);
  output.label = fmt::format("label {}", number % 7 == 0 ? 3 : number % 20);
  return output;
}

using Measure = std::function<double(const Output&)>;

struct Cost {
  double seconds = 0;
  double processor_seconds = 0;
  double mean = 0;  // of the measure, so that the work is not left out
};

double processor_clock() {
  return static_cast<double>(std::clock()) / static_cast<double>(CLOCKS_PER_SEC);
}

// One measure over all outputs.
Cost run(const std::vector<Output>& outputs, std::size_t threads, const Measure& measure) {
  const Stopwatch clock;
  const double processor_start = processor_clock();
  std::vector<double> sums(threads, 0);
  std::vector<std::thread> workers;
  for (std::size_t t = 0; t < threads; ++t) {
    workers.emplace_back([&, t] {
      for (std::size_t i = t; i < outputs.size(); i += threads) sums[t] += measure(outputs[i]);
    });
  }
  for (std::thread& worker : workers) worker.join();
  double sum = 0;
  for (double one : sums) sum += one;
  return {clock.seconds(), processor_clock() - processor_start,
          sum / static_cast<double>(outputs.size())};
}

std::vector<std::pair<std::string, Measure>> all_measures() {
  std::vector<std::pair<std::string, Measure>> measures;
  for (int i = 0; i <= static_cast<int>(Similarity::rouge_l); ++i) {
    const auto similarity = static_cast<Similarity>(i);
    measures.emplace_back(similarity_name(similarity), [similarity](const Output& output) {
      return text_similarity(similarity, output.text, output.text_reference);
    });
  }
  measures.emplace_back("chrF", [](const Output& output) {
    return sentence_chrf(output.text, output.text_reference);
  });
  measures.emplace_back("rougeL, stems", [](const Output& output) {
    return rouge_l(output.text, output.text_reference, {.stem = true}).f;
  });
  measures.emplace_back("exact match and token F1", [](const Output& output) {
    const std::string_view reference = output.text_reference;
    return (exact_match(output.text, {&reference, 1}) ? 1 : 0) + token_f1(output.text, reference);
  });
  const auto schema = grammar::JsonSchema::compile(
      Json::parse(R"({"type": "object", "required": ["kind", "customer", "items"], "properties": {
        "kind": {"enum": ["order", "bill"]},
        "customer": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}},
        "items": {"type": "array", "items": {"type": "object", "required": ["name", "quantity"],
          "properties": {"name": {"type": "string"}, "quantity": {"type": "integer", "maximum": 9}}}}}})"),
      "bench");
  const Format format = JsonFormat{schema.value()};
  measures.emplace_back("format levels, JSON Schema", [format](const Output& output) {
    return *check_format(format, output.json).field;
  });
  measures.emplace_back("field F1", [](const Output& output) {
    const std::optional<JsonPart> part = find_json_part(output.json);
    return *count_fields(part ? &part->value : nullptr, output.json_reference).micro().f1();
  });
  const Terminology terms =
      Terminology::read(
          Json::parse(R"([{"preferred": "valve actuator", "forbidden": ["motor", "valve"]},
        {"preferred": "sign-in", "forbidden": ["log-in"]}, {"preferred": "client", "forbidden": ["customer"]}])"),
          "bench")
          .value();
  measures.emplace_back("terminology", [terms](const Output& output) {
    return terms.check(output.text, output.text_reference, "").adherence().value_or(0);
  });
  measures.emplace_back("agreement of two outputs", [](const Output& output) {
    return *mean_agreement(std::vector<std::string>{output.text, output.text_reference}, {});
  });
  const StyleProfile house = style_profile("The valve is worn. It must be replaced.");
  measures.emplace_back("style", [house](const Output& output) {
    return *style_stability(std::vector<std::string>{output.text}, house);
  });
  measures.emplace_back("faithfulness", [](const Output& output) {
    return check_faithfulness(output.text, output.text_reference, "What is worn?")
        .unsupported_share.value_or(0);
  });
  const IfevalPrompt prompt =
      read_ifeval_prompt(
          Json::parse(R"({"prompt": "p", "instruction_id_list": ["punctuation:no_comma",
        "length_constraints:number_words", "keywords:existence"],
        "kwargs": [{}, {"num_words": 50, "relation": "at least"}, {"keywords": ["valve", "pump"]}]})"),
          "bench")
          .value();
  measures.emplace_back("IFEval, three instructions", [prompt](const Output& output) {
    return check_ifeval(prompt, output.text).all_loose() ? 1.0 : 0.0;
  });
  const Json functions = Json::parse(
      R"([{"name": "order", "parameters": {"properties": {"item": {"type": "string"}}, "required": ["item"]}}])");
  const Json wanted = Json::parse(R"([{"order": {"item": ["label 3"]}}])");
  measures.emplace_back("tool calls", [functions, wanted](const Output& output) {
    const std::string call =
        R"([{"name": "order", "arguments": {"item": ")" + output.label + "\"}}]";
    return match_calls(*read_tool_calls(call), functions, wanted)->ok ? 1.0 : 0.0;
  });
  return measures;
}

}  // namespace
}  // namespace attune::metrics

int main(int argc, char** argv) {
  CLI::App app{"The time of all measures without a judge over recorded outputs"};
  std::uint32_t count = 100'000;
  std::size_t threads = 2;
  app.add_option("--outputs", count, "how many outputs");
  app.add_option("--threads", threads, "how many threads");
  CLI11_PARSE(app, argc, argv);
  using namespace attune::metrics;
  std::vector<Output> outputs;
  std::vector<std::string> labels;
  std::vector<std::string> wanted;
  for (std::uint32_t i = 0; i < count; ++i) {
    outputs.push_back(make_output(i));
    labels.push_back(outputs.back().label);
    wanted.push_back(outputs.back().label_reference);
  }
  Cost sum;
  for (const auto& [name, measure] : all_measures()) {
    const Cost cost = run(outputs, threads, measure);
    fmt::print("{:<28} {:7.2f} s {:7.2f} processor s   mean {:.3f}\n", name, cost.seconds,
               cost.processor_seconds, cost.mean);
    sum.seconds += cost.seconds;
    sum.processor_seconds += cost.processor_seconds;
  }
  const attune::Stopwatch clock;
  const LabelReport report = label_report(wanted, labels);
  fmt::print("{:<28} {:7.2f} s   macro-F1 {:.3f}\n", "labels", clock.seconds(), *report.macro_f1);
  fmt::print("{:<28} {:7.2f} s {:7.2f} processor s   for {} outputs on {} threads\n", "all",
             sum.seconds, sum.processor_seconds, count, threads);
  return 0;
}
