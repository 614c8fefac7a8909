#include "kernels/context.h"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace attune::kernels {
namespace {

constexpr std::size_t kPageBytes = 4096;
static_assert(kGemmScratchBytes % 4096 == 0 && kGemmScratchBytes >= kAttentionScratchBytes);

// How a product is cut: `rows` x `columns` pieces, one a thread.
struct Grid {
  std::int64_t rows, columns;
};

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// Piece `index` of `pieces` of [0, count), cut at multiples of `grain`.
Range piece(std::int64_t count, std::int64_t grain, std::int64_t pieces, std::int64_t index) {
  const std::int64_t grains = count / grain;
  const auto bound = [&](std::int64_t i) {
    return i == pieces ? count : grains * i / pieces * grain;
  };
  return {bound(index), bound(index + 1)};
}

// The cut with the least time a thread: its share of the products, plus packing both operands,
// which costs about as much as kPackCost products an element.
Grid choose_grid(const GemmArgs& args, std::int64_t threads) {
  constexpr std::int64_t kPackCost = 16;
  Grid best{1, 1};
  std::int64_t best_cost = -1;
  for (std::int64_t rows = 1; rows <= threads; ++rows) {
    if (threads % rows != 0) continue;
    const std::int64_t columns = threads / rows;
    if (rows > 1 && args.m < rows * kGemmRowGrain) continue;
    if (columns > 1 && args.n < columns * kGemmColumnGrain) continue;
    const std::int64_t m = ceil_div(ceil_div(args.m, kGemmRowGrain), rows) * kGemmRowGrain;
    const std::int64_t n = ceil_div(ceil_div(args.n, kGemmColumnGrain), columns) * kGemmColumnGrain;
    const std::int64_t cost = m * n + kPackCost * (m + n);
    if (best_cost < 0 || cost < best_cost) best = {rows, columns}, best_cost = cost;
  }
  return best;
}

static_assert(kGemmColumnGrain % kQuantBlock == 0, "a piece of B begins with a block");

// The pieces [rows) x [columns) of the product, with its own scratch.
GemmArgs part(const GemmArgs& whole, Range rows, Range columns, std::byte* scratch) {
  const auto advance = [](const GemmOperand& operand, std::int64_t elements) {
    GemmOperand moved = operand;
    moved.data =
        static_cast<const std::byte*>(operand.data) + stored_bytes(operand.dtype, elements);
    if (is_quantised(operand.dtype)) moved.scales += elements / kQuantBlock;
    return moved;
  };
  GemmArgs args = whole;
  args.m = rows.size();
  args.n = columns.size();
  args.a = advance(whole.a, whole.a.transposed ? rows.begin : rows.begin * whole.a.stride);
  args.b = advance(whole.b, whole.b.transposed ? columns.begin * whole.b.stride : columns.begin);
  args.c = whole.c + rows.begin * whole.c_stride + columns.begin;
  args.scratch = scratch;
  return args;
}

}  // namespace

struct Context::Scratch {
  explicit Scratch(std::size_t bytes)
      : memory(static_cast<std::byte*>(std::aligned_alloc(kPageBytes, bytes))) {
    if (memory == nullptr) throw std::bad_alloc();
  }
  ~Scratch() { std::free(memory); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  std::byte* memory;
};

Context::Context(Isa isa, int threads)
    : ops_(&kernels_for(isa)),
      pool_(std::make_unique<ThreadPool>(threads)),
      scratch_(std::make_shared<Scratch>(static_cast<std::size_t>(pool_->threads()) *
                                         static_cast<std::size_t>(kGemmScratchBytes))) {}

std::byte* Context::scratch(int worker) const {
  return scratch_->memory + worker * kGemmScratchBytes;
}

void parallel_gemm(const Context& context, const GemmArgs& args) {
  // Below this many products, waking the threads costs more than it saves. To read a weight costs
  // about as much as kReadCost products.
  constexpr std::int64_t kWorthSplitting = 96 * 96 * 96, kReadCost = 16;
  const std::int64_t threads = context.pool().threads();
  const bool whole = threads == 1 || (args.m + kReadCost) * args.n * args.k < kWorthSplitting;
  const Grid grid = whole ? Grid{1, 1} : choose_grid(args, threads);
  if (grid.rows * grid.columns == 1) {
    context.ops().gemm(part(args, {0, args.m}, {0, args.n}, context.scratch(0)));
    return;
  }
  context.pool().run(grid.rows * grid.columns, [&](std::int64_t task, int worker) {
    const Range rows = piece(args.m, kGemmRowGrain, grid.rows, task / grid.columns);
    const Range columns = piece(args.n, kGemmColumnGrain, grid.columns, task % grid.columns);
    if (rows.size() == 0 || columns.size() == 0) return;
    context.ops().gemm(part(args, rows, columns, context.scratch(worker)));
  });
}

}  // namespace attune::kernels
