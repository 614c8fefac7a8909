#include "data/label_suspects.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/random.h"
#include "data/word_vectors.h"

namespace attune::data {

namespace {

// By bench/suspects.py: a smaller lead lists more sound labels than it finds mistakes, a larger one
// misses a quarter of them.
constexpr double kLead = 0.5;

// A symmetric matrix [n, n] of one block, turned into its Cholesky factor and that factor's
// inverse.
class Factor {
 public:
  Factor(std::span<const WordVector> vectors, std::span<const std::int64_t> rows, double ridge,
         ThreadPool& pool)
      : size_(rows.size()), values_(size_ * size_, 0.0), similarity_(size_ * size_, 0.0f) {
    pool.run(static_cast<std::int64_t>(size_), [&](std::int64_t task, int) {
      const auto i = static_cast<std::size_t>(task);
      const WordVector& own = vectors[static_cast<std::size_t>(rows[i])];
      for (std::size_t j = 0; j <= i; ++j) {
        const double alike = dot(own, vectors[static_cast<std::size_t>(rows[j])]);
        at(i, j) = alike + (i == j ? ridge : 0.0);
        similarity_[i * size_ + j] = static_cast<float>(alike);
      }
    });
    factorise(pool);
    invert(pool);
  }

  float similarity(std::size_t i, std::size_t j) const {
    return i > j ? similarity_[i * size_ + j] : similarity_[j * size_ + i];
  }

  // (M^-1)_ii for all i: the squared columns of the inverse factor.
  std::vector<double> inverse_diagonal() const {
    std::vector<double> sums(size_, 0.0);
    for (std::size_t k = 0; k < size_; ++k) {
      for (std::size_t i = 0; i <= k; ++i) sums[i] += at(k, i) * at(k, i);
    }
    return sums;
  }

  // M^-1 y = W^T (W y), W the inverse factor.
  std::vector<double> solve(std::span<const double> y) const {
    std::vector<double> x(size_, 0.0);
    for (std::size_t k = 0; k < size_; ++k) {
      double inner = 0;
      for (std::size_t j = 0; j <= k; ++j) inner += at(k, j) * y[j];
      for (std::size_t i = 0; i <= k; ++i) x[i] += at(k, i) * inner;
    }
    return x;
  }

 private:
  double& at(std::size_t i, std::size_t j) { return values_[i * size_ + j]; }
  double at(std::size_t i, std::size_t j) const { return values_[i * size_ + j]; }

  // Lower factor in place, column by column; the rows of a column are independent.
  void factorise(ThreadPool& pool) {
    for (std::size_t j = 0; j < size_; ++j) {
      const double* own = &values_[j * size_];
      const double square = std::inner_product(own, own + j, own, 0.0);
      at(j, j) = std::sqrt(std::max(at(j, j) - square, 1e-12));
      pool.split(static_cast<std::int64_t>(size_ - j - 1), 64, [&](Range range, int) {
        for (std::int64_t r = range.begin; r < range.end; ++r) {
          double* row = &values_[(j + 1 + static_cast<std::size_t>(r)) * size_];
          row[j] = (row[j] - std::inner_product(own, own + j, row, 0.0)) / own[j];
        }
      });
    }
  }

  // The inverse of the lower factor: its columns are independent.
  void invert(ThreadPool& pool) {
    std::vector<double> inverse(size_ * size_, 0.0);
    pool.run(static_cast<std::int64_t>(size_), [&](std::int64_t task, int) {
      const auto column = static_cast<std::size_t>(task);
      std::vector<double> x(size_, 0.0);
      x[column] = 1 / at(column, column);
      for (std::size_t i = column + 1; i < size_; ++i) {
        const double* row = &values_[i * size_];
        x[i] = -std::inner_product(row + column, row + i, x.data() + column, 0.0) / row[i];
      }
      for (std::size_t i = column; i < size_; ++i) inverse[i * size_ + column] = x[i];
    });
    values_ = std::move(inverse);
  }

  std::size_t size_;
  std::vector<double> values_;     // lower triangle
  std::vector<float> similarity_;  // lower triangle
};

// Scores [rows][values + 1] of one field without the row itself; the last is for having no value.
using Scores = std::vector<std::vector<double>>;

std::size_t label_of(const LabelField& field, std::int64_t row) {
  const std::int32_t label = field.labels[static_cast<std::size_t>(row)];
  return label < 0 ? field.values.size() : static_cast<std::size_t>(label);
}

Scores left_out_scores(const LabelField& field, std::span<const std::int64_t> rows,
                       const Factor& factor, std::span<const double> inverse_diagonal) {
  const std::size_t labels = field.values.size() + 1;
  Scores scores(rows.size(), std::vector<double>(labels, 0.0));
  std::vector<double> y(rows.size());
  for (std::size_t label = 0; label < labels; ++label) {
    double mean = 0;
    for (const std::int64_t row : rows) mean += label_of(field, row) == label ? 1 : 0;
    mean /= static_cast<double>(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i)
      y[i] = (label_of(field, rows[i]) == label ? 1 : 0) - mean;
    const std::vector<double> x = factor.solve(y);
    for (std::size_t i = 0; i < rows.size(); ++i)
      scores[i][label] = mean + y[i] - x[i] / inverse_diagonal[i];
  }
  return scores;
}

class LabelJudge {
 public:
  LabelJudge(const LabelField& field, std::size_t number, std::span<const std::int64_t> rows,
             const Factor& factor, const Scores& scores)
      : field_(field), number_(number), rows_(rows), factor_(factor), scores_(scores) {}

