#include "serve/model_pool.h"

#include <algorithm>

#include <fmt/format.h>
#include <unistd.h>

#include "io/json.h"
#include "jobs/store.h"

namespace attune::serve {

namespace {

std::int64_t default_memory() {
  const std::int64_t pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
  return pages > 0 && page > 0 ? pages / 10 * 6 * page : std::int64_t{4} << 30;
}

// What a base takes: its weights and the keys and values of what it answers.
Result<std::int64_t> bytes_of(const jobs::BaseModel& base, const PoolOptions& options) {
  const Path path = base.folder / "config.json";
  ATTUNE_TRY(const Json config, read_json(path));
  ATTUNE_TRY(const model::ArchSpec spec, model::parse_arch_spec(config, path.string()));
  const std::int64_t most_cache =
      options.engine.running * spec.max_positions * model::KvCache::bytes_a_position(spec);
  return model::weight_bytes(spec, options.precision) +
         std::min(most_cache, options.engine.cache_bytes);
}

std::vector<std::int32_t> stop_ids_of(const ServedBase& base) {
  std::vector<std::int32_t> ids;
  for (const std::int64_t id : base.weights.spec().end_tokens) {
    ids.push_back(static_cast<std::int32_t>(id));
  }
  if (base.chat) ids.insert(ids.end(), base.chat->stop_ids().begin(), base.chat->stop_ids().end());
  if (const auto end = base.tokenizer().id_of(base.tokenizer().eos_token())) ids.push_back(*end);
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

std::optional<std::int32_t> first_token_of(const ServedBase& base) {
  const text::Tokenizer& tokenizer = base.tokenizer();
  if (const auto begin = tokenizer.id_of(tokenizer.bos_token())) return begin;
  if (base.weights.spec().begin_token >= 0) {
    return static_cast<std::int32_t>(base.weights.spec().begin_token);
  }
  if (!base.stop_ids.empty()) return base.stop_ids.front();
  return std::nullopt;
}

}  // namespace

Result<std::unique_ptr<ModelPool>> ModelPool::open(PoolOptions options, jobs::Store& store) {
  ATTUNE_TRY(jobs::BaseModels bases, jobs::BaseModels::find(options.models_folder, options.named));
  return std::unique_ptr<ModelPool>(new ModelPool(std::move(options), store, std::move(bases)));
}

ModelPool::ModelPool(PoolOptions options, jobs::Store& store, jobs::BaseModels bases)
    : options_(std::move(options)),
      memory_bytes_(options_.memory_bytes > 0 ? options_.memory_bytes : default_memory()),
      store_(store),
      bases_(std::move(bases)) {}

std::vector<jobs::BaseModel> ModelPool::bases() const {
  const std::lock_guard lock(mutex_);
  return bases_.all();
}

std::vector<ModelPool::LoadedBase> ModelPool::loaded() const {
  const std::lock_guard lock(mutex_);
  std::vector<LoadedBase> all;
  for (const auto& [name, slot] : base_slots_) {
    if (slot.base) all.push_back({.name = name, .bytes = slot.base->bytes, .base = slot.base});
  }
  return all;
}

// A folder may have been put below the models folder since the last look.
std::optional<jobs::BaseModel> ModelPool::find_base(std::string_view name) {
  {
    const std::lock_guard lock(mutex_);
    if (const jobs::BaseModel* base = bases_.get(name)) return *base;
    if (looked_ && looked_->seconds() < 1) return std::nullopt;
    looked_.emplace();
  }
  Result<jobs::BaseModels> now = jobs::BaseModels::find(options_.models_folder, options_.named);
  if (!now) return std::nullopt;
  const std::lock_guard lock(mutex_);
  bases_ = std::move(*now);
  const jobs::BaseModel* base = bases_.get(name);
  return base != nullptr ? std::optional(*base) : std::nullopt;
}

Result<bool> ModelPool::knows(const jobs::Tenant& tenant, std::string_view name) {
  if (!jobs::parse_tuned_name(name)) return find_base(name).has_value();
  ATTUNE_TRY(const std::optional<jobs::ModelRow> row, store_.find_model(tenant, name));
  return row.has_value();
}

wire::Answer<ServedModel> ModelPool::find(const jobs::Tenant& tenant, std::string_view name) {
  if (!jobs::parse_tuned_name(name)) {
    const std::optional<jobs::BaseModel> base = find_base(name);
    if (!base) return wire::refuse(wire::model_not_found(name));
    ATTUNE_ANSWER(BasePointer loaded, use_base(*base));
    return ServedModel{.name = std::string(name), .base = std::move(loaded), .adapter = nullptr};
  }
  ATTUNE_ANSWER(const std::optional<jobs::ModelRow> row, store_.find_model(tenant, name));
  if (!row) return wire::refuse(wire::model_not_found(name));
  const std::optional<jobs::BaseModel> base = find_base(row->base);
  if (!base) {
    return wire::refuse(wire::server_error(fmt::format(
        "The base model {} of {} is not on this machine. Put its folder below {}, or name it "
        "with --model when the server starts.",
        row->base, name, options_.models_folder.string())));
  }
  ATTUNE_ANSWER(BasePointer loaded, use_base(*base));
  auto adapter = use_adapter(*row, *loaded);
  if (!adapter) return wire::refuse(wire::server_error(adapter.error().message()));
  return ServedModel{
      .name = std::string(name), .base = std::move(loaded), .adapter = std::move(*adapter)};
}

wire::Answer<ModelPool::BasePointer> ModelPool::use_base(const jobs::BaseModel& base) {
  std::vector<BasePointer> dropped;  // outlives the lock: an engine takes a while to stop
  std::unique_lock lock(mutex_);
  BaseSlot& slot = base_slots_[base.name];
  loaded_.wait(lock, [&] { return !slot.loading; });
  slot.last_use = ++uses_;
  if (slot.base) return slot.base;
  const auto bytes = bytes_of(base, options_);
  if (!bytes) return wire::refuse(wire::server_error(bytes.error().message()));
  auto room = make_room(*bytes);
  if (!room) return wire::refuse(wire::overloaded(room.error().message(), 10));
  dropped = std::move(*room);
  slot.loading = true;
  slot.bytes = *bytes;
  lock.unlock();
  dropped.clear();
  Result<BasePointer> loaded = load(base);
  lock.lock();
  slot.loading = false;
  if (loaded) {
    slot.base = *loaded;
  } else {
    slot.bytes = 0;
  }
  loaded_.notify_all();
  if (!loaded) return wire::refuse(wire::server_error(loaded.error().message()));
  return std::move(*loaded);
}

// Every pointer to a base is copied from its slot under mutex_, so a base that only its slot holds
// stays unused while the lock is held.
Result<std::vector<ModelPool::BasePointer>> ModelPool::make_room(std::int64_t bytes) {
  std::vector<BasePointer> dropped;
  for (;;) {
    std::int64_t used = 0;
    BaseSlot* oldest = nullptr;
    for (auto& [name, slot] : base_slots_) {
      used += slot.bytes;
      const bool spare = slot.base.use_count() == 1;
      if (spare && (oldest == nullptr || slot.last_use < oldest->last_use)) oldest = &slot;
    }
    if (used + bytes <= memory_bytes_) return dropped;
    if (oldest == nullptr) {
      return environment_failure(
          {.where = "the models in memory",
           .found = fmt::format("{} MB in use and {} MB asked for", used >> 20, bytes >> 20),
           .wanted = fmt::format("at most {} MB", memory_bytes_ >> 20),
           .fix = "ask again later, or give the server more memory for models"});
    }
    dropped.push_back(std::move(oldest->base));
    oldest->base.reset();
    oldest->bytes = 0;
  }
}

Result<ModelPool::BasePointer> ModelPool::load(const jobs::BaseModel& base) const {
  ATTUNE_TRY(model::Model weights, model::Model::load(base.folder, options_.precision));
  weights.arrange_for_answers();
  ATTUNE_TRY(const std::int64_t bytes, bytes_of(base, options_));
  auto served = std::make_shared<ServedBase>(ServedBase{.name = base.name,
                                                        .weights = std::move(weights),
                                                        .chat = {},
                                                        .chat_fault = {},
                                                        .plain = {},
                                                        .token_text = {},
                                                        .stop_ids = {},
                                                        .first_token = {},
                                                        .bytes = bytes,
                                                        .engine = {}});
  Result<text::ChatFormat> chat = text::ChatFormat::load(base.folder);
  if (chat) {
    served->chat.emplace(std::move(*chat));
  } else {
    ATTUNE_TRY(text::Tokenizer tokenizer, text::Tokenizer::load(base.folder));
    served->plain.emplace(std::move(tokenizer));
    served->chat_fault = chat.error().message();
  }
  served->token_text.emplace(served->tokenizer());
  served->stop_ids = stop_ids_of(*served);
  served->first_token = first_token_of(*served);
  ATTUNE_TRY(served->engine,
             infer::Engine::start(served->weights, served->tokenizer(), options_.engine));
  return served;
}

Result<std::shared_ptr<const model::Adapter>> ModelPool::use_adapter(const jobs::ModelRow& row,
                                                                     const ServedBase& base) {
  const std::string key = row.adapter.string();
  {
    const std::lock_guard lock(mutex_);
    const auto slot = adapter_slots_.find(key);
    if (slot != adapter_slots_.end()) {
      slot->second.last_use = ++uses_;
      return slot->second.adapter;
    }
  }
  ATTUNE_TRY(model::Adapter read, model::Adapter::load(row.adapter, base.weights));
  auto adapter = std::make_shared<const model::Adapter>(std::move(read));
  const std::lock_guard lock(mutex_);
  AdapterSlot& slot = adapter_slots_[key];
  if (!slot.adapter) slot.adapter = std::move(adapter);  // else another request was faster
  slot.last_use = ++uses_;
  auto used = slot.adapter;
  drop_spare_adapters();
  return used;
}

void ModelPool::drop_spare_adapters() {
  for (;;) {
    std::int64_t bytes = 0;
    auto oldest = adapter_slots_.end();
    for (auto slot = adapter_slots_.begin(); slot != adapter_slots_.end(); ++slot) {
      if (slot->second.adapter.use_count() > 1) continue;
      bytes += slot->second.adapter->bytes();
      const bool older =
          oldest == adapter_slots_.end() || slot->second.last_use < oldest->second.last_use;
      if (older) oldest = slot;
    }
    if (bytes <= options_.adapter_bytes || oldest == adapter_slots_.end()) return;
    adapter_slots_.erase(oldest);
  }
}

}  // namespace attune::serve
