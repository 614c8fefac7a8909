// The training file report as JSON: what is kept with a file and given to people and programs.
#include <utility>

#include "wire/object_reader.h"
#include "wire/training_file.h"

namespace attune::wire {

namespace {

TrainingFormat parse_format(const std::string& text) {
  for (const TrainingFormat format :
       {TrainingFormat::chat, TrainingFormat::prompt_completion, TrainingFormat::preference}) {
    if (text == to_text(format)) return format;
  }
  return TrainingFormat::unknown;
}

Result<LineFault> read_fault(const Json& json, std::string_view where) {
  ObjectReader reader(json, where);
  LineFault fault;
  fault.line = reader.integer("line");
  fault.kind = reader.text("kind");
  fault.message = reader.text("message");
  fault.path = reader.optional_text("path").value_or("");
  return reader.result(std::move(fault));
}

}  // namespace

Json to_json(const LineFault& fault) {
  return {{"line", fault.line},
          {"kind", fault.kind},
          {"message", fault.message},
          {"path", fault.path.empty() ? Json(nullptr) : Json(fault.path)}};
}

Json to_json(const TrainingFileReport& report) {
  Json kinds = Json::object();
  for (const auto& [kind, count] : report.faults_of_kind) kinds[kind] = count;
  Json faults = Json::array();
  for (const LineFault& fault : report.faults) faults.push_back(to_json(fault));
  return {{"object", "training_file.report"},
          {"format", to_text(report.format)},
          {"examples", report.examples},
          {"faulty_lines", report.faulty_lines},
          {"fault_count", report.fault_count},
          {"faults_of_kind", std::move(kinds)},
          {"without_system_message", report.without_system_message},
          {"without_user_message", report.without_user_message},
          {"faults", std::move(faults)}};
}

template <>
Result<TrainingFileReport> from_json(const Json& json, std::string_view where) {
  ObjectReader reader(json, where);
  TrainingFileReport report;
  report.format = parse_format(reader.text("format"));
  report.examples = reader.integer("examples");
  report.faulty_lines = reader.integer("faulty_lines");
  report.fault_count = reader.integer("fault_count");
  report.without_system_message = reader.optional_integer("without_system_message").value_or(0);
  report.without_user_message = reader.optional_integer("without_user_message").value_or(0);
  const Json* kinds = reader.find("faults_of_kind");
  if (kinds != nullptr && kinds->is_object()) {
    for (const auto& [kind, count] : kinds->items()) {
      if (count.is_number_integer()) report.faults_of_kind[kind] = count.get<std::int64_t>();
    }
  }
  const Json* faults = reader.find("faults");
  if (faults != nullptr && faults->is_array()) {
    for (const Json& fault : *faults) {
      ATTUNE_TRY(LineFault read, read_fault(fault, reader.place("faults")));
      report.faults.push_back(std::move(read));
    }
  }
  return reader.result(std::move(report));
}

}  // namespace attune::wire
