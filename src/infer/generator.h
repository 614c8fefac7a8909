// Text generation for many requests at once: prompts are read in chunks and answers decoded side by
// side in the slots of one key/value cache; a prefix that all prompts share is computed once.
//
//   Generator generator(context, model, tokenizer, stop_ids, {});
//   ATTUNE_TRY(std::vector<Completion> answers, generator.run(requests));
//
// A request's tokens do not depend on which others run beside it, up to rounding in the last bits
// of a logit. One Generator serves one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "infer/finish.h"
#include "infer/sampler.h"
#include "model/forward.h"
#include "text/tokenizer.h"

namespace attune::infer {

struct Request {
  std::vector<std::int32_t> prompt;
  std::int64_t max_new_tokens = 256;
  SamplingOptions sampling;
  bool use_adapter = true;
  std::vector<std::string> stop;  // texts that end the answer; not part of it
};

struct Completion {
  std::vector<std::int32_t> ids;  // without the stop token
  std::vector<double> logprobs;   // of ids
  std::string text;
  Finish finish = Finish::stop;
  double first_token_seconds = 0;  // since run() started
  double seconds = 0;
};

struct GeneratorOptions {
  // Sequences decoded side by side: whole tiles of 14 rows, enough to pay for packing the weights.
  std::int64_t slots = 56;
  std::int64_t pass_tokens = 1024;  // tokens of one pass, prompts and answers together
  std::int64_t cache_bytes = std::int64_t{2}
                             << 30;  // fewer slots are used when the cache would be larger
};

class Generator {
 public:
  // The references must outlive the generator.
  Generator(const kernels::Context& context, const model::Model& model,
            const text::Tokenizer& tokenizer, std::vector<std::int32_t> stop_ids,
            GeneratorOptions options);

  // Called with each request's index and the text that became certain.
  using OnText = std::function<void(std::size_t request, std::string_view piece)>;

  // Answers in the order of the requests. A prompt that is empty or leaves no room in the context
  // is an error.
  Result<std::vector<Completion>> run(std::span<const Request> requests,
                                      const OnText& on_text = {});

 private:
  Result<void> check(std::span<const Request> requests) const;
  void run_group(std::span<const Request> requests, const std::vector<std::size_t>& members,
                 std::vector<Completion>& completions, const OnText& on_text);

  const kernels::Context* context_;
  const model::Model* model_;
  const text::Tokenizer* tokenizer_;
  std::vector<std::int32_t> stop_ids_;
  GeneratorOptions options_;
  model::Workspace workspace_;
};

}  // namespace attune::infer
