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
  const std::int64_t count = prefix * storage_->width;
  for (std::int64_t layer = 0; layer < storage_->layers() && from_slot != to_slot; ++layer) {
    const std::int64_t from = storage_->offset(layer, from_slot),
                       to = storage_->offset(layer, to_slot);
    std::copy_n(storage_->keys.data() + from, count, storage_->keys.data() + to);
    std::copy_n(storage_->values.data() + from, count, storage_->values.data() + to);
  }
  storage_->lengths.at(static_cast<std::size_t>(to_slot)) = prefix;
}

void KvCache::copy_prefix(const KvCache& from, std::int64_t prefix) {
  const Storage& source = *from.storage_;
  CHECK(prefix >= 0 && prefix <= from.length(0) && prefix <= storage_->positions &&
            source.width == storage_->width && source.layers() == storage_->layers(),
        "a prefix of {} tokens of another cache", prefix);
  for (std::int64_t layer = 0; layer < storage_->layers(); ++layer) {
    const std::int64_t count = prefix * storage_->width;
    std::copy_n(source.keys.data() + source.offset(layer, 0), count,
                storage_->keys.data() + storage_->offset(layer, 0));
    std::copy_n(source.values.data() + source.offset(layer, 0), count,
                storage_->values.data() + storage_->offset(layer, 0));
  }
  storage_->lengths.front() = prefix;
}

void KvCache::grow(std::int64_t positions) {
  const Storage& old = *storage_;
  if (positions <= old.positions) return;
  auto larger = std::make_unique<Storage>();
  larger->slots = old.slots;
  larger->positions = positions;
  larger->width = old.width;
  larger->lengths = old.lengths;
  larger->keys = Buffer<float>(larger->offset(old.layers(), 0));
  larger->values = Buffer<float>(larger->offset(old.layers(), 0));
  for (std::int64_t layer = 0; layer < old.layers(); ++layer) {
    for (std::int64_t slot = 0; slot < old.slots; ++slot) {
      const std::int64_t count = old.lengths[static_cast<std::size_t>(slot)] * old.width;
      std::copy_n(old.keys.data() + old.offset(layer, slot), count,
                  larger->keys.data() + larger->offset(layer, slot));
      std::copy_n(old.values.data() + old.offset(layer, slot), count,
                  larger->values.data() + larger->offset(layer, slot));
    }
  }
  storage_ = std::move(larger);
}

std::int64_t KvCache::bytes_a_position(const ArchSpec& spec) {
  return 2 * spec.layers * spec.kv_width() * static_cast<std::int64_t>(sizeof(float));
}

}  // namespace attune::model
