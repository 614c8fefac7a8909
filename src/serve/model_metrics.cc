#include "serve/model_metrics.h"

#include <functional>

namespace attune::serve {

namespace {

using Value = std::function<std::int64_t(const ModelPool::LoadedBase&)>;

struct Family {
  std::string_view name, type, help;
  Value value;
};

std::int64_t of(const std::atomic<std::int64_t>& count) { return count.load(); }

std::vector<Family> families() {
  const auto counter = [](std::atomic<std::int64_t> infer::EngineCounters::*member) -> Value {
    return [member](const ModelPool::LoadedBase& one) {
      return of(one.base->engine->counters().*member);
    };
  };
  using Counters = infer::EngineCounters;
  return {
      {"attune_model_bytes", "gauge", "Memory set aside for a base: weights and caches.",
       [](const ModelPool::LoadedBase& one) { return one.bytes; }},
      {"attune_model_running", "gauge", "Sequences that are read or written now.",
       counter(&Counters::running)},
      {"attune_model_waiting", "gauge", "Sequences that wait for room.",
       counter(&Counters::waiting)},
      {"attune_model_cache_bytes", "gauge", "Keys and values, of remembered prompts too.",
       counter(&Counters::cache_bytes)},
      {"attune_model_passes_total", "counter", "Passes of the engine.", counter(&Counters::passes)},
      {"attune_model_prompt_tokens_total", "counter", "Tokens of prompts that were computed.",
       counter(&Counters::prompt_tokens)},
      {"attune_model_reused_tokens_total", "counter", "Tokens that were remembered instead.",
       counter(&Counters::reused_tokens)},
      {"attune_model_drawn_tokens_total", "counter", "Tokens of answers.",
       counter(&Counters::drawn_tokens)},
      {"attune_model_set_back_total", "counter", "Times that a sequence gave its cache up.",
       counter(&Counters::set_back)}};
}

}  // namespace

void add_model_metrics(ServerMetrics& metrics, const ModelPool& pool) {
  metrics.add_source([&pool, all = families()](MetricsText& text) {
    const std::vector<ModelPool::LoadedBase> loaded = pool.loaded();
    for (const Family& family : all) {
      text.family(family.name, family.type, family.help);
      for (const ModelPool::LoadedBase& one : loaded) {
        text.sample({{"base", one.name}}, static_cast<double>(family.value(one)));
      }
    }
  });
}

}  // namespace attune::serve
