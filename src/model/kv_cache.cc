#include <algorithm>

#include "model/activations.h"

namespace attune::model {

KvCache::KvCache(const ArchSpec& spec, std::int64_t slots, std::int64_t max_positions)
    : storage_(std::make_unique<Storage>()) {
  CHECK(slots > 0 && max_positions > 0, "a cache of {} slots of {} positions", slots,
        max_positions);
  storage_->slots = slots;
  storage_->positions = max_positions;
  storage_->width = spec.kv_width();
  storage_->lengths.assign(static_cast<std::size_t>(slots), 0);
  storage_->keys = Buffer<float>(storage_->offset(spec.layers, 0));
  storage_->values = Buffer<float>(storage_->offset(spec.layers, 0));
}

KvCache::KvCache(KvCache&&) noexcept = default;
KvCache::~KvCache() = default;

std::int64_t KvCache::length(std::int64_t slot) const {
  return storage_->lengths.at(static_cast<std::size_t>(slot));
}

std::int64_t KvCache::max_positions() const { return storage_->positions; }

void KvCache::truncate(std::int64_t slot, std::int64_t new_length) {
  std::int64_t& length = storage_->lengths.at(static_cast<std::size_t>(slot));
  CHECK(new_length >= 0 && new_length <= length, "cannot truncate {} tokens to {}", length,
        new_length);
  length = new_length;
}

void KvCache::copy_prefix(std::int64_t from_slot, std::int64_t to_slot, std::int64_t prefix) {
  CHECK(prefix >= 0 && prefix <= length(from_slot), "a prefix of {} of {} tokens", prefix,
        length(from_slot));
  const std::int64_t layer_stride = storage_->offset(1, 0), count = prefix * storage_->width;
  const std::int64_t layers = layer_stride == 0 ? 0 : storage_->keys.size() / layer_stride;
  for (std::int64_t layer = 0; layer < layers && from_slot != to_slot; ++layer) {
    const std::int64_t from = storage_->offset(layer, from_slot),
                       to = storage_->offset(layer, to_slot);
    std::copy_n(storage_->keys.data() + from, count, storage_->keys.data() + to);
    std::copy_n(storage_->values.data() + from, count, storage_->values.data() + to);
  }
  storage_->lengths.at(static_cast<std::size_t>(to_slot)) = prefix;
}

}  // namespace attune::model
