#include "kernels/attention.h"

#include <cmath>

#include "kernels/support.h"

namespace attune::kernels {
namespace {

struct Shape {
  std::int64_t queries, keys, head_dim, group, window;
};

constexpr Shape kShapes[] = {{1, 1, 4, 1, 0},      {3, 3, 8, 1, 0},      {17, 17, 20, 3, 0},
                             {65, 65, 32, 2, 0},   {127, 127, 48, 1, 0}, {128, 128, 64, 1, 0},
                             {129, 129, 16, 4, 0}, {300, 300, 64, 3, 0}, {33, 33, 256, 2, 0},
                             {300, 300, 24, 2, 7}, {300, 300, 24, 1, 1}, {290, 290, 64, 3, 130},
                             {40, 40, 8, 150, 0}};

// Queries that continue a cached prefix.
constexpr Shape kContinued[] = {{1, 17, 64, 4, 0},
                                {1, 300, 32, 1, 0},
                                {1, 300, 32, 8, 20},
                                {40, 333, 48, 2, 0},
                                {5, 260, 128, 3, 100}};

// Random operands with gaps between the rows, and results.
struct Problem {
  explicit Problem(const Shape& shape)
      : width(shape.group * shape.head_dim + 5),
        kv_width(shape.head_dim + 7),
        q(random_floats(shape.queries * width, 1)),
        k(random_floats(shape.keys * kv_width, 2)),
        v(random_floats(shape.keys * kv_width, 3)),
        d_out(random_floats(shape.queries * width, 4)),
        out(q.size(), -1.0f),
        lse(static_cast<std::size_t>(shape.queries * (shape.group + 1))),
        d_q(q.size()),
        d_k(k.size(), NAN),
        d_v(v.size(), NAN) {
    args = {.queries = shape.queries,
            .keys = shape.keys,
            .head_dim = shape.head_dim,
            .group = shape.group,
            .scale = 1.0f / std::sqrt(static_cast<float>(shape.head_dim)),
            .window = shape.window,
            .q = q.data(),
            .k = k.data(),
            .v = v.data(),
            .out = out.data(),
            .lse = lse.data(),
            .q_stride = width,
            .kv_stride = kv_width,
            .out_stride = width,
            .lse_stride = shape.group + 1,
            .scratch = scratch()};
  }
  Problem(const Problem&) = delete;
  Problem& operator=(const Problem&) = delete;

  AttentionGradArgs gradients() {
    return {.forward = args,
            .d_out = d_out.data(),
            .d_q = d_q.data(),
            .d_k = d_k.data(),
            .d_v = d_v.data()};
  }

  std::int64_t width, kv_width;
  std::vector<float> q, k, v, d_out, out, lse, d_q, d_k, d_v;
  AttentionArgs args;
};

// Rows [rows, used] of two arrays `stride` apart agree.
void expect_rows_near(const std::vector<float>& got, const std::vector<float>& wanted,
                      std::int64_t rows, std::int64_t used, std::int64_t stride, double tolerance,
                      const char* name) {
  std::int64_t wrong = 0;
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < used; ++j) {
      const auto place = static_cast<std::size_t>(i * stride + j);
      const double bound = tolerance * (1 + std::fabs(wanted[place]));
      if (!(std::fabs(got[place] - wanted[place]) <= bound) && ++wrong <= 3) {
        ADD_FAILURE() << name << "[" << i << ", " << j << "] is " << got[place] << ", wanted "
                      << wanted[place];
      }
    }
  }
  EXPECT_EQ(wrong, 0);
}

class Attention : public EachSet {};

TEST_P(Attention, ForwardMatchesTheReference) {
  std::vector<Shape> shapes(std::begin(kShapes), std::end(kShapes));
  shapes.insert(shapes.end(), std::begin(kContinued), std::end(kContinued));
  for (const Shape& shape : shapes) {
    SCOPED_TRACE(testing::Message()
                 << shape.queries << " queries " << shape.keys << " keys dim " << shape.head_dim
                 << " group " << shape.group << " window " << shape.window);
    Problem got(shape), wanted(shape);
    ops().attention_forward(got.args);
    reference().attention_forward(wanted.args);
    expect_rows_near(got.out, wanted.out, shape.queries, got.width, got.width, 3e-6, "out");
    expect_rows_near(got.lse, wanted.lse, shape.queries, shape.group, shape.group + 1, 2e-6, "lse");
  }
}

TEST_P(Attention, BackwardMatchesTheReference) {
  for (const Shape& shape : kShapes) {
    SCOPED_TRACE(testing::Message() << shape.queries << " queries dim " << shape.head_dim
                                    << " group " << shape.group << " window " << shape.window);
    Problem got(shape), wanted(shape);
    ops().attention_forward(got.args);
    ops().attention_backward(got.gradients());
    reference().attention_forward(wanted.args);
    reference().attention_backward(wanted.gradients());
    const std::int64_t used = shape.group * shape.head_dim;
    expect_rows_near(got.d_q, wanted.d_q, shape.queries, used, got.width, 1e-5, "d_q");
    const double gathered = 1e-5 * std::sqrt(static_cast<double>(shape.group));
    expect_rows_near(got.d_k, wanted.d_k, shape.keys, shape.head_dim, got.kv_width, gathered,
                     "d_k");
    expect_rows_near(got.d_v, wanted.d_v, shape.keys, shape.head_dim, got.kv_width, gathered,
                     "d_v");
  }
}

