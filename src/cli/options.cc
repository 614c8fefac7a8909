#include "cli/options.h"

#include <charconv>
#include <cstdio>
#include <vector>

#include <fmt/format.h>

#include "io/json.h"

namespace attune::cli {

void ModelOptions::declare(CLI::App& command, bool with_adapter) {
  CLI::Option* base =
      command.add_option("--model", model, "Folder of the model (Hugging Face layout)");
  if (with_adapter) {
    command.add_option(
        "--adapter", adapter,
        "Folder of a LoRA adapter (PEFT layout); its own base is taken without --model");
  } else {
    base->required();
  }
  declare_dtype(command, dtype, true);
  command.add_option("--threads", threads, "Worker threads; 0 takes every CPU")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
}

Result<void> ModelOptions::find_base() {
  if (!model.empty()) return {};
  if (adapter.empty()) {
    return bad_input({.where = "--model",
                      .found = "nothing",
                      .wanted = "a model folder, or an adapter that names its base",
                      .fix = "add --model or --adapter"});
  }
  const Path path = Path(adapter) / "adapter_config.json";
  ATTUNE_TRY(const Json config, read_json(path));
  if (config.is_object())
    model = config.value("base_model_name_or_path", Json("")).is_string()
                ? config.value("base_model_name_or_path", "")
                : "";
  if (model.empty()) {
    return bad_input({.where = path.string(),
                      .found = "no base_model_name_or_path",
                      .wanted = "the folder of the base model",
                      .fix = "add --model"});
  }
  return {};
}

Result<model::Model> ModelOptions::load() const {
  ATTUNE_TRY(const model::Precision precision, parse_precision(dtype));
  ATTUNE_TRY(model::Model loaded, model::Model::load(model, precision));
  if (!adapter.empty()) ATTUNE_TRY_VOID(loaded.load_adapter(adapter));
  return loaded;
}

Result<model::Model> ModelOptions::load_for_answers() const {
  ATTUNE_TRY(model::Model loaded, load());
  loaded.arrange_for_answers();
  return loaded;
}

Result<kernels::Context> ModelOptions::context() const {
  ATTUNE_TRY(const Isa isa, pick_isa());
  return kernels::Context(isa, threads);
}

void declare_dtype(CLI::App& command, std::string& dtype, bool with_quantised) {
  std::vector<std::string> names;
  for (const model::Precision one : model::kPrecisions) {
    if (with_quantised || !model::is_quantised(one)) names.emplace_back(model::precision_name(one));
  }
  std::string help = "Arithmetic of products: f32 or bf16";
  if (with_quantised) help += "; int8 and nf4 are bf16 with the base held in 8 or 4 bits";
  command.add_option("--dtype", dtype, help)->check(CLI::IsMember(names))->capture_default_str();
}

Result<model::Precision> parse_precision(std::string_view name) {
  if (const auto precision = model::precision_named(name)) return *precision;
  return bad_input({.where = "--dtype",
                    .found = std::string(name),
                    .wanted = "f32, bf16, int8 or nf4",
                    .fix = "choose one of them"});
}

Result<std::string> read_text(const std::string& path) {
  if (path != "-") return read_file(path);
  std::string text;
  char buffer[1 << 16];
  while (const std::size_t count = std::fread(buffer, 1, sizeof buffer, stdin))
    text.append(buffer, count);
  if (std::ferror(stdin) != 0) {
    return environment_failure({.where = "standard input",
                                .found = "a read error",
                                .wanted = "text",
                                .fix = "check what is piped in"});
  }
  return text;
}

Result<std::vector<std::int32_t>> parse_token_list(std::string_view list) {
  std::vector<std::int32_t> ids;
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    std::string_view entry = list.substr(0, comma);
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    while (entry.starts_with(' ')) entry.remove_prefix(1);
    while (entry.ends_with(' ')) entry.remove_suffix(1);
    std::int32_t id = 0;
    const auto [end, fault] = std::from_chars(entry.data(), entry.data() + entry.size(), id);
    if (fault != std::errc() || end != entry.data() + entry.size()) {
      return bad_input({.where = fmt::format("--tokens, entry {}", ids.size() + 1),
                        .found = fmt::format("\"{}\"", entry),
                        .wanted = "a token id",
                        .fix = "give ids separated by commas, for example 1,15,72"});
    }
    ids.push_back(id);
  }
  return ids;
}

}  // namespace attune::cli
