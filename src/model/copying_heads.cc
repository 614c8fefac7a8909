#include "model/copying_heads.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "base/random.h"
#include "model/weights.h"

namespace attune::model {

namespace {

// Found on repeated random words: with a deviation of 0.02 Adam moves the embedding away from the
// circuit within 50 steps, with 0.06 it stays and sharpens.
constexpr double kEmbeddingDeviation = 0.06;
constexpr double kSharedPart = 0.5;  // length of the part that all tokens share, own part 1
constexpr int kPositionPairs = 3;    // fastest rotary pairs: together they single out one distance
constexpr double kPreviousScale = 1.1;
constexpr double kMatchScore = 12;      // score of a match, before the softmax
constexpr double kFarthestMatch = 150;  // tokens over which a matching pair may turn one radian
constexpr double kCopyScale = 0.27;

using Row = std::vector<double>;

double dot(const Row& a, const Row& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// Random rows of unit length, at right angles to each other and to `fixed` (Gram-Schmidt, twice for
// rounding).
std::vector<Row> orthonormal_rows(std::int64_t count, std::int64_t width,
                                  const std::vector<Row>& fixed, RandomStream stream) {
  std::vector<Row> basis = fixed;
  for (std::int64_t r = 0; r < count; ++r) {
    Row row(static_cast<std::size_t>(width));
    for (std::int64_t i = 0; i < width; ++i) {
      row[static_cast<std::size_t>(i)] = stream.normal(static_cast<std::uint64_t>(r * width + i));
    }
    for (int pass = 0; pass < 2; ++pass) {
      for (const Row& other : basis) {
        const double along = dot(row, other);
        for (std::size_t i = 0; i < row.size(); ++i) row[i] -= along * other[i];
      }
    }
    const double length = std::sqrt(dot(row, row));
    for (double& x : row) x /= length;
    basis.push_back(std::move(row));
  }
  return {basis.begin() + static_cast<std::ptrdiff_t>(fixed.size()), basis.end()};
}

// matrix[row, :] = scale * values
void set_row(Matrix& matrix, std::int64_t row, const Row& values, double scale) {
  float* out = matrix.f32.data() + row * matrix.columns;
  for (std::size_t i = 0; i < values.size(); ++i) out[i] = static_cast<float>(scale * values[i]);
}

// matrix[:, column] = scale * values
void set_column(Matrix& matrix, std::int64_t column, const Row& values, double scale) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    matrix.f32.data()[static_cast<std::int64_t>(i) * matrix.columns + column] =
        static_cast<float>(scale * values[i]);
  }
}

class Circuit {
 public:
  Circuit(Model::Weights& weights, std::uint64_t seed) : weights_(weights) {
    const ArchSpec& spec = weights.spec;
    const auto rows = [&](const char* name, std::int64_t count, const std::vector<Row>& fixed) {
      return orthonormal_rows(count, spec.hidden, fixed, {.seed = seed, .stream = stream_id(name)});
    };
    groups_ = std::min(spec.kv_heads, spec.hidden / (3 * spec.head_dim));
    const std::int64_t content = groups_ * spec.head_dim;
    shared_ = rows("copying_heads/shared", 1, {});
    read_ = rows("copying_heads/read", content, shared_);
    left_ = rows("copying_heads/left", content, shared_);
    copied_ = rows("copying_heads/copied", content, {});
    width_ = std::sqrt(static_cast<double>(spec.hidden));
  }

  void write() {
    share_a_direction();
    for (std::int64_t group = 0; group < groups_; ++group) {
      look_one_back(weights_.layers[0], group);
      look_for_the_same(weights_.layers[2], group);
    }
  }

 private:
  // Every embedding gets the same part along one direction: what a head reads there is the same at
  // each position, so its attention depends on position alone.
  void share_a_direction() {
    const Row& shared = shared_[0];
    Matrix& embedding = weights_.embedding;
    const double scale = kEmbeddingDeviation / kInitialDeviation;
    Row row(shared.size());
    for (std::int64_t token = 0; token < embedding.rows; ++token) {
      const float* values = embedding.f32.data() + token * embedding.columns;
      std::copy_n(values, row.size(), row.begin());
      const double change =
          kSharedPart * kInitialDeviation * width_ - dot(row, shared);  // to this length along it
      for (std::size_t i = 0; i < row.size(); ++i) row[i] += change * shared[i];
      set_row(embedding, token, row, scale);
    }
  }

