// How alike answers and references are: BLEU and chrF of the whole set, means of ROUGE and METEOR.
#include <span>

#include "eval/measure_arm.h"
#include "metrics/bleu.h"
#include "metrics/chrf.h"
#include "metrics/meteor.h"
#include "metrics/rouge.h"

namespace attune::eval {

namespace {

using metrics::kBleuOrders;

// ---- BLEU: two lengths, then matches and n-grams of each order ----

Counts bleu_counts_of(std::string_view answer, std::string_view reference) {
  const metrics::BleuCounts counts = metrics::bleu_counts(answer, {&reference, 1});
  Counts list = {{0, static_cast<double>(counts.answer_length)},
                 {1, static_cast<double>(counts.reference_length)}};
  for (std::uint32_t n = 0; n < kBleuOrders; ++n) {
    list.push_back({2 + n, static_cast<double>(counts.matches[n])});
    list.push_back({2 + kBleuOrders + n, static_cast<double>(counts.ngrams[n])});
  }
  return list;
}

metrics::BleuCounts bleu_sums(std::span<const double> sums) {
  metrics::BleuCounts counts;
  counts.answer_length = static_cast<std::int64_t>(sums[0]);
  counts.reference_length = static_cast<std::int64_t>(sums[1]);
  for (std::size_t n = 0; n < kBleuOrders; ++n) {
    counts.matches[n] = static_cast<std::int64_t>(sums[2 + n]);
    counts.ngrams[n] = static_cast<std::int64_t>(sums[2 + kBleuOrders + n]);
  }
  return counts;
}

CountedMeasure bleu_measure() {
  return {.name = "bleu",
          .words = "BLEU",
          .signature = metrics::bleu_signature(1),
          .sums = 2 + 2 * kBleuOrders,
          .figure = [](std::span<const double> sums) -> std::optional<double> {
            return metrics::bleu(bleu_sums(sums));
          },
          .item_figure = [](std::span<const double> sums) -> std::optional<double> {
            return metrics::bleu(bleu_sums(sums), true);
          }};
}

// ---- chrF: three counts of each order ----

Counts chrf_counts_of(std::string_view answer, std::string_view reference,
                      const metrics::ChrfOptions& options) {
  const metrics::ChrfCounts counts = metrics::chrf_counts(answer, {&reference, 1}, options);
  Counts list;
  for (const metrics::NgramOverlap& order : counts.orders) {
    for (const std::int64_t amount : {order.answer, order.reference, order.common})
      list.push_back({static_cast<std::uint32_t>(list.size()), static_cast<double>(amount)});
  }
  return list;
}

CountedMeasure chrf_measure(bool words, const metrics::ChrfOptions& options) {
  const auto figure = [](std::span<const double> sums) -> std::optional<double> {
    metrics::ChrfCounts counts;
    for (std::size_t i = 0; i + 2 < sums.size(); i += 3) {
      counts.orders.push_back({.answer = static_cast<std::int64_t>(sums[i]),
                               .reference = static_cast<std::int64_t>(sums[i + 1]),
                               .common = static_cast<std::int64_t>(sums[i + 2])});
    }
    return metrics::chrf(counts);
  };
  const auto orders = static_cast<std::size_t>(metrics::kChrfCharacterOrders + options.word_orders);
  return {.name = words ? "chrf++" : "chrf",
          .words = words ? "chrF++" : "chrF",
          .signature = metrics::chrf_signature(1, options),
          .sums = 3 * orders,
          .figure = figure};
}

// ---- means ----

CountedMeasure mean_measure(std::string name, std::string words, std::string signature) {
  return {.name = std::move(name),
          .words = std::move(words),
          .signature = std::move(signature),
          .sums = 2,
          .figure = ratio_figure};
}

using Similar = double (*)(std::string_view answer, std::string_view reference);

void add_means(const std::vector<Item>& items, const ArmResult& arm, Similar similar,
               CountedMeasure& measure) {
  for (std::size_t i = 0; i < items.size(); ++i)
    measure.items.push_back({{0, similar(arm.answers[i].text, items[i].reference)}, {1, 1}});
}

template <int kOrder>
double rouge_f(std::string_view answer, std::string_view reference) {
  return metrics::rouge_n(answer, reference, kOrder).f;
}
double rouge_l_f(std::string_view answer, std::string_view reference) {
  return metrics::rouge_l(answer, reference).f;
}

}  // namespace

CountedMeasure text_measure(Beside beside, const std::vector<Item>& items, const ArmResult& arm) {
  CountedMeasure measure;
  const auto mean = [&](const char* name, const char* words, std::string signature,
                        Similar similar) {
    measure = mean_measure(name, words, std::move(signature));
    add_means(items, arm, similar, measure);
    return measure;
  };
  if (beside == Beside::rouge_1)
    return mean("rouge_1", "ROUGE-1", metrics::rouge_signature("rouge1"), rouge_f<1>);
  if (beside == Beside::rouge_2)
    return mean("rouge_2", "ROUGE-2", metrics::rouge_signature("rouge2"), rouge_f<2>);
  if (beside == Beside::rouge_l)
    return mean("rouge_l", "ROUGE-L", metrics::rouge_signature("rougeL"), rouge_l_f);
  if (beside == Beside::meteor)
    return mean("meteor", "METEOR", "nrefs:1|stages:exact,stem|alpha:0.9|beta:3|gamma:0.5|tok:13a",
                metrics::meteor);
  const metrics::ChrfOptions options{.word_orders = beside == Beside::chrf_words ? 2 : 0};
  measure =
      beside == Beside::bleu ? bleu_measure() : chrf_measure(beside == Beside::chrf_words, options);
  for (std::size_t i = 0; i < items.size(); ++i) {
    measure.items.push_back(beside == Beside::bleu
                                ? bleu_counts_of(arm.answers[i].text, items[i].reference)
                                : chrf_counts_of(arm.answers[i].text, items[i].reference, options));
  }
  return measure;
}

}  // namespace attune::eval
