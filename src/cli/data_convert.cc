// attune data convert: examples from any format that Attune reads to any that it writes. attune
// data formats: which those are.
#include <map>
#include <memory>

#include <fmt/format.h>

#include "cli/data_commands.h"
#include "cli/data_options.h"
#include "data/known_formats.h"
#include "data/normalise.h"
#include "data/write_formats.h"
#include "io/file.h"

namespace attune::cli {

namespace {

struct ConvertCommand {
  DataOptions data;
  std::string to, out;
  data::WriteOptions write;
  bool clean = false;
  bool skip = false;
  bool json = false;
};

// What became of the rows.
struct Conversion {
  std::int64_t read = 0;
  std::int64_t written = 0;
  std::vector<std::string> evidence;
  std::vector<data::Finding> dropped;
  std::map<std::string, std::int64_t> left_out;  // what was lost, and in how many rows

  Json json() const {
    Json rows = Json::array();
    for (const data::Finding& finding : dropped)
      rows.push_back(
          {{"where", finding.where}, {"rule", finding.rule}, {"message", finding.message()}});
    Json lost = Json::object();
    for (const auto& [words, count] : left_out) lost[words] = count;
    return {{"read", read},
            {"written", written},
            {"evidence", evidence},
            {"not_written", rows},
            {"left_out", lost}};
  }

