#include "wire/job_request.h"

#include <fmt/format.h>

#include "io/text_encoding.h"
#include "wire/fields.h"

namespace attune::wire {

namespace {

constexpr IntegerRange kBatchSize = {1, 256};
constexpr IntegerRange kEpochs = {1, 50};
constexpr NumberRange kAboveZero = {.least = 0.0, .least_excluded = true};
constexpr IntegerRange kSeed = {0, 2147483647};

// "auto", null or absent: nothing. True: there is a value to be read as a number.
const Json* unless_auto(Fields& fields, std::string_view name) {
  const Json* value = fields.find(name);
  if (value == nullptr || *value == "auto") return nullptr;
  if (value->is_number()) return value;
  if (value->is_string()) {
    const std::string path = fields.path_of(name);
    fields.fault(invalid_value(
        path,
        fmt::format("Invalid value for '{}': expected 'auto' or a number, but got '{}' instead.",
                    path, quote_for_message(value->get_ref<const std::string&>()))));
  } else {
    fields.wrong_type(*value, fields.path_of(name), "'auto' or a number");
  }
  return nullptr;
}

AutoOr<std::int64_t> auto_or_integer(Fields& fields, std::string_view name, IntegerRange range) {
  const Json* value = unless_auto(fields, name);
  if (value == nullptr) return {};
  return {fields.check_integer(*value, fields.path_of(name), range)};
}

AutoOr<double> auto_or_number(Fields& fields, std::string_view name, NumberRange range) {
  const Json* value = unless_auto(fields, name);
  if (value == nullptr) return {};
  return {fields.check_number(*value, fields.path_of(name), range)};
}

Hyperparameters read_common(Fields& fields) {
  Hyperparameters found;
  found.n_epochs = auto_or_integer(fields, "n_epochs", kEpochs);
  found.batch_size = auto_or_integer(fields, "batch_size", kBatchSize);
  found.learning_rate_multiplier = auto_or_number(fields, "learning_rate_multiplier", kAboveZero);
  return found;
}

Hyperparameters read_supervised(Fields& fields) {
  Hyperparameters found = read_common(fields);
  found.learning_rate =
      fields.number("learning_rate", {.least = 0.0, .most = 1.0, .least_excluded = true});
  found.lora_rank = fields.integer("lora_rank", {1, 1024});
  found.lora_alpha =
      fields.number("lora_alpha", {.least = 0.0, .most = 65536.0, .least_excluded = true});
  found.lora_dropout =
      fields.number("lora_dropout", {.least = 0.0, .most = 1.0, .most_excluded = true});
  found.target_modules = fields.texts("target_modules", {1, 64}, {1, 256});
  found.max_seq_len = fields.integer("max_seq_len", {8, 1 << 20});
  found.warmup_ratio = fields.number("warmup_ratio", {.least = 0.0, .most = 1.0});
  found.weight_decay = fields.number("weight_decay", {.least = 0.0, .most = 1.0});
  if (found.learning_rate && !found.learning_rate_multiplier.automatic()) {
    const std::string path = fields.path_of("learning_rate");
    fields.fault(invalid_value(
        path, fmt::format("Invalid '{}': give learning_rate or learning_rate_multiplier, not both.",
                          path)));
  }
  return found;
}

// The sub-object of a method that the job does not use: it must have the published shape, and says
// nothing that would matter.
void check_unused(Fields& method, std::string_view name) {
  std::optional<Fields> unused = method.object(name);
  if (!unused) return;
  if (std::optional<Fields> settings = unused->object("hyperparameters")) {
    read_common(*settings);
    settings->accept_all();
  }
  unused->accept_all();
}

// The hyperparameters of the method, if it has any.
std::optional<Hyperparameters> read_method(Fields& fields, JobRequest& request) {
  std::optional<Fields> method = fields.object("method");
  if (!method) return std::nullopt;
  method->require("type");
  const auto type = method->word("type", {"supervised", "dpo", "reinforcement"});
  if (type && *type != "supervised") {
    fields.fault(invalid_value(
        "method.type",
        fmt::format("The fine-tuning method '{}' is not supported by this server. Supported "
                    "methods are: 'supervised'.",
                    *type),
        "unsupported_value"));
  }
  if (type) request.method = *type;
  check_unused(*method, "dpo");
  check_unused(*method, "reinforcement");
  if (method->has("hyperparameters")) {
    fields.fault(invalid_value("method.hyperparameters",
                               "Unknown parameter: 'method.hyperparameters'. Did you mean "
                               "'method.supervised.hyperparameters'?",
                               "unknown_parameter"));
  }
  std::optional<Fields> supervised = method->object("supervised");
  if (!supervised) return std::nullopt;
  std::optional<Fields> settings = supervised->object("hyperparameters");
  if (!settings) return std::nullopt;
  return read_supervised(*settings);
}

void read_hyperparameters(Fields& fields, JobRequest& request) {
  const std::optional<Hyperparameters> of_method = read_method(fields, request);
  std::optional<Hyperparameters> top;
  if (std::optional<Fields> settings = fields.object("hyperparameters")) {
    top = read_supervised(*settings);
  }
  if (of_method && top && !(*of_method == *top)) {
    fields.fault(invalid_value(
        "hyperparameters",
        "Invalid 'hyperparameters': they differ from 'method.supervised.hyperparameters'. Give "
        "the latter alone; 'hyperparameters' is deprecated."));
  }
  if (of_method) {
    request.hyperparameters = *of_method;
  } else if (top) {
    request.hyperparameters = *top;
  }
}

void read_integrations(Fields& fields, JobRequest& request) {
  const Json* integrations = fields.array("integrations", {0, 5});
  if (integrations == nullptr) return;
  for (std::size_t i = 0; i < integrations->size(); ++i) {
    Fields integration = fields.item("integrations", *integrations, i);
    integration.require("type");
    integration.word("type", {"wandb"});
    integration.require("wandb");
    if (std::optional<Fields> wandb = integration.object("wandb")) {
      wandb->required_text("project", {1, 256});
      wandb->text("name", {1, 256});
      wandb->text("entity", {1, 256});
      wandb->texts("tags", {0, 50}, {1, 64});
    }
  }
  request.integrations = *integrations;
}

std::optional<Metadata> read_metadata(Fields& fields) {
  const Json* metadata = fields.find("metadata");
  if (metadata == nullptr) return std::nullopt;
  if (!metadata->is_object()) return fields.wrong_type(*metadata, "metadata", "an object");
  constexpr std::size_t kMostPairs = 16;
  if (metadata->size() > kMostPairs) {
    fields.fault(invalid_value(
        "metadata",
        fmt::format("Invalid 'metadata': too many properties. Expected an object with at most {} "
                    "properties, but got an object with {} properties instead.",
                    kMostPairs, metadata->size()),
        "object_above_max_properties"));
    return std::nullopt;
  }
  Metadata found;
  for (const auto& [key, value] : metadata->items()) {
    const std::string path = "metadata." + quote_for_message(key, 80);
    if (!fields.check_text(Json(key), path, {1, 64})) return std::nullopt;
    const auto text = fields.check_text(value, path, {0, 512});
    if (!text) return std::nullopt;
    found.emplace_back(key, *text);
  }
  return found;
}

}  // namespace

Answer<JobRequest> parse_job_request(const Json& body) {
  JobRequest request;
  Fields fields(body);
  request.model = fields.required_text("model", {1, 512});
  request.training_file = fields.required_text("training_file", {1, 256});
  request.validation_file = fields.text("validation_file", {1, 256});
  request.suffix = fields.text("suffix", {1, 64});
  request.seed = fields.integer("seed", kSeed);
  read_hyperparameters(fields, request);
  read_integrations(fields, request);
  request.metadata = read_metadata(fields);
  if (auto error = fields.finish()) return refuse(std::move(*error));
  return request;
}

Answer<std::optional<Metadata>> parse_metadata(const Json& body) {
  Fields fields(body);
  auto metadata = read_metadata(fields);
  fields.accept_all();
  if (auto error = fields.finish()) return refuse(std::move(*error));
  return metadata;
}

Json to_json(const JobRequest& request) {
  Json json = {{"model", request.model}, {"training_file", request.training_file}};
  if (request.validation_file) json["validation_file"] = *request.validation_file;
  if (request.suffix) json["suffix"] = *request.suffix;
  if (request.seed) json["seed"] = *request.seed;
  Json method = {{"type", request.method}};
  method[request.method] = {{"hyperparameters", to_json(request.hyperparameters)}};
  json["method"] = std::move(method);
  if (!request.integrations.empty()) json["integrations"] = request.integrations;
  if (request.metadata) json["metadata"] = to_json(*request.metadata);
  return json;
}

}  // namespace attune::wire
