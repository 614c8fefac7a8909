#include "serve/routes_embeddings.h"

#include <algorithm>
#include <cmath>
#include <deque>

#include <fmt/format.h>

#include "serve/generation.h"
#include "wire/embeddings.h"

namespace attune::serve {

namespace {

Answer<std::vector<std::int32_t>> read_input(const ServedModel& model,
                                             const wire::TextOrTokens& given) {
  std::vector<std::int32_t> ids;
  if (const auto* text = std::get_if<std::string>(&given)) {
    ids = model.base->tokenizer().encode(*text, {.parse_special = false, .add_special = true});
  } else {
    ids = std::get<std::vector<std::int32_t>>(given);
  }
  if (ids.empty())
    return wire::refuse(wire::invalid_value("input", "'input' can not be an empty string."));
  const std::int64_t vocabulary = model.base->weights.spec().vocabulary;
  for (const std::int32_t id : ids) {
    if (id < 0 || id >= vocabulary) {
      return wire::refuse(
          wire::invalid_value("input", fmt::format("Invalid token id in 'input': {}", id)));
    }
  }
  if (std::ssize(ids) > wire::kMostTokensOfAnInput) {
    return wire::refuse(
        wire::invalid_value("input", fmt::format("An input of {} tokens is too long: at most {}.",
                                                 ids.size(), wire::kMostTokensOfAnInput)));
  }
  ATTUNE_ANSWER_VOID(check_length(model, std::ssize(ids), false, "input", "your input"));
  return ids;
}

std::vector<float> unit_length(std::vector<float> vector) {
  double square = 0;
  for (const float value : vector)
    square += static_cast<double>(value) * static_cast<double>(value);
  if (square <= 0) return vector;
  for (float& value : vector) {
    value = static_cast<float>(static_cast<double>(value) / std::sqrt(square));
  }
  return vector;
}

// The first `dimensions` numbers of the mean state, brought to length one.
Answer<std::vector<float>> finish(Generation& generation, const Request& request,
                                  std::size_t dimensions) {
  ATTUNE_ANSWER(Collected all, collect(generation, request));
  std::vector<float>& state = all.prompt.mean_state;
  state.resize(std::min(dimensions, state.size()));
  return unit_length(std::move(state));
}

// At most kAhead inputs are in the engine's queue at a time.
Answer<std::vector<std::vector<float>>> embed(const ServedModel& model,
                                              std::vector<std::vector<std::int32_t>> inputs,
                                              std::size_t dimensions, const Request& request,
                                              ServerMetrics* metrics) {
  constexpr std::size_t kAhead = 64;
  std::vector<std::vector<float>> vectors;
  std::deque<Generation> tasks;
  for (std::vector<std::int32_t>& input : inputs) {
    if (tasks.size() == kAhead) {
      ATTUNE_ANSWER(std::vector<float> vector, finish(tasks.front(), request, dimensions));
      vectors.push_back(std::move(vector));
      tasks.pop_front();
    }
    infer::Work work{.prompt = std::move(input), .adapter = model.adapter, .mean_state = true};
    ATTUNE_ANSWER(Generation started, Generation::start(model, std::move(work), metrics));
    tasks.push_back(std::move(started));
  }
  for (; !tasks.empty(); tasks.pop_front()) {
    ATTUNE_ANSWER(std::vector<float> vector, finish(tasks.front(), request, dimensions));
    vectors.push_back(std::move(vector));
  }
  return vectors;
}

Answer<Response> create_embeddings(App& app, Request& request) {
  ATTUNE_ANSWER(const Json body, json_body(request));
  ATTUNE_ANSWER(const wire::EmbeddingsRequest wanted, wire::parse_embeddings_request(body));
  ATTUNE_ANSWER(const ServedModel model, app.models->find(request.principal.tenant, wanted.model));
  const std::int64_t width = model.base->weights.spec().hidden;
  const std::int64_t dimensions = wanted.dimensions.value_or(width);
  if (dimensions > width) {
    return wire::refuse(wire::invalid_value(
        "dimensions",
        fmt::format("Invalid 'dimensions': the embeddings of this model have {}.", width)));
  }
  std::int64_t tokens = 0;
  std::vector<std::vector<std::int32_t>> inputs;
  for (const wire::TextOrTokens& given : wanted.inputs) {
    ATTUNE_ANSWER(std::vector<std::int32_t> ids, read_input(model, given));
    tokens += std::ssize(ids);
    inputs.push_back(std::move(ids));
  }
  if (tokens > wire::kMostTokensOfARequest) {
    return wire::refuse(wire::invalid_value(
        "input", fmt::format("{} tokens are too many for one request: at most {}.", tokens,
                             wire::kMostTokensOfARequest)));
  }
  ATTUNE_ANSWER(
      const std::vector<std::vector<float>> vectors,
      embed(model, std::move(inputs), static_cast<std::size_t>(dimensions), request, app.metrics));
  return Response::json(wire::embeddings_response(model.name, vectors, wanted.base64, tokens));
}

}  // namespace

void add_embedding_routes(Router& router, App& app) {
  router.add("POST", "/v1/embeddings", "models:use",
             [&app](Request& request) { return create_embeddings(app, request); },
             {.run = Run::long_running,
              .summary = "Turn texts into vectors",
              .request = "CreateEmbeddingRequest",
              .response = "CreateEmbeddingResponse"});
}

}  // namespace attune::serve
