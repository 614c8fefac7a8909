#include "train/checkpoint_format.h"

#include <fmt/format.h>

#include "io/json.h"

namespace attune::train {

namespace {

constexpr std::int64_t kFormat = 1;

struct CountField {
  const char* name;
  std::int64_t TrainingState::*member;
};
constexpr CountField kCounts[] = {
    {"step", &TrainingState::step},
    {"epoch", &TrainingState::epoch},
    {"position", &TrainingState::position},
    {"best_step", &TrainingState::best_step},
    {"evaluations_without_gain", &TrainingState::evaluations_without_gain},
    {"tokens", &TrainingState::tokens},
    {"targets", &TrainingState::targets},
};

struct NumberField {
  const char* name;
  double TrainingState::*member;
};
constexpr NumberField kNumbers[] = {
    {"best_loss", &TrainingState::best_loss},
    {"best_accuracy", &TrainingState::best_accuracy},
    {"last_loss", &TrainingState::last_loss},
};

Failure damaged(const std::string& where, std::string found, std::string wanted) {
  return bad_input({.where = where,
                    .found = std::move(found),
                    .wanted = std::move(wanted),
                    .fix = "delete this checkpoint; the run continues from the one before it"});
}

Result<std::string> text_field(const Json& json, const char* name, const std::string& where) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_string()) {
    return damaged(where, fmt::format("no text \"{}\"", name), "a checkpoint's state");
  }
  return found->get<std::string>();
}

}  // namespace

std::string write_state(const StateFile& file) {
  Json json;
  json["format"] = kFormat;
  for (const CountField& field : kCounts) json[field.name] = file.state.*field.member;
  for (const NumberField& field : kNumbers) json[field.name] = file.state.*field.member;
  json["isa"] = file.isa;
  json["settings"] = file.settings;
  json["tensors_xxh3"] = file.tensors_digest;
  return to_pretty_text(json);
}

Result<StateFile> parse_state(std::string_view text, const std::string& where) {
  ATTUNE_TRY(const Json json, parse_json(text, where));
  if (!json.is_object())
    return damaged(where, "JSON that is not an object", "a checkpoint's state");
  const auto format = json.find("format");
  if (format == json.end() || !format->is_number_integer() ||
      format->get<std::int64_t>() != kFormat) {
    return damaged(where, format == json.end() ? "no format" : "format " + format->dump(),
                   fmt::format("format {}", kFormat));
  }
  StateFile file;
  for (const CountField& field : kCounts) {
    const auto found = json.find(field.name);
    if (found == json.end() || !found->is_number_integer() || found->get<std::int64_t>() < 0) {
      return damaged(where, fmt::format("no count \"{}\"", field.name), "a checkpoint's state");
    }
    file.state.*field.member = found->get<std::int64_t>();
  }
  for (const NumberField& field : kNumbers) {
    const auto found = json.find(field.name);
    if (found == json.end() || !found->is_number()) {
      return damaged(where, fmt::format("no number \"{}\"", field.name), "a checkpoint's state");
    }
    file.state.*field.member = found->get<double>();
  }
  ATTUNE_TRY(file.isa, text_field(json, "isa", where));
  ATTUNE_TRY(file.tensors_digest, text_field(json, "tensors_xxh3", where));
  const auto settings = json.find("settings");
  if (settings == json.end() || !settings->is_object()) {
    return damaged(where, "no \"settings\"", "a checkpoint's state");
  }
  for (const auto& [name, value] : settings->items()) {
    if (!value.is_string()) {
      return damaged(where, fmt::format("setting \"{}\" is not text", name), "text");
    }
    file.settings[name] = value.get<std::string>();
  }
  return file;
}

}  // namespace attune::train
