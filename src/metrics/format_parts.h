// What each output format of format_levels.h gives to the check: a verdict on a whole text, and the
// first part of a longer text that has its syntax. Internal to src/metrics.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "metrics/format_levels.h"

namespace attune::metrics {

struct FormatVerdict {
  bool ok = false;
  bool exhausted = false;  // a step limit ended the check
  std::optional<double> fields = std::nullopt;
  std::string problem = {};
};

FormatVerdict judge(const JsonFormat& format, std::string_view text);
FormatVerdict judge(const RegexFormat& format, std::string_view text);
FormatVerdict judge(const XmlFormat& format, std::string_view text);
FormatVerdict judge(const CsvFormat& format, std::string_view text);
FormatVerdict judge(const MarkdownTableFormat& format, std::string_view text);
FormatVerdict judge(const SectionsFormat& format, std::string_view text);

std::optional<std::string_view> find_part(const JsonFormat& format, std::string_view text);
std::optional<std::string_view> find_part(const RegexFormat& format, std::string_view text);
std::optional<std::string_view> find_part(const XmlFormat& format, std::string_view text);
std::optional<std::string_view> find_part(const CsvFormat& format, std::string_view text);
std::optional<std::string_view> find_part(const MarkdownTableFormat& format, std::string_view text);
std::optional<std::string_view> find_part(const SectionsFormat& format, std::string_view text);

// The inside of the first ``` fence pair anywhere in the text.
std::optional<std::string_view> first_fence(std::string_view text);

}  // namespace attune::metrics
