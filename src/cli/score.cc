// attune score: the log-probability of each token of a text.
#include "infer/score.h"

#include <cmath>
#include <memory>
#include <numeric>

#include <fmt/format.h>

#include "cli/command.h"
#include "cli/options.h"
#include "io/json.h"
#include "text/tokenizer.h"

namespace attune::cli {

namespace {

struct ScoreOptions {
  ModelOptions model;
  std::string tokens;
  std::string text;
  bool json = false;
};

Result<std::vector<std::int32_t>> tokens_to_score(const ScoreOptions& options) {
  if (!options.tokens.empty()) return parse_token_list(options.tokens);
  ATTUNE_TRY(const text::Tokenizer tokenizer, text::Tokenizer::load(options.model.model));
  return tokenizer.encode(options.text, {.parse_special = false, .add_special = true});
}

Result<int> run(ScoreOptions options) {
  ATTUNE_TRY_VOID(options.model.find_base());
  ATTUNE_TRY(const std::vector<std::int32_t> tokens, tokens_to_score(options));
  ATTUNE_TRY(const model::Model model, options.model.load());
  ATTUNE_TRY(const kernels::Context context, options.model.context());
  ATTUNE_TRY(const std::vector<double> logprobs,
             infer::score_tokens(context, model, tokens, model.has_adapter()));
  const double mean =
      std::accumulate(logprobs.begin(), logprobs.end(), 0.0) / static_cast<double>(logprobs.size());
  if (options.json) {
    fmt::print("{}\n", to_text(Json{{"tokens", tokens},
                                    {"logprobs", logprobs},
                                    {"mean_logprob", mean},
                                    {"perplexity", std::exp(-mean)}}));
    return 0;
  }
  for (std::size_t i = 0; i < logprobs.size(); ++i) {
    fmt::print("{:>8}  {:.6f}\n", tokens[i + 1], logprobs[i]);
  }
  fmt::print("mean log-probability {:.6f}, perplexity {:.4f}\n", mean, std::exp(-mean));
  return 0;
}

}  // namespace

void add_score(CLI::App& app, Body& selected) {
  auto options = std::make_shared<ScoreOptions>();
  CLI::App* command = app.add_subcommand("score", "Log-probability of each token of a text");
  options->model.declare(*command, true);
  CLI::Option* tokens = command->add_option("--tokens", options->tokens, "Token ids: 1,2,3");
  CLI::Option* text =
      command->add_option("--text", options->text, "Text, tokenised by the model's tokenizer");
  tokens->excludes(text);
  command->add_flag("--json", options->json, "Print one JSON object");
  command->callback([options, tokens, text, &selected] {
    if (tokens->empty() && text->empty()) throw CLI::RequiredError("--tokens or --text");
    selected = [options] { return run(*options); };
  });
}

}  // namespace attune::cli
