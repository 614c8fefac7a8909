// attune tokenize: a text's token ids under a model's tokenizer.
#include <memory>

#include <fmt/format.h>

#include "cli/command.h"
#include "cli/options.h"
#include "io/json.h"
#include "text/tokenizer.h"

namespace attune::cli {

namespace {

struct TokenizeOptions {
  std::string model;
  std::string text;
  std::string file;
  bool special = false;
  bool json = false;
};

Result<int> run(const TokenizeOptions& options) {
  std::string text = options.text;
  if (!options.file.empty()) {
    ATTUNE_TRY(text, read_text(options.file));
  }
  ATTUNE_TRY(const text::Tokenizer tokenizer, text::Tokenizer::load(options.model));
  const std::vector<std::int32_t> ids = tokenizer.encode(text, {.parse_special = options.special});
  if (options.json) {
    fmt::print("{}\n", to_text(Json{{"ids", ids}, {"decoded", tokenizer.decode(ids, {})}}));
    return 0;
  }
  for (const std::int32_t id : ids)
    fmt::print("{:>8}  {}\n", id, to_text(Json(tokenizer.token(id))));
  fmt::print("{} tokens\n", ids.size());
  return 0;
}

}  // namespace

void add_tokenize(CLI::App& app, Body& selected) {
  auto options = std::make_shared<TokenizeOptions>();
  CLI::App* command = app.add_subcommand("tokenize", "Token ids of a text");
  command->add_option("--model", options->model, "Model folder or tokenizer.json")->required();
  CLI::Option* text = command->add_option("--text", options->text, "The text");
  CLI::Option* file =
      command->add_option("--file", options->file, "A text file, or - for standard input");
  text->excludes(file);
  command->add_flag("--special", options->special,
                    "Let the text of control tokens become those tokens");
  command->add_flag("--json", options->json, "Print one JSON object");
  command->callback([options, text, file, &selected] {
    if (text->empty() && file->empty()) throw CLI::RequiredError("--text or --file");
    selected = [options] { return run(*options); };
  });
}

}  // namespace attune::cli