  // score(distance) = sum over pairs of cos((distance - 1) * frequency), highest at distance 1.
  void look_one_back(Layer& layer, std::int64_t group) {
    const ArchSpec& spec = weights_.spec;
    const std::int64_t half = spec.head_dim / 2, head = first_head(group);
    clear_head(layer, head, group);
    for (std::int64_t pair = 0; pair < std::min<std::int64_t>(kPositionPairs, half); ++pair) {
      const double angle = weights_.inverse_frequency[static_cast<std::size_t>(pair)];
      set_row(layer.k.weight, group * spec.head_dim + pair, shared_[0], kPreviousScale);
      set_row(layer.q.weight, head * spec.head_dim + pair, shared_[0],
              kPreviousScale * std::cos(angle));
      set_row(layer.q.weight, head * spec.head_dim + pair + half, shared_[0],
              -kPreviousScale * std::sin(angle));
    }
    for (std::int64_t i = 0; i < spec.head_dim; ++i) {
      const auto row = static_cast<std::size_t>(group * spec.head_dim + i);
      set_row(layer.v.weight, group * spec.head_dim + i, read_[row], 1);
      set_column(layer.o.weight, head * spec.head_dim + i, left_[row], kEmbeddingDeviation);
    }
  }

  // The query reads the token itself, the key what the first layer left of the token before; only
  // slow rotary pairs, so that distance hardly matters.
  void look_for_the_same(Layer& layer, std::int64_t group) {
    const ArchSpec& spec = weights_.spec;
    const std::int64_t half = spec.head_dim / 2, head = first_head(group);
    clear_head(layer, head, group);
    const std::int64_t first = first_slow_pair();
    const std::int64_t compared = 2 * (half - first);
    const double length =
        width_ * std::sqrt(static_cast<double>(compared) / static_cast<double>(spec.hidden));
    const double scale =
        std::sqrt(kMatchScore * std::sqrt(static_cast<double>(spec.head_dim))) / length;
    for (std::int64_t i = 0; i < compared; ++i) {
      const std::int64_t at = i < compared / 2 ? first + i : half + first + i - compared / 2;
      const auto row = static_cast<std::size_t>((group * compared + i) %
                                                static_cast<std::int64_t>(read_.size()));
      set_row(layer.q.weight, head * spec.head_dim + at, read_[row], scale);
      set_row(layer.k.weight, group * spec.head_dim + at, left_[row], 2 * scale);
    }
    for (std::int64_t i = 0; i < spec.head_dim; ++i) {
      const auto row = static_cast<std::size_t>(group * spec.head_dim + i);
      set_row(layer.v.weight, group * spec.head_dim + i, copied_[row], 1);
      set_column(layer.o.weight, head * spec.head_dim + i, copied_[row], kCopyScale);
    }
  }

  std::int64_t first_head(std::int64_t group) const {
    return group * (weights_.spec.heads / weights_.spec.kv_heads);
  }

  std::int64_t first_slow_pair() const {
    const std::int64_t half = weights_.spec.head_dim / 2;
    const auto& frequency = weights_.inverse_frequency;
    const auto slow = std::find_if(frequency.begin(), frequency.end(),
                                   [](float f) { return f * kFarthestMatch < 1; });
    return std::min<std::int64_t>(slow - frequency.begin(), half / 2);
  }

  void clear_head(Layer& layer, std::int64_t head, std::int64_t group) {
    const Row zero(static_cast<std::size_t>(weights_.spec.hidden), 0);
    for (std::int64_t i = 0; i < weights_.spec.head_dim; ++i) {
      set_row(layer.q.weight, head * weights_.spec.head_dim + i, zero, 0);
      set_row(layer.k.weight, group * weights_.spec.head_dim + i, zero, 0);
    }
  }

  Model::Weights& weights_;
  std::int64_t groups_ = 0;
  double width_ = 0;         // length of a normed row: sqrt(hidden)
  std::vector<Row> shared_;  // [1, H]
  std::vector<Row> read_;    // what is read of a token
  std::vector<Row> left_;    // where the token before is left in the residual stream
  std::vector<Row> copied_;  // what is written towards the logits
};

}  // namespace

Result<void> start_copying_heads(Model& model, std::uint64_t seed) {
  Model::Weights& weights = model.weights();
  const ArchSpec& spec = weights.spec;
  if (spec.layers < 3 || spec.qk_norm || spec.hidden < 3 * spec.head_dim || spec.head_dim < 4) {
    return bad_input(
        {.where = "copying heads",
         .found = fmt::format("{} layers, width {}, head size {}{}", spec.layers, spec.hidden,
                              spec.head_dim, spec.qk_norm ? ", query and key norms" : ""),
         .wanted = "three layers, a width of three heads, no query and key norms",
         .fix = "train without copying heads, or change config.json"});
  }
  std::vector<Matrix*> changed{&weights.embedding};
  for (const std::size_t index : {std::size_t{0}, std::size_t{2}}) {
    Layer& layer = weights.layers[index];
    for (Linear* linear : {&layer.q, &layer.k, &layer.v, &layer.o})
      changed.push_back(&linear->weight);
  }
  for (Matrix* matrix : changed) matrix->convert_to_f32();
  Circuit(weights, seed).write();
  for (Matrix* matrix : changed) matrix->convert_to_frozen();
  return {};
}

}  // namespace attune::model
