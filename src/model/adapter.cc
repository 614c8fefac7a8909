#include "model/adapter.h"

#include <algorithm>

#include "model/weights.h"

namespace attune::model {

Result<Adapter> Adapter::load(const Path& folder, const Model& base) {
  ATTUNE_TRY(StoredAdapter stored, read_adapter(folder, base.weights()));
  return Adapter(std::make_unique<const Weights>(Weights{.parts = std::move(stored.parts)}));
}

std::int64_t Adapter::rank() const {
  std::int64_t rank = 0;
  for (const auto& part : weights_->parts) rank = std::max(rank, part ? part->rank : 0);
  return rank;
}

std::int64_t Adapter::bytes() const {
  std::int64_t bytes = 0;
  for (const auto& part : weights_->parts) bytes += part ? part->a.bytes() + part->b.bytes() : 0;
  return bytes;
}

Adapter::Adapter(std::unique_ptr<const Weights> weights) : weights_(std::move(weights)) {}
Adapter::Adapter(Adapter&&) noexcept = default;
Adapter& Adapter::operator=(Adapter&&) noexcept = default;
Adapter::~Adapter() = default;

}  // namespace attune::model
