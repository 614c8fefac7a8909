// Asks a model of this server as a request would, for work that goes on without one: the items of
// an eval run, and graders that are models.
//
//   ModelAsker asker(app, tenant, {.in_background = true, .is_wanted = [&] { return !stopping; }});
//   ATTUNE_ANSWER(const Asked asked, asker.ask("ft:tiny:local::ab12cd34", messages, options));
//   ATTUNE_ANSWER(const Asked label, asker.choose(model, messages, labels, options));
//
// Work in the background gives way: while requests are answered, one such answer at a time is
// begun. A model that finds no room in memory now is asked again for a while.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "eval/grader.h"
#include "serve/app.h"
#include "serve/generation.h"
#include "serve/model_pool.h"
#include "wire/grader.h"
#include "wire/sampling.h"

namespace attune::serve {

struct AskOptions {
  double temperature = 1;
  double top_p = 1;
  std::int64_t seed = 42;
  std::int64_t max_tokens = 2048;
};

struct Asked {
  std::string text;
  std::string finish_reason;
  wire::Usage usage;
  std::int64_t max_tokens = 0;  // that it could have had
};

struct AskerOptions {
  bool in_background = false;
  // Turns false when nobody waits for answers any more.
  std::function<bool()> is_wanted = [] { return true; };
};

class ModelAsker {
 public:
  ModelAsker(App& app, jobs::Tenant tenant, AskerOptions options)
      : app_(app), tenant_(std::move(tenant)), options_(std::move(options)) {}

  Answer<Asked> ask(const std::string& model, const std::vector<wire::PromptMessage>& messages,
                    const AskOptions& options) const;
  // The answer that the model would give if it could write nothing but one of `labels`: at each
  // token only those that go on with a label are allowed. finish_reason is "stop".
  Answer<Asked> choose(const std::string& model, const std::vector<wire::PromptMessage>& messages,
                       const std::vector<std::string>& labels, const AskOptions& options) const;

  // For eval::Judge; the asker must outlive it.
  eval::AskModel for_graders() const;

 private:
  struct Prompt {
    ServedModel model;
    std::vector<std::int32_t> tokens;
  };
  Answer<Prompt> prepare(const std::string& model,
                         const std::vector<wire::PromptMessage>& messages) const;
  Answer<Collected> generate(const ServedModel& model, infer::Work work) const;

  App& app_;
  jobs::Tenant tenant_;
  AskerOptions options_;
};

}  // namespace attune::serve
