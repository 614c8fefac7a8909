#include "data/split_record.h"

#include <array>
#include <charconv>

#include <fmt/format.h>

#include "data/example_texts.h"

namespace attune::data {

namespace {

constexpr std::array<Part, 3> kParts = {Part::train, Part::validation, Part::test};

Failure not_a_record(const Path& path, std::string found) {
  return bad_input({.where = path.string(),
                    .found = std::move(found),
                    .wanted = "the record of an earlier attune data split",
                    .fix = "take the file from a copy, or choose another folder for a new split"});
}

}  // namespace

void SplitRecord::add(std::span<const Example> examples, const Split& split) {
  for (const Part part : kParts) {
    const auto& rows = part == Part::train        ? split.train
                       : part == Part::validation ? split.validation
                                                  : split.test;
    for (const std::int64_t row : rows)
      parts.emplace(prompt_hash(examples[static_cast<std::size_t>(row)]), part);
  }
}

Result<void> write_split_record(const SplitRecord& record, const Path& path) {
  Json json = {{"version", 1}};
  for (const Part part : kParts) json[std::string(part_name(part))] = Json::array();
  for (const auto& [hash, part] : record.parts)
    json[std::string(part_name(part))].push_back(fmt::format("{:016x}", hash));
  return write_file_atomic(path, to_pretty_text(json));
}

Result<SplitRecord> read_split_record(const Path& path) {
  ATTUNE_TRY(const Json json, read_json(path));
  if (!json.is_object() || !json.contains("version") || json["version"] != Json(1))
    return not_a_record(path, "no \"version\" of 1");
  SplitRecord record;
  for (const Part part : kParts) {
    const auto hashes = json.find(std::string(part_name(part)));
    if (hashes == json.end() || !hashes->is_array())
      return not_a_record(path, fmt::format("no list \"{}\"", part_name(part)));
    for (const Json& hash : *hashes) {
      const std::string digits = hash.is_string() ? hash.get<std::string>() : std::string();
      const char* end = digits.data() + digits.size();
      std::uint64_t number = 0;
      if (digits.size() != 16 || std::from_chars(digits.data(), end, number, 16).ptr != end) {
        return not_a_record(
            path,
            fmt::format("an entry of \"{}\" that is not 16 hexadecimal digits", part_name(part)));
      }
      record.parts.emplace(number, part);
    }
  }
  return record;
}

}  // namespace attune::data