TEST_P(Attention, WorksWithoutRoomForTheLogSums) {
  Problem got({20, 20, 16, 2, 0}), wanted({20, 20, 16, 2, 0});
  got.args.lse = nullptr;
  ops().attention_forward(got.args);
  ops().attention_forward(wanted.args);
  EXPECT_EQ(got.out, wanted.out);
}

// One head in double: sum(d_out * attention(q, k, v)), with q, k and v one after the other in x.
double weighted_attention(const std::vector<double>& x, const std::vector<float>& d_out,
                          std::size_t tokens, std::size_t dim, double scale, std::size_t window) {
  const double *q = x.data(), *k = q + tokens * dim, *v = k + tokens * dim;
  double total = 0;
  for (std::size_t i = 0; i < tokens; ++i) {
    double sum = 0, weighted = 0;
    for (std::size_t j = i + 1 > window ? i + 1 - window : 0; j <= i; ++j) {
      double score = 0, value = 0;
      for (std::size_t d = 0; d < dim; ++d) {
        score += q[i * dim + d] * k[j * dim + d];
        value += d_out[i * dim + d] * v[j * dim + d];
      }
      sum += std::exp(scale * score);
      weighted += std::exp(scale * score) * value;
    }
    total += weighted / sum;
  }
  return total;
}

TEST_P(Attention, BackwardIsTheSlopeOfForward) {
  constexpr std::size_t kTokens = 9, kDim = 6, kCount = kTokens * kDim;
  const std::vector<float> x = random_floats(3 * kCount, 1), d_out = random_floats(kCount, 2);
  for (const std::size_t window : {std::size_t{100}, std::size_t{4}}) {
    std::vector<float> out(kCount), lse(kTokens), d(3 * kCount);
    const AttentionArgs args{.queries = kTokens,
                             .keys = kTokens,
                             .head_dim = kDim,
                             .scale = 0.4f,
                             .window = static_cast<std::int64_t>(window),
                             .q = x.data(),
                             .k = x.data() + kCount,
                             .v = x.data() + 2 * kCount,
                             .out = out.data(),
                             .lse = lse.data(),
                             .q_stride = kDim,
                             .kv_stride = kDim,
                             .out_stride = kDim,
                             .lse_stride = 1,
                             .scratch = scratch()};
    ops().attention_forward(args);
    ops().attention_backward({.forward = args,
                              .d_out = d_out.data(),
                              .d_q = d.data(),
                              .d_k = d.data() + kCount,
                              .d_v = d.data() + 2 * kCount});
    for (std::int64_t i = 0; i < static_cast<std::int64_t>(3 * kCount); ++i) {
      const auto f = [&](const std::vector<double>& moved) {
        return weighted_attention(moved, d_out, kTokens, kDim, 0.4f, window);
      };
      EXPECT_NEAR(d[static_cast<std::size_t>(i)], slope(f, to_double(x), i), 3e-6) << i;
    }
  }
}

// Few rows take another path than many.
TEST_P(Attention, TokensDecodedAloneOrInPairsHaveTheBitsTheyHaveInAPrompt) {
  for (const Shape& shape : {Shape{290, 290, 40, 3, 0}, Shape{290, 290, 40, 3, 50},
                             Shape{270, 270, 64, 7, 0}, Shape{140, 140, 30, 1, 0}}) {
    Problem prompt(shape);
    ops().attention_forward(prompt.args);
    for (const std::int64_t position : {1, 5, 127, 128, 139}) {
      for (const std::int64_t queries : {1, 2}) {
        std::vector<float> out(static_cast<std::size_t>(queries * prompt.width), -1.0f);
        AttentionArgs last = prompt.args;
        last.queries = queries;
        last.keys = position + 1;
        last.q += (position + 1 - queries) * last.q_stride;
        last.out = out.data();
        last.lse = nullptr;
        last.scratch = scratch();
        ops().attention_forward(last);
        const std::int64_t first = (position + 1 - queries) * prompt.width;
        for (std::size_t i = 0; i < out.size(); ++i) {
          ASSERT_EQ(out[i], prompt.out[static_cast<std::size_t>(first) + i]) << position;
        }
      }
    }
  }
}

TEST_P(Attention, LargeScoresDoNotOverflow) {
  Problem problem({140, 140, 16, 1, 0});
  for (float& value : problem.q) value *= 300.0f;
  ops().attention_forward(problem.args);
  ops().attention_backward(problem.gradients());
  for (std::int64_t i = 0; i < 140; ++i) {
    for (std::int64_t d = 0; d < 16; ++d) {
      ASSERT_TRUE(std::isfinite(problem.out[static_cast<std::size_t>(i * problem.width + d)]));
      ASSERT_TRUE(std::isfinite(problem.d_q[static_cast<std::size_t>(i * problem.width + d)]));
      ASSERT_TRUE(std::isfinite(problem.d_k[static_cast<std::size_t>(i * problem.kv_width + d)]));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sets, Attention, testing::ValuesIn(available_sets()), set_name);

}  // namespace
}  // namespace attune::kernels
