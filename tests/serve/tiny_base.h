// A base model with random weights, a tokenizer and a chat template, in a folder; and what the
// inference routes need around it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "infer/tiny_adapter.h"
#include "infer/tiny_spec.h"
#include "infer/tiny_tokenizer.h"
#include "io/json.h"
#include "jobs/store.h"
#include "serve/app.h"
#include "serve/model_pool.h"
#include "serve/routes_chat.h"
#include "serve/routes_completions.h"
#include "serve/routes_embeddings.h"

namespace attune::serve {

inline constexpr std::int64_t kTinyVocabulary = 99, kTinyContext = 256;

inline model::ArchSpec tiny_base_spec() {
  model::ArchSpec spec = infer::tiny_spec(kTinyVocabulary, kTinyContext);
  spec.end_tokens = {98};
  return spec;
}

inline model::Model tiny_base_model(std::uint64_t seed) {
  return model::Model::random(tiny_base_spec(), model::Precision::f32, seed);
}

// Writes a base with 95 characters and the control tokens <|system|> 95, <|user|> 96,
// <|assistant|> 97, <|end|> 98.
inline void write_tiny_base(const Path& folder, std::uint64_t seed, bool with_template = true) {
  ASSERT_TRUE(tiny_base_model(seed).save(folder, Dtype::f32));
  ASSERT_TRUE(write_file_atomic(
      folder / "tokenizer.json",
      infer::tiny_tokenizer_json({}, {"<|system|>", "<|user|>", "<|assistant|>", "<|end|>"})));
  Json config = {{"eos_token", "<|end|>"}};
  if (with_template) {
    config["chat_template"] =
        "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}<|end|>{% endfor %}"
        "{% if add_generation_prompt %}<|assistant|>{% endif %}";
  }
  ASSERT_TRUE(write_file_atomic(folder / "tokenizer_config.json", to_text(config)));
}

// Keeps what a stream writes; may hang up.
class StreamRecord final : public StreamWriter {
 public:
  bool write(std::string_view bytes) override {
    if (hang_up_after >= 0 && std::ssize(pieces) >= hang_up_after) return false;
    pieces.emplace_back(bytes);
    return true;
  }
  bool client_is_there() override { return hang_up_after < 0; }

  std::string all() const {
    std::string joined;
    for (const std::string& piece : pieces) joined += piece;
    return joined;
  }
  // The JSON of each "data:" line but [DONE].
  std::vector<Json> events() const {
    std::vector<Json> found;
    const std::string text = all();
    for (std::size_t at = text.find("data: "); at != std::string::npos;) {
      const std::size_t end = text.find("\n\n", at);
      const std::string data = text.substr(at + 6, end - at - 6);
      if (data != "[DONE]") found.push_back(parse_json(data, "event").value());
      at = text.find("data: ", end);
    }
    return found;
  }

  std::vector<std::string> pieces;
  std::int64_t hang_up_after = -1;
};

// The three routes over a store of their own and the base "tiny" (seed 7).
class InferenceServer {
 public:
  explicit InferenceServer(PoolOptions options = {})
      : folder_("inference_server"),
        store_(jobs::Store::open("sqlite:" + (folder_.path() / "test.db").string(), {}).value()),
        blobs_(jobs::BlobStore::open(folder_.path() / "blobs").value()) {
    write_tiny_base(models() / "tiny", 7);
    options.models_folder = models();
    options.precision = model::Precision::f32;
    options.engine.threads = 2;
    pool_ = ModelPool::open(std::move(options), *store_).value();
    app_ = std::make_unique<App>(
        App{.store = *store_, .blobs = blobs_, .home = jobs::Home{.root = folder_.path()}});
    app_->models = pool_.get();
    add_chat_routes(router_, *app_);
    add_completion_routes(router_, *app_);
    add_embedding_routes(router_, *app_);
  }

  Path models() const { return folder_.path() / "models"; }
  Path path() const { return folder_.path(); }
  jobs::Store& store() { return *store_; }
  ModelPool& pool() { return *pool_; }

  Answer<Response> post(const std::string& name, const Json& body,
                        const jobs::Tenant& tenant = {}) {
    Request request;
    request.method = "POST";
    request.path = "/v1/" + name;
    request.headers.add("content-type", "application/json");
    request.body = to_text(body);
    request.principal.tenant = tenant;
    std::vector<std::string> segments = {"v1"};
    for (std::size_t at = 0; at <= name.size();) {
      const std::size_t end = std::min(name.find('/', at), name.size());
      segments.push_back(name.substr(at, end - at));
      at = end + 1;
    }
    const auto match = router_.match("POST", segments);
    return std::get<Match>(match).route->handler(request);
  }
  Json answer(const std::string& name, const Json& body) {
    const Answer<Response> response = post(name, body);
    if (!response) {
      ADD_FAILURE() << response.error().message;
      return Json::object();
    }
    return parse_json(response->body, name).value();
  }
  ApiError refusal(const std::string& name, const Json& body) {
    const Answer<Response> response = post(name, body);
    if (!response) return response.error();
    ADD_FAILURE() << "not refused: " << body;
    return {};
  }
  StreamRecord stream(const std::string& name, Json body, std::int64_t hang_up_after = -1) {
    StreamRecord record;
    record.hang_up_after = hang_up_after;
    body["stream"] = true;
    const Answer<Response> response = post(name, body);
    if (response && response->producer) {
      response->producer(record);
    } else {
      ADD_FAILURE() << (response ? "no stream" : response.error().message);
    }
    return record;
  }

 private:
  infer::TemporaryFolder folder_;
  std::unique_ptr<jobs::Store> store_;
  jobs::BlobStore blobs_;
  std::unique_ptr<ModelPool> pool_;
  std::unique_ptr<App> app_;
  Router router_;
};

}  // namespace attune::serve
