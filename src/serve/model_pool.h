// The models that the server answers with: bases, loaded on first use and kept while memory lasts,
// and tuned models, each an adapter on a base that is shared.
//
//   ATTUNE_TRY(auto pool, ModelPool::open({.models_folder = home.models()}, store));
//   ATTUNE_ANSWER(const ServedModel model, pool->find(tenant, "ft:tiny:local::ab12cd34"));
//   model.base->engine->submit({.prompt = ids, .adapter = model.adapter, ...});
//
// A tuned model or checkpoint answers as soon as it is in the store, also while its job goes on. A
// base that nobody uses gives way to one that is asked for, the least recently used first. All
// methods may be called from any thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "infer/engine.h"
#include "infer/token_text.h"
#include "io/file.h"
#include "jobs/models.h"
#include "jobs/rows.h"
#include "model/model.h"
#include "text/chat_format.h"
#include "wire/error.h"

namespace attune::jobs {
class Store;
}

namespace attune::serve {

struct PoolOptions {
  Path models_folder;                   // bases below it, by their path
  std::vector<std::string> named = {};  // and these, "NAME=FOLDER"
  model::Precision precision = model::Precision::bf16;
  // Of weights, adapters and caches of all loaded bases; 0: six tenths of the machine's.
  std::int64_t memory_bytes = 0;
  std::int64_t adapter_bytes = std::int64_t{1} << 30;  // of adapters that are kept without use
  infer::EngineOptions engine = {};                    // of each base
};

// A base in memory. Everything but the engine is constant.
struct ServedBase {
  std::string name;
  model::Model weights;
  std::optional<text::ChatFormat> chat;  // none: the folder has no usable chat template
  std::string chat_fault;                // then, why
  std::optional<text::Tokenizer> plain;  // the tokenizer where `chat` brings none
  std::optional<infer::TokenText> token_text;
  std::vector<std::int32_t> stop_ids;       // end an answer, with or without template
  std::optional<std::int32_t> first_token;  // what stands for a prompt without tokens
  std::int64_t bytes = 0;
  std::unique_ptr<infer::Engine> engine;  // last: it uses the others

  const text::Tokenizer& tokenizer() const { return chat ? chat->tokenizer() : *plain; }
};

struct ServedModel {
  std::string name;
  std::shared_ptr<const ServedBase> base;
  std::shared_ptr<const model::Adapter> adapter;  // null: the base itself
};

class ModelPool {
 public:
  // Fails when a named folder is no model.
  static Result<std::unique_ptr<ModelPool>> open(PoolOptions options, jobs::Store& store);

  // 404 for a name that is unknown to the tenant. The first call for a base loads it.
  wire::Answer<ServedModel> find(const jobs::Tenant& tenant, std::string_view name);

  // Whether find() knows the name; loads nothing.
  Result<bool> knows(const jobs::Tenant& tenant, std::string_view name);

  std::vector<jobs::BaseModel> bases() const;

  struct LoadedBase {
    std::string name;
    std::int64_t bytes;
    std::shared_ptr<const ServedBase> base;
  };
  std::vector<LoadedBase> loaded() const;  // for metrics

 private:
  struct BaseSlot {
    std::shared_ptr<const ServedBase> base;
    std::int64_t bytes = 0;  // set while it is loaded or loading
    bool loading = false;
    std::int64_t last_use = 0;
  };
  struct AdapterSlot {
    std::shared_ptr<const model::Adapter> adapter;
    std::int64_t last_use = 0;
  };
  using BasePointer = std::shared_ptr<const ServedBase>;

  ModelPool(PoolOptions options, jobs::Store& store, jobs::BaseModels bases);

  std::optional<jobs::BaseModel> find_base(std::string_view name);
  wire::Answer<BasePointer> use_base(const jobs::BaseModel& base);
  Result<std::vector<BasePointer>> make_room(std::int64_t bytes);  // under mutex_; what was dropped
  Result<BasePointer> load(const jobs::BaseModel& base) const;
  Result<std::shared_ptr<const model::Adapter>> use_adapter(const jobs::ModelRow& row,
                                                            const ServedBase& base);
  void drop_spare_adapters();  // under mutex_

  const PoolOptions options_;
  const std::int64_t memory_bytes_;
  jobs::Store& store_;
  mutable std::mutex mutex_;
  std::condition_variable loaded_;
  jobs::BaseModels bases_;
  std::map<std::string, BaseSlot> base_slots_;
  std::map<std::string, AdapterSlot> adapter_slots_;  // by the folder of the adapter
  std::int64_t uses_ = 0;
  std::optional<Stopwatch> looked_;  // for folders that are new
};

}  // namespace attune::serve
