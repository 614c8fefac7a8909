// attune generate: one answer to one prompt. attune chat: a conversation in the terminal.
#include <iostream>
#include <memory>

#include <fmt/format.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/options.h"
#include "infer/generator.h"
#include "text/chat_format.h"

namespace attune::cli {

namespace {

struct GenerateOptions {
  ModelOptions model;
  std::string prompt;
  std::string system;
  std::int64_t max_tokens = 512;
  infer::SamplingOptions sampling;
  std::vector<std::string> stop;
  bool raw = false;
  bool no_adapter = false;
  bool json = false;

  void declare(CLI::App& command) {
    model.declare(command, true);
    command.add_option("--system", system, "System message");
    command.add_option("--max-tokens", max_tokens, "Longest answer, in tokens")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    command
        .add_option("--temperature", sampling.temperature, "0 takes the likeliest token each time")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    command.add_option("--top-p", sampling.top_p, "Nucleus: share of probability to draw from")
        ->check(CLI::Range(0.0, 1.0))
        ->capture_default_str();
    command.add_option("--seed", sampling.seed, "Seed of the draw")->capture_default_str();
    command.add_option("--stop", stop, "Text that ends the answer; may be given several times");
    command.add_flag("--no-adapter", no_adapter, "Answer with the base model alone");
  }
};

infer::Request make_request(const GenerateOptions& options, std::vector<std::int32_t> prompt) {
  infer::Request request;
  request.prompt = std::move(prompt);
  request.max_new_tokens = options.max_tokens;
  request.sampling = options.sampling;
  request.use_adapter = !options.no_adapter;
  for (const std::string& stop : options.stop) {
    if (!stop.empty()) request.stop.push_back(stop);
  }
  return request;
}

void print_piece(std::size_t, std::string_view piece) {
  fmt::print("{}", piece);
  std::fflush(stdout);
}

Json conversation(const GenerateOptions& options) {
  Json messages = Json::array();
  if (!options.system.empty())
    messages.push_back({{"role", "system"}, {"content", options.system}});
  return messages;
}

Result<int> generate(GenerateOptions options) {
  ATTUNE_TRY_VOID(options.model.find_base());
  ATTUNE_TRY(const model::Model model, options.model.load_for_answers());
  ATTUNE_TRY(const kernels::Context context, options.model.context());
  std::optional<text::ChatFormat> chat;
  std::optional<text::Tokenizer> plain;
  std::vector<std::int32_t> prompt, stop_ids;
  if (options.raw) {
    ATTUNE_TRY(plain, text::Tokenizer::load(options.model.model));
    prompt = plain->encode(options.prompt, {.parse_special = true, .add_special = true});
    if (const auto eos = plain->id_of(plain->eos_token())) stop_ids.push_back(*eos);
  } else {
    ATTUNE_TRY(chat, text::ChatFormat::load(options.model.model));
    Json messages = conversation(options);
    messages.push_back({{"role", "user"}, {"content", options.prompt}});
    ATTUNE_TRY(prompt, chat->encode_prompt(messages, Json()));
    stop_ids = chat->stop_ids();
  }
  infer::Generator generator(context, model, chat ? chat->tokenizer() : *plain, stop_ids,
                             {.slots = 1});
  const infer::Request request = make_request(options, std::move(prompt));
  ATTUNE_TRY(
      const std::vector<infer::Completion> answers,
      options.json ? generator.run({&request, 1}) : generator.run({&request, 1}, print_piece));
  const infer::Completion& answer = answers.front();
  if (!options.json) {
    fmt::print("\n");
    return 0;
  }
  fmt::print(
      "{}\n",
      to_text(Json{{"text", answer.text},
                   {"finish_reason", answer.finish == infer::Finish::stop ? "stop" : "length"},
                   {"prompt_tokens", request.prompt.size()},
                   {"completion_tokens", answer.ids.size()},
                   {"ids", answer.ids},
                   {"logprobs", answer.logprobs}}));
  return 0;
}

void print_chat_help() {
  fmt::print(
      "Type a message. A line \"\"\" begins and ends a message of several lines.\n"
      "/reset forgets the conversation, /adapter on|off switches the adapter, /quit leaves.\n");
}

// A message of one line, or of several between lines of """; nullopt at the end of input.
std::optional<std::string> read_message(bool terminal) {
  if (terminal) fmt::print("> ");
  std::fflush(stdout);
  std::string line, message;
  if (!std::getline(std::cin, line)) return std::nullopt;
  if (line != "\"\"\"") return line;
  while (std::getline(std::cin, line) && line != "\"\"\"") message += line + "\n";
  return message;
}

Result<int> chat(GenerateOptions options) {
  ATTUNE_TRY_VOID(options.model.find_base());
  ATTUNE_TRY(const model::Model model, options.model.load_for_answers());
  ATTUNE_TRY(const kernels::Context context, options.model.context());
  ATTUNE_TRY(const text::ChatFormat format, text::ChatFormat::load(options.model.model));
  infer::Generator generator(context, model, format.tokenizer(), format.stop_ids(), {.slots = 1});
  const bool terminal = isatty(STDIN_FILENO) != 0;
  if (terminal) print_chat_help();
  Json messages = conversation(options);
  while (const std::optional<std::string> message = read_message(terminal)) {
    if (message->empty()) continue;
    if (*message == "/quit") break;
    if (*message == "/reset") {
      messages = conversation(options);
      continue;
    }
    if (*message == "/adapter on" || *message == "/adapter off") {
      options.no_adapter = *message == "/adapter off";
      continue;
    }
    messages.push_back({{"role", "user"}, {"content", *message}});
    ATTUNE_TRY(std::vector<std::int32_t> prompt, format.encode_prompt(messages, Json()));
    const infer::Request request = make_request(options, std::move(prompt));
    ATTUNE_TRY(const std::vector<infer::Completion> answers,
               generator.run({&request, 1}, print_piece));
    fmt::print("\n");
    messages.push_back({{"role", "assistant"}, {"content", answers.front().text}});
  }
  return 0;
}

}  // namespace

void add_generate(CLI::App& app, Body& selected) {
  auto options = std::make_shared<GenerateOptions>();
  CLI::App* command = app.add_subcommand("generate", "Answer one prompt");
  options->declare(*command);
  command->add_option("--prompt", options->prompt, "The user's message")->required();
  command->add_flag("--raw", options->raw,
                    "Continue the prompt as plain text, without the chat template");
  command->add_flag("--json", options->json, "Print one JSON object");
  command->callback([options, &selected] { selected = [options] { return generate(*options); }; });
}

void add_chat(CLI::App& app, Body& selected) {
  auto options = std::make_shared<GenerateOptions>();
  CLI::App* command = app.add_subcommand("chat", "Talk to a model, with its adapter on or off");
  options->declare(*command);
  command->callback([options, &selected] { selected = [options] { return chat(*options); }; });
}

}  // namespace attune::cli
