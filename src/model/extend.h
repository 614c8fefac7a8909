// The pass of a server: new tokens of several sequences, each with a key/value cache of its own and
// with an adapter of its own on the shared base.
//
//   const std::vector<Extension> extensions = {{&cache_a, prompt, &german},
//                                              {&cache_b, {&next, 1}, nullptr}};
//   extend_sequences(context, base, workspace, extensions, take_logits, {});
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "kernels/context.h"
#include "model/adapter.h"
#include "model/forward.h"

namespace attune::model {

enum class Wanted {
  nothing,      // a prompt that goes on in a later pass
  last_logits,  // of the last token
  all_logits,   // of every new token
  states,       // of every new token: the final norm's output
};

struct Extension {
  KvCache* cache = nullptr;  // of one slot, with room for the tokens; one extension a cache
  std::span<const std::int32_t> tokens;
  const Adapter* adapter = nullptr;  // null: the base alone
  Wanted wanted = Wanted::last_logits;
};

// Where a row of logits or states comes from.
struct Origin {
  std::size_t extension = 0;
  std::int64_t token = 0;  // index into the extension's tokens
};

// Gets rows [origins.size(), V] or [origins.size(), H]; they may be changed, and are gone
// afterwards. Rows come in the order of the extensions and of their tokens, in several calls.
using TakeRows = std::function<void(std::span<const Origin> origins, std::span<float> rows)>;

// The model's own adapter, if it has one, plays no part. Extensions with the same adapter are
// computed together where they are neighbours. The caller keeps within the workspace's max_tokens
// and the rank that it was made for.
void extend_sequences(const kernels::Context& context, const Model& model, Workspace& workspace,
                      std::span<const Extension> extensions, const TakeRows& take_logits,
                      const TakeRows& take_states);

}  // namespace attune::model