  void print(const ConvertCommand& options) const {
    for (const std::string& line : evidence) fmt::print(stderr, "{}\n", line);
    constexpr std::size_t kShown = 5;
    for (std::size_t i = 0; i < std::min(dropped.size(), kShown); ++i)
      fmt::print(stderr, "not written: {}\n", dropped[i].message());
    if (dropped.size() > kShown)
      fmt::print(stderr, "and {} more; --json lists them\n", dropped.size() - kShown);
    for (const auto& [words, count] : left_out)
      fmt::print(stderr, "left out in {} row{}: {}\n", count, count == 1 ? "" : "s", words);
    fmt::print(stderr, "{} of {} rows to {} as {}\n", written, read,
               options.out == "-" ? "standard output" : options.out, options.to);
  }
};

// The rows as text, one a line. A row that the format cannot hold ends the conversion, unless such
// rows are to be skipped.
Result<std::string> write_rows(data::Dataset& dataset, const ConvertCommand& options,
                               Conversion& conversion) {
  const data::WrittenFormat& format = *data::find_written_format(options.to);
  data::NormaliseOptions normalise = options.data.normalise_options();
  if (!options.clean && options.data.normalise.empty()) {
    // The form changes, the words do not: only what makes messages of other formats' turns.
    using enum data::Normaliser;
    normalise.rules = data::NormaliserSet::none();
    normalise.rules.set(role_alias, true).set(legacy_functions, true);
  }
  std::string text;
  for (data::Example& example : dataset.examples) {
    data::Normalised normalised = data::normalise(example, normalise);
    if (!normalised.kept) {
      conversion.dropped.push_back(std::move(normalised.findings.back()));
      continue;
    }
    Result<data::WrittenRow> row = data::write_row(format, example, options.write);
    if (!row && !options.skip) {
      row.error().fix += "; --skip leaves such rows out";
      return Failure(std::move(row).error());
    }
    if (!row) {
      conversion.dropped.push_back(data::dropped_row("does_not_fit", row.error(), example.id));
      continue;
    }
    for (const std::string& words : row->left_out) ++conversion.left_out[words];
    if (!row->text) continue;
    text += *row->text + "\n";
    ++conversion.written;
  }
  return text;
}

Result<int> convert(const ConvertCommand& options) {
  data::ReadOptions read = options.data.read_options();
  read.keep_rest = !options.to.starts_with("openai");
  ATTUNE_TRY(data::Dataset dataset, data::read_examples(options.data.file, read));
  Conversion conversion;
  conversion.read = dataset.rows_read;
  conversion.evidence = std::move(dataset.evidence);
  conversion.dropped = std::move(dataset.findings);
  ATTUNE_TRY(const std::string text, write_rows(dataset, options, conversion));
  if (options.out == "-") {
    std::fwrite(text.data(), 1, text.size(), stdout);
  } else {
    ATTUNE_TRY_VOID(write_file_atomic(options.out, text));
  }
  if (!options.json) {
    conversion.print(options);
  } else {
    fmt::print(options.out == "-" ? stderr : stdout, "{}\n", to_text(conversion.json()));
  }
  return conversion.written == 0 && conversion.read > 0 ? 2 : 0;
}

int list_formats(bool json) {
  if (json) {
    Json read = Json::array(), written = Json::array(), normalisers = Json::array();
    for (const data::KnownFormat& format : data::known_formats()) {
      read.push_back({{"name", format.name},
                      {"kind", data::row_kind_name(format.kind)},
                      {"columns", format.columns},
                      {"map", format.map},
                      {"from", format.from}});
    }
    for (const data::WrittenFormat& format : data::written_formats())
      written.push_back({{"name", format.name}, {"holds", format.holds}});
    for (const data::NormaliserEntry& entry : data::normaliser_entries())
      normalisers.push_back({{"name", entry.name}, {"usual", entry.usual}});
    fmt::print("{}\n",
               to_text(Json{{"read", read}, {"written", written}, {"normalisers", normalisers}}));
    return 0;
  }
  fmt::print("Read (--format), by their columns:\n");
  for (const data::KnownFormat& format : data::known_formats()) {
    fmt::print(
        "  {:<24} {:<14} {}{}\n", format.name, data::row_kind_name(format.kind), format.columns,
        format.recognised == data::KnownFormat::Recognised::when_asked ? "  (when asked)" : "");
  }
  fmt::print("\nWritten (--to):\n");
  for (const data::WrittenFormat& format : data::written_formats())
    fmt::print("  {:<24} {}\n", format.name, format.holds);
  fmt::print("\nRepairs (--normalise), * usual:\n");
  for (const data::NormaliserEntry& entry : data::normaliser_entries())
    fmt::print("  {} {}\n", entry.usual ? '*' : ' ', entry.name);
  return 0;
}

}  // namespace

void add_data_convert(CLI::App& group, Body& selected) {
  auto options = std::make_shared<ConvertCommand>();
  CLI::App* command =
      group.add_subcommand("convert", "Examples of any format to one of `attune data formats`");
  options->data.declare_file(*command);
  options->data.declare_normalisers(*command);
  command->add_option("--to", options->to, "The format to write")
      ->required()
      ->check([](const std::string& name) {
        if (data::find_written_format(name) != nullptr) return std::string();
        std::string names;
        for (const data::WrittenFormat& format : data::written_formats())
          names += (names.empty() ? "" : ", ") + std::string(format.name);
        return "wanted one of " + names;
      });
  command->add_option("--out", options->out, "The file to write; - is standard output")->required();
  command->add_flag("--clean", options->clean,
                    "Also make the usual repairs of texts, as attune data prepare does");
  command->add_flag("--lossy", options->write.lossy,
                    "Leave out what the format cannot hold, and count it");
  command->add_flag("--skip", options->skip, "Leave out rows that the format cannot hold");
  command->add_flag("--preferred-only", options->write.preferred_only,
                    "Preferences and labelled rows as conversations with their good answers");
  command->add_flag("--json", options->json, "Print what was done as one JSON object");
  command->callback([options, &selected] { selected = [options] { return convert(*options); }; });

  auto json = std::make_shared<bool>(false);
  CLI::App* formats = group.add_subcommand("formats", "The formats that are read and written");
  formats->add_flag("--json", *json, "Print them as one JSON object");
  formats->callback(
      [json, &selected] { selected = [json] { return Result<int>(list_formats(*json)); }; });
}

}  // namespace attune::cli
