// Attention by blocks with an online softmax (Dao et al. 2022): a row keeps its largest score so
// far, the sum of its exponentials, and the sum of values under them; a larger score rescales both.
#include "kernels/x86/attention_few_rows.h"
#include "kernels/x86/operations.h"

namespace attune::kernels::ATTUNE_VECTOR_SET {
namespace {

struct Buffers {
  float* queries;  // panels of A
  float* scores;   // panels of A: [row][key]
  float* keys;     // panels of B: [head_dim][key]
  float* values;   // panels of B: [key][head_dim]
  float* out;      // [row][kMaxHeadDim], not yet divided by the sum of exponentials
};
static_assert((2 * kRowPanels + 2 * kKeyBlock + kRowBlock) * 4 <= kAttentionScratchBytes);

Buffers carve(std::byte* scratch) {
  auto* p = reinterpret_cast<float*>(scratch);
  Buffers b{};
  b.queries = p;
  b.scores = b.queries + kRowPanels;
  b.keys = b.scores + kRowPanels;
  b.values = b.keys + kKeyBlock;
  b.out = b.values + kKeyBlock;
  return b;
}

struct Softmax {
  float largest[kBlockRows];
  float total[kBlockRows];
};

// Scores of a row to exponentials, in place. Keys outside [begin, end) become 0; `length` scores
// are there, and whole vectors are written.
ATTUNE_INLINE void exponentials(float* scores, std::int64_t length, std::int64_t begin,
                                std::int64_t end, Softmax& softmax, std::int64_t row, float* out,
                                std::int64_t dim) {
  const Vec none = set(-__builtin_inff());
  Vec top = none;
  for (std::int64_t j = 0; j < length; j += kWidth) {
    Vec s = load(scores + j);
    if (j < begin || j + kWidth > end) {
      s = select(first(larger(0, smaller(end - j, kWidth))), s, none);
      s = select(first(larger(0, smaller(begin - j, kWidth))), none, s);
      store(scores + j, s);
    }
    top = max(s, top);
  }
  const float before = softmax.largest[row];
  const float block_top = largest(top);
  const float now = block_top > before ? block_top : before;
  Vec total = zero();
  for (std::int64_t j = 0; j < length; j += kWidth) {
    const Vec e = exp(load(scores + j) - set(now));
    store(scores + j, e);
    total = total + e;
  }
  if (now > before) {
    const Vec shrink = exp(set(before - now));
    for (std::int64_t d = 0; d < dim; d += kWidth) store(out + d, load(out + d) * shrink);
    softmax.total[row] *= first_lane(shrink);
    softmax.largest[row] = now;
  }
  softmax.total[row] += sum(total);
}

// The rows of a panel against the packed block of keys [key, key + count).
ATTUNE_INLINE void attend(const RowBlock& rows, std::int64_t panel, std::int64_t key,
                          std::int64_t count, const Buffers& buffers, Softmax& softmax) {
  const std::int64_t dim = rows.args.head_dim;
  const std::int64_t used = smaller(rows.count - panel, kTileRows);
  const std::int64_t seen = smaller(count, rows.end_key(panel + used - 1) - key);
  if (seen <= 0 || rows.first_key(panel) >= key + count) return;
  float* scores = buffers.scores + panel * kAttentionStride;
  const TileTarget score_tile{scores, kAttentionStride, used, round_up(seen, kWidth), 1.0f, false};
  multiply_panels(buffers.queries + panel * kAttentionStride, buffers.keys, dim, 0, dim,
                  score_tile);
  for (std::int64_t i = 0; i < used; ++i) {
    const std::int64_t row = panel + i;
    exponentials(scores + i * kAttentionStride, round_up(seen, kWidth), rows.first_key(row) - key,
                 rows.end_key(row) - key, softmax, row, buffers.out + row * kMaxHeadDim,
                 round_up(dim, kWidth));
  }
  const TileTarget out_tile{buffers.out + panel * kMaxHeadDim, kMaxHeadDim, used, dim, 1.0f, true};
  multiply_panels(scores, buffers.values, count, 0, seen, out_tile);
}

// All of at most kFewAttentionRows rows against the keys [key, key + count) where they lie.
void attend_few_rows(const RowBlock& rows, std::int64_t key, std::int64_t count,
                     const Buffers& buffers, Softmax& softmax) {
  const AttentionArgs& args = rows.args;
  const std::int64_t dim = args.head_dim, stride = args.kv_stride;
  with_few_rows(rows.count, [&](auto row_count) {
    constexpr int kRows = decltype(row_count)::value;
    score_few_rows<kRows>(buffers.queries, args.k + key * stride, stride, dim, count, buffers.keys,
                          buffers.scores);
    for (int i = 0; i < kRows; ++i) {
      exponentials(buffers.scores + i * kAttentionStride, round_up(count, kWidth),
                   rows.first_key(i) - key, rows.end_key(i) - key, softmax, i,
                   buffers.out + i * kMaxHeadDim, round_up(dim, kWidth));
    }
    add_values_of_few_rows<kRows>(buffers.scores, args.v + key * stride, stride, dim, count,
                                  buffers.out);
  });
}

void attend_packed(const RowBlock& rows, std::int64_t key, std::int64_t count,
                   const Buffers& buffers, Softmax& softmax) {
  const AttentionArgs& args = rows.args;
  pack_panels(args.k + key * args.kv_stride, args.kv_stride, true, count, args.head_dim,
              buffers.keys);
  pack_panels(args.v + key * args.kv_stride, args.kv_stride, false, args.head_dim, count,
              buffers.values);
  for (std::int64_t panel = 0; panel < rows.count; panel += kTileRows) {
    attend(rows, panel, key, count, buffers, softmax);
  }
}

void finish_rows(const RowBlock& rows, const Buffers& buffers, const Softmax& softmax) {
  const AttentionArgs& args = rows.args;
  for (std::int64_t i = 0; i < rows.count; ++i) {
    const Vec share = set(1.0f / softmax.total[i]);
    float* out = args.out + rows.offset(i, args.out_stride);
    for (std::int64_t d = 0; d < args.head_dim; d += kWidth) {
      store_at(out, d, args.head_dim, load(buffers.out + i * kMaxHeadDim + d) * share);
    }
    if (args.lse != nullptr) {
      args.lse[rows.query(i) * args.lse_stride + rows.head(i)] =
          softmax.largest[i] + __builtin_logf(softmax.total[i]);
    }
  }
}

}  // namespace

void attention_forward(const AttentionArgs& args) {
  const Buffers buffers = carve(args.scratch);
  for (std::int64_t first_row = 0; first_row < args.queries * args.group; first_row += kBlockRows) {
    const RowBlock rows{args, first_row,
                        smaller(kBlockRows, args.queries * args.group - first_row)};
    pack_rows(rows, args.q, args.q_stride, args.scale, buffers.queries);
    Softmax softmax;
    for (std::int64_t i = 0; i < rows.count; ++i) {
      softmax.largest[i] =
          -1e30f;  // finite: a block in which a row sees nothing leaves it as it is
      softmax.total[i] = 0;
      for (std::int64_t d = 0; d < kMaxHeadDim; d += kWidth)
        store(buffers.out + i * kMaxHeadDim + d, zero());
    }
    for (std::int64_t key = rows.keys_begin(); key < rows.keys_end(); key += kBlockKeys) {
      const std::int64_t count = smaller(kBlockKeys, rows.keys_end() - key);
      if (rows.count <= kFewAttentionRows) {
        attend_few_rows(rows, key, count, buffers, softmax);
      } else {
        attend_packed(rows, key, count, buffers, softmax);
      }
    }
    finish_rows(rows, buffers, softmax);
  }
}

}  // namespace attune::kernels::ATTUNE_VECTOR_SET
