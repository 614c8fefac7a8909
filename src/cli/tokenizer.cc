// attune tokenizer train: a byte-level BPE vocabulary from text.
#include <memory>
#include <sstream>

#include <fmt/format.h>

#include "cli/command.h"
#include "cli/options.h"
#include "io/json.h"
#include "text/bpe_trainer.h"

namespace attune::cli {

namespace {

struct TrainOptions {
  std::vector<std::string> files;
  std::string out;
  std::int64_t vocabulary = 8192;
  std::vector<std::string> special = {"<|endoftext|>", "<|im_start|>", "<|im_end|>"};
  std::string bos, eos, pad, chat_template;
};

// Every string value below `value`, so that {"text": ...} and {"messages": [...]} rows both count.
void add_strings(const Json& value, text::BpeTrainer& trainer) {
  if (value.is_string()) trainer.add_text(value.get_ref<const std::string&>());
  if (!value.is_structured()) return;
  for (const Json& child : value) add_strings(child, trainer);
}

Result<void> add_file(const std::string& path, text::BpeTrainer& trainer) {
  ATTUNE_TRY(const std::string text, read_text(path));
  if (!path.ends_with(".jsonl")) {
    trainer.add_text(text);
    return {};
  }
  std::istringstream lines(text);
  std::string line;
  for (std::int64_t number = 1; std::getline(lines, line); ++number) {
    if (line.empty()) continue;
    ATTUNE_TRY(const Json row, parse_json(line, path, number));
    add_strings(row, trainer);
  }
  return {};
}

Result<int> train(const TrainOptions& options) {
  text::BpeTrainer trainer(
      {.vocabulary_size = options.vocabulary, .special_tokens = options.special});
  for (const std::string& file : options.files) ATTUNE_TRY_VOID(add_file(file, trainer));
  ATTUNE_TRY(const text::TrainedBpe trained, trainer.train());
  text::TokenizerConfig config{
      .bos_token = options.bos, .eos_token = options.eos, .pad_token = options.pad};
  if (!options.chat_template.empty()) {
    ATTUNE_TRY(config.chat_template, read_text(options.chat_template));
  }
  ATTUNE_TRY_VOID(text::write_tokenizer(trained, config, options.out));
  fmt::print("{} tokens ({} merges) in {}\n", trained.special_tokens.size() + trained.tokens.size(),
             trained.merges.size(), options.out);
  return 0;
}

}  // namespace

void add_tokenizer(CLI::App& app, Body& selected) {
  auto options = std::make_shared<TrainOptions>();
  CLI::App* group = app.add_subcommand("tokenizer", "Make a vocabulary")->require_subcommand(1);
  CLI::App* command = group->add_subcommand("train", "Train a byte-level BPE vocabulary on text");
  command->add_option("files", options->files, "Text files, or JSONL whose strings are taken")
      ->required();
  command->add_option("--vocab", options->vocabulary, "Entries, special tokens included")
      ->check(CLI::Range(std::int64_t{257}, std::int64_t{1} << 20))
      ->capture_default_str();
  command->add_option("--out", options->out, "Folder for tokenizer.json and tokenizer_config.json")
      ->required();
  command->add_option("--special", options->special, "Control tokens, in the order of their ids")
      ->capture_default_str();
  command->add_option("--bos", options->bos, "Which of them begins a text");
  command->add_option("--eos", options->eos, "Which of them ends a text");
  command->add_option("--pad", options->pad, "Which of them pads");
  command->add_option("--chat-template", options->chat_template, "Jinja file to store with it");
  command->callback([options, &selected] { selected = [options] { return train(*options); }; });
}

}  // namespace attune::cli
