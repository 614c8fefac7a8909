// The backward of attention_forward.cc, by the same blocks. For a block of rows and a block of
// keys:
//   P = exp(S - lse)    dP = dO V^T    dS = P * (dP - delta), delta = sum(dO * O)
//   dV += P^T dO        dK += dS^T (scale Q)        dQ += dS K, times scale at the end
// dK and dV gather the blocks of rows in rising order.
#include "kernels/x86/attention_block.h"
#include "kernels/x86/operations.h"

namespace attune::kernels::ATTUNE_VECTOR_SET {
namespace {

struct Buffers {
  float *queries, *d_out;     // panels of A: [row][head_dim]
  float *p, *ds;              // panels of A: [row][key]
  float *p_lines, *ds_lines;  // panels of A: [key][row]
  float *key_columns, *value_columns,
      *key_steps;                    // panels of B: [head_dim][key] twice, [key][head_dim]
  float *query_steps, *d_out_steps;  // panels of B: [row][head_dim]
  float* d_q;                        // [row][kMaxHeadDim]
};
static_assert((4 * kRowPanels + 2 * kKeyPanels + 3 * kKeyBlock + 3 * kRowBlock) * 4 <=
              kAttentionScratchBytes);

Buffers carve(std::byte* scratch) {
  auto* p = reinterpret_cast<float*>(scratch);
  const auto take = [&p](std::int64_t floats) {
    float* taken = p;
    p += floats;
    return taken;
  };
  Buffers b{};
  b.queries = take(kRowPanels);
  b.d_out = take(kRowPanels);
  b.p = take(kRowPanels);
  b.ds = take(kRowPanels);
  b.p_lines = take(kKeyPanels);
  b.ds_lines = take(kKeyPanels);
  b.key_columns = take(kKeyBlock);
  b.value_columns = take(kKeyBlock);
  b.key_steps = take(kKeyBlock);
  b.query_steps = take(kRowBlock);
  b.d_out_steps = take(kRowBlock);
  b.d_q = take(kRowBlock);
  return b;
}

// What a row brings along.
struct RowValues {
  float lse[kBlockRows];
  float delta[kBlockRows];
};

void prepare_rows(const AttentionGradArgs& args, const RowBlock& rows, const Buffers& buffers,
                  RowValues& values) {
  const AttentionArgs& f = args.forward;
  pack_rows(rows, f.q, f.q_stride, f.scale, buffers.queries);
  pack_rows(rows, args.d_out, f.out_stride, 1.0f, buffers.d_out);
  pack_panels(buffers.queries, kAttentionStride, false, f.head_dim, rows.count,
              buffers.query_steps);
  pack_panels(buffers.d_out, kAttentionStride, false, f.head_dim, rows.count, buffers.d_out_steps);
  for (std::int64_t i = 0; i < rows.count; ++i) {
    const float* out = f.out + rows.offset(i, f.out_stride);
    Vec delta = zero();
    for (std::int64_t d = 0; d < f.head_dim; d += kWidth) {
      const Vec d_out = load_at(args.d_out + rows.offset(i, f.out_stride), d, f.head_dim);
      delta = fma(d_out, load_at(out, d, f.head_dim), delta);
    }
    values.delta[i] = sum(delta);
    values.lse[i] = f.lse[rows.query(i) * f.lse_stride + rows.head(i)];
    for (std::int64_t d = 0; d < kMaxHeadDim; d += kWidth)
      store(buffers.d_q + i * kMaxHeadDim + d, zero());
  }
}

// Scores and dP of a row to P and dS, in place; 0 outside the keys [begin, end). Whole vectors are
// written.
ATTUNE_INLINE void score_gradients(float* p, float* ds, std::int64_t length, std::int64_t begin,
                                   std::int64_t end, float lse, float delta) {
  for (std::int64_t j = 0; j < length; j += kWidth) {
    Vec share = exp(load(p + j) - set(lse));
    Vec d_score = share * (load(ds + j) - set(delta));
    if (j < begin || j + kWidth > end) {
      const Mask below_end = first(larger(0, smaller(end - j, kWidth)));
      const Mask below_begin = first(larger(0, smaller(begin - j, kWidth)));
      share = select(below_begin, zero(), select(below_end, share, zero()));
      d_score = select(below_begin, zero(), select(below_end, d_score, zero()));
    }
    store(p + j, share);
    store(ds + j, d_score);
  }
}

// P, dS and dQ of one panel of rows.
ATTUNE_INLINE void panel_of_rows(const RowBlock& rows, std::int64_t panel, std::int64_t key,
                                 std::int64_t count, const Buffers& buffers,
                                 const RowValues& values) {
  const std::int64_t dim = rows.args.head_dim;
  const std::int64_t used = smaller(rows.count - panel, kTileRows);
  const std::int64_t length = round_up(count, kWidth);
  const std::int64_t seen = smaller(count, rows.end_key(panel + used - 1) - key);
  float* p = buffers.p + panel * kAttentionStride;
  float* ds = buffers.ds + panel * kAttentionStride;
  const std::int64_t computed = larger(0, round_up(seen, kWidth));
  const TileTarget p_tile{p, kAttentionStride, used, computed, 1.0f, false};
  const TileTarget ds_tile{ds, kAttentionStride, used, computed, 1.0f, false};
  multiply_panels(buffers.queries + panel * kAttentionStride, buffers.key_columns, dim, 0, dim,
                  p_tile);
  multiply_panels(buffers.d_out + panel * kAttentionStride, buffers.value_columns, dim, 0, dim,
                  ds_tile);
  for (std::int64_t i = 0; i < used; ++i) {
    float* row_p = p + i * kAttentionStride;
    float* row_ds = ds + i * kAttentionStride;
    score_gradients(row_p, row_ds, computed, rows.first_key(panel + i) - key,
                    rows.end_key(panel + i) - key, values.lse[panel + i], values.delta[panel + i]);
    for (std::int64_t j = computed; j < length; j += kWidth) {
      store(row_p + j, zero());
      store(row_ds + j, zero());
    }
  }
  if (seen <= 0) return;
  const TileTarget d_q_tile{buffers.d_q + panel * kMaxHeadDim, kMaxHeadDim, used, dim, 1.0f, true};
  multiply_panels(ds, buffers.key_steps, count, 0, seen, d_q_tile);
}

// dK and dV of the keys [key, key + count): rows that see none of a panel's keys are left out.
void gather_keys(const AttentionGradArgs& args, const RowBlock& rows, std::int64_t key,
                 std::int64_t count, const Buffers& buffers) {
  const AttentionArgs& f = args.forward;
  const auto transpose_scores = [&](const float* scores, float* lines) {
    const GemmOperand operand{scores, kAttentionStride, Dtype::f32, false};
    const Lines<Step::plain, Dtype::f32> source{operand, round_up(count, kWidth), rows.count,
                                                false};
    for (std::int64_t i = 0; i < count; i += kTileRows) {
      pack_a(source, i, kTileRows, 0, rows.count, kAttentionStride, lines + i * kAttentionStride);
    }
  };
  transpose_scores(buffers.p, buffers.p_lines);
  transpose_scores(buffers.ds, buffers.ds_lines);
  for (std::int64_t i = 0; i < count; i += kTileRows) {
    std::int64_t skip = 0;
    while (skip < rows.count && rows.end_key(skip) <= key + i) ++skip;
    if (skip == rows.count) break;
    const std::int64_t used = smaller(count - i, kTileRows);
    const std::int64_t place = (key + i) * f.kv_stride;
    const TileTarget d_v{args.d_v + place, f.kv_stride, used, f.head_dim, 1.0f, true};
    const TileTarget d_k{args.d_k + place, f.kv_stride, used, f.head_dim, 1.0f, true};
    multiply_panels(buffers.p_lines + i * kAttentionStride, buffers.d_out_steps, rows.count, skip,
                    rows.count, d_v);
    multiply_panels(buffers.ds_lines + i * kAttentionStride, buffers.query_steps, rows.count, skip,
                    rows.count, d_k);
  }
}

void block_gradients(const AttentionGradArgs& args, const RowBlock& rows, const Buffers& buffers,
                     const RowValues& values) {
  const AttentionArgs& f = args.forward;
  for (std::int64_t key = rows.keys_begin(); key < rows.keys_end(); key += kBlockKeys) {
    const std::int64_t count = smaller(kBlockKeys, rows.keys_end() - key);
    const float* k = f.k + key * f.kv_stride;
    pack_panels(k, f.kv_stride, true, count, f.head_dim, buffers.key_columns);
    pack_panels(f.v + key * f.kv_stride, f.kv_stride, true, count, f.head_dim,
                buffers.value_columns);
    pack_panels(k, f.kv_stride, false, f.head_dim, count, buffers.key_steps);
    for (std::int64_t panel = 0; panel < rows.count; panel += kTileRows) {
      panel_of_rows(rows, panel, key, count, buffers, values);
    }
    gather_keys(args, rows, key, count, buffers);
  }
}

}  // namespace

void attention_backward(const AttentionGradArgs& args) {
  const AttentionArgs& f = args.forward;
  const Buffers buffers = carve(f.scratch);
  for (std::int64_t j = 0; j < f.keys; ++j) {
    for (std::int64_t d = 0; d < f.head_dim; d += kWidth) {
      store_at(args.d_k + j * f.kv_stride, d, f.head_dim, zero());
      store_at(args.d_v + j * f.kv_stride, d, f.head_dim, zero());
    }
  }
  for (std::int64_t first_row = 0; first_row < f.queries * f.group; first_row += kBlockRows) {
    const RowBlock rows{f, first_row, smaller(kBlockRows, f.queries * f.group - first_row)};
    RowValues values;
    prepare_rows(args, rows, buffers, values);
    block_gradients(args, rows, buffers, values);
    for (std::int64_t i = 0; i < rows.count; ++i) {
      float* d_q = args.d_q + rows.offset(i, f.q_stride);
      for (std::int64_t d = 0; d < f.head_dim; d += kWidth) {
        store_at(d_q, d, f.head_dim, load(buffers.d_q + i * kMaxHeadDim + d) * set(f.scale));
      }
    }
  }
}

}  // namespace attune::kernels::ATTUNE_VECTOR_SET