  std::int64_t agreeing = 0;

  void run(std::vector<LabelSuspect>& suspects) {
    const std::vector<double> usual = usual_scores();
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const std::vector<double>& own = scores_[i];
      const std::size_t given = label_of(field_, rows_[i]);
      const auto best =
          static_cast<std::size_t>(std::max_element(own.begin(), own.end()) - own.begin());
      agreeing += best == given ? 1 : 0;
      const bool both_values = best < field_.values.size() && given < field_.values.size();
      if (best == given || !both_values) continue;
      if (own[best] - own[given] < kLead * usual[best]) continue;
      suspects.push_back(described(i, given, best));
    }
  }

 private:
  // What rows with a label score for it, on average.
  std::vector<double> usual_scores() const {
    std::vector<double> sums(field_.values.size() + 1, 0.0), counts(sums.size(), 0.0);
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const std::size_t label = label_of(field_, rows_[i]);
      sums[label] += scores_[i][label];
      counts[label] += 1;
    }
    for (std::size_t label = 0; label < sums.size(); ++label)
      sums[label] = counts[label] > 0 ? sums[label] / counts[label] : 1.0;
    return sums;
  }

  LabelSuspect described(std::size_t i, std::size_t given, std::size_t best) const {
    LabelSuspect suspect{.row = rows_[i],
                         .field = number_,
                         .given = static_cast<std::int32_t>(given),
                         .suggested = static_cast<std::int32_t>(best),
                         .given_score = scores_[i][given],
                         .suggested_score = scores_[i][best]};
    for (std::size_t j = 0; j < rows_.size(); ++j) {
      if (j == i || label_of(field_, rows_[j]) != best) continue;
      const double alike = static_cast<double>(factor_.similarity(i, j));
      if (suspect.neighbour >= 0 && alike <= suspect.similarity) continue;
      suspect.neighbour = rows_[j];
      suspect.similarity = alike;
    }
    return suspect;
  }

  const LabelField& field_;
  const std::size_t number_;
  const std::span<const std::int64_t> rows_;
  const Factor& factor_;
  const Scores& scores_;
};

double commonest_share(const LabelField& field) {
  std::vector<std::int64_t> counts(field.values.size() + 1, 0);
  for (std::size_t row = 0; row < field.labels.size(); ++row)
    ++counts[label_of(field, static_cast<std::int64_t>(row))];
  return static_cast<double>(*std::max_element(counts.begin(), counts.end())) /
         static_cast<double>(std::max<std::size_t>(1, field.labels.size()));
}

}  // namespace

LabelReport find_label_suspects(std::span<const std::string> texts,
                                std::span<const LabelField> fields, const SuspectOptions& options,
                                ThreadPool& pool) {
  LabelReport report;
  report.fits.resize(fields.size());
  const std::int64_t rows = std::ssize(texts);
  if (rows < 2 || fields.empty()) return report;
  const std::vector<WordVector> vectors = word_vectors(texts);
  std::vector<std::int64_t> order(texts.size());
  std::iota(order.begin(), order.end(), std::int64_t{0});
  const std::int64_t blocks = (rows + options.block - 1) / options.block;
  if (blocks > 1)
    shuffle_indices(order, {.seed = options.seed, .stream = stream_id("suspect blocks")});
  std::vector<std::int64_t> agreeing(fields.size(), 0);
  for (std::int64_t block = 0; block < blocks; ++block) {
    const auto begin = static_cast<std::size_t>(block * rows / blocks);
    const auto end = static_cast<std::size_t>((block + 1) * rows / blocks);
    const std::span<const std::int64_t> part = std::span(order).subspan(begin, end - begin);
    const Factor factor(vectors, part, options.ridge, pool);
    const std::vector<double> inverse_diagonal = factor.inverse_diagonal();
    for (std::size_t field = 0; field < fields.size(); ++field) {
      const Scores scores = left_out_scores(fields[field], part, factor, inverse_diagonal);
      LabelJudge judge(fields[field], field, part, factor, scores);
      judge.run(report.suspects);
      agreeing[field] += judge.agreeing;
    }
  }
  for (std::size_t field = 0; field < fields.size(); ++field) {
    report.fits[field] = {
        .agreement = static_cast<double>(agreeing[field]) / static_cast<double>(rows),
        .commonest = commonest_share(fields[field])};
  }
  std::erase_if(report.suspects, [&](const LabelSuspect& suspect) {
    return !report.fits[suspect.field].predictable();
  });
  std::stable_sort(report.suspects.begin(), report.suspects.end(),
                   [](const LabelSuspect& a, const LabelSuspect& b) {
                     if (a.margin() != b.margin()) return a.margin() > b.margin();
                     return a.row != b.row ? a.row < b.row : a.field < b.field;
                   });
  return report;
}

}  // namespace attune::data
