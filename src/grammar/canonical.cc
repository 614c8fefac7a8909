#include "grammar/canonical.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>

namespace attune::grammar {

namespace {

// A whole double inside the 64-bit range is written as the integer it equals.
void append_double(double value, std::string& out) {
  constexpr double kTwoTo63 = 9223372036854775808.0;
  if (value == std::floor(value) && std::isfinite(value)) {
    if (value >= -kTwoTo63 && value < kTwoTo63) {
      out += fmt::format("{}", static_cast<std::int64_t>(value));
      return;
    }
    if (value > 0 && value < 2 * kTwoTo63) {
      out += fmt::format("{}", static_cast<std::uint64_t>(value));
      return;
    }
  }
  out += fmt::format("{}", value);
}

void append(const Json& value, std::string& out);

void append_object(const Json& value, std::string& out) {
  std::vector<std::pair<const std::string*, const Json*>> members;
  for (const auto& [key, member] : value.items()) {
    members.emplace_back(&key, &member);
  }
  std::sort(members.begin(), members.end(),
            [](const auto& a, const auto& b) { return *a.first < *b.first; });
  out += '{';
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (i > 0) out += ',';
    out += to_text(Json(*members[i].first));
    out += ':';
    append(*members[i].second, out);
  }
  out += '}';
}

void append(const Json& value, std::string& out) {
  if (value.is_object()) {
    append_object(value, out);
  } else if (value.is_array()) {
    out += '[';
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (i > 0) out += ',';
      append(value[i], out);
    }
    out += ']';
  } else if (value.is_number_float()) {
    append_double(value.get<double>(), out);
  } else {
    out += to_text(value);
  }
}

}  // namespace

std::string canonical_text(const Json& value) {
  std::string out;
  append(value, out);
  return out;
}

bool same_value(const Json& left, const Json& right) {
  return canonical_text(left) == canonical_text(right);
}

std::string excerpt_of_text(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return std::string(text);
  std::size_t end = limit;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "...";
}

std::string excerpt(const Json& value, std::size_t limit) {
  return excerpt_of_text(to_text(value), limit);
}

std::string pointer_step(std::string_view key) {
  std::string out = "/";
  for (char c : key) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace attune::grammar
