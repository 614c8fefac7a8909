#include "grammar/formats.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "grammar/regex.h"

namespace attune::grammar {

namespace {

Regex fixed(std::string_view pattern) {
  Result<Regex> regex = Regex::compile(pattern);
  CHECK(regex.has_value(), "built-in pattern: {}", regex.error().message());
  return *regex;
}

bool matches(const Regex& regex, std::string_view text) { return regex.search(text) == Match::yes; }

int digits(std::string_view text, std::size_t at, std::size_t count) {
  int value = 0;
  for (std::size_t i = at; i < at + count; ++i) value = value * 10 + (text[i] - '0');
  return value;
}

// RFC 3339 full-date
bool is_date(std::string_view text) {
  static const Regex shape = fixed("^[0-9]{4}-[0-9]{2}-[0-9]{2}$");
  if (!matches(shape, text)) return false;
  constexpr std::array<int, 12> kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const int year = digits(text, 0, 4);
  const int month = digits(text, 5, 2);
  const int day = digits(text, 8, 2);
  if (month < 1 || month > 12 || day < 1) return false;
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  const int last = month == 2 && leap ? 29 : kDays[static_cast<std::size_t>(month - 1)];
  return day <= last;
}

// RFC 3339 full-time; a leap second is 23:59:60 in UTC.
bool is_time(std::string_view text) {
  static const Regex shape =
      fixed("^[0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.][0-9]+)?(?:[zZ]|[+-][0-9]{2}:[0-9]{2})$");
  if (!matches(shape, text)) return false;
  const int hour = digits(text, 0, 2);
  const int minute = digits(text, 3, 2);
  const int second = digits(text, 6, 2);
  int offset = 0;
  if (text.back() != 'z' && text.back() != 'Z') {
    const std::size_t at = text.size() - 6;
    const int offset_hour = digits(text, at + 1, 2);
    const int offset_minute = digits(text, at + 4, 2);
    if (offset_hour > 23 || offset_minute > 59) return false;
    offset = (offset_hour * 60 + offset_minute) * (text[at] == '-' ? -1 : 1);
  }
  if (hour > 23 || minute > 59 || second > 60) return false;
  constexpr int kMinutesADay = 24 * 60;
  const int utc = (hour * 60 + minute - offset + 2 * kMinutesADay) % kMinutesADay;
  return second < 60 || utc == kMinutesADay - 1;
}

bool is_date_time(std::string_view text) {
  constexpr std::size_t kDateSize = 10;
  return text.size() > kDateSize && (text[kDateSize] == 'T' || text[kDateSize] == 't') &&
         is_date(text.substr(0, kDateSize)) && is_time(text.substr(kDateSize + 1));
}

// RFC 3339, appendix A: units in order, none skipped.
bool is_duration(std::string_view text) {
  static const Regex shape = fixed(
      "^P(?=[0-9T])(?:[0-9]+W|"
      "(?:[0-9]+Y(?:[0-9]+M(?:[0-9]+D)?)?|[0-9]+M(?:[0-9]+D)?|[0-9]+D)?"
      "(?:T(?=[0-9])(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S))?)$");
  return matches(shape, text);
}

bool is_ipv4(std::string_view text) {
  static const Regex shape =
      fixed("^(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:[.](?!$)|$)){4}$");
  return matches(shape, text);
}

// RFC 4291, 2.2: eight groups; one "::" stands for one or more zero groups; the last two may be an
// IPv4 address.
bool is_ipv6(std::string_view text) {
  static const Regex group = fixed("^[0-9a-fA-F]{1,4}$");
  const std::size_t gap = text.find("::");
  if (gap != std::string_view::npos && text.find("::", gap + 1) != std::string_view::npos)
    return false;
  const auto count_groups = [](std::string_view part, bool may_end_in_ipv4) {
    if (part.empty()) return 0;
    int count = 0;
    for (std::size_t from = 0;;) {
      const std::size_t colon = part.find(':', from);
      const bool last = colon == std::string_view::npos;
      const std::string_view piece = part.substr(from, last ? colon : colon - from);
      if (last && may_end_in_ipv4 && is_ipv4(piece)) return count + 2;
      if (!matches(group, piece)) return -1;
      ++count;
      if (last) return count;
      from = colon + 1;
    }
  };
  if (gap == std::string_view::npos) return count_groups(text, true) == 8;
  const int left = count_groups(text.substr(0, gap), false);
  const int right = count_groups(text.substr(gap + 2), true);
  return left >= 0 && right >= 0 && left + right <= 7;
}

bool is_uuid(std::string_view text) {
  static const Regex shape =
      fixed("^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$");
  return matches(shape, text);
}

// RFC 5321, 4.1.2: dot-atom or quoted local part, at a host name or an address literal.
bool is_email(std::string_view text) {
  static const Regex local = fixed(
      "^(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~\\-]+(?:[.][A-Za-z0-9!#$%&'*+/=?^_`{|}~\\-]+)*|"
      "\"(?:[ !#-\\x5b\\x5d-~]|\\\\[ -~])*\")$");
  static const Regex host = fixed(
      "^[A-Za-z0-9](?:[A-Za-z0-9\\-]*[A-Za-z0-9])?(?:[.][A-Za-z0-9](?:[A-Za-z0-9\\-]*[A-Za-z0-9])?)"
      "*$");
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos || !matches(local, text.substr(0, at))) return false;
  std::string_view domain = text.substr(at + 1);
  if (domain.size() > 2 && domain.front() == '[' && domain.back() == ']') {
    domain = domain.substr(1, domain.size() - 2);
    return domain.substr(0, 5) == "IPv6:" ? is_ipv6(domain.substr(5)) : is_ipv4(domain);
  }
  return matches(host, domain);
}

// RFC 3986, appendix A.
constexpr std::string_view kPathCharacter = "(?:[A-Za-z0-9\\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})";
constexpr std::string_view kNameCharacter = "(?:[A-Za-z0-9\\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})";

std::string uri_pattern(bool relative) {
  const std::string authority =
      fmt::format("(?:(?:{0}|:)*@)?(?:\\[[^\\]]+\\]|{0}*)(?::[0-9]*)?", kNameCharacter);
  const std::string first =
      relative ? "(?:(?!:)" + std::string(kPathCharacter) + ")" : std::string(kPathCharacter);
  return fmt::format(
      "^{0}(?://{1}(?:/{2}*)*|/(?:{2}+(?:/{2}*)*)?|{3}+(?:/{2}*)*)?"
      "(?:[?](?:{2}|[/?])*)?(?:#(?:{2}|[/?])*)?$",
      relative ? "" : "[A-Za-z][A-Za-z0-9+.\\-]*:", authority, kPathCharacter, first);
}

// A bracket occurs only around the host, so the first pair is the address literal.
bool has_good_address_literal(std::string_view text) {
  static const Regex future = fixed("^v[0-9A-Fa-f]+[.][A-Za-z0-9\\-._~!$&'()*+,;=:]+$");
  const std::size_t open = text.find('[');
  if (open == std::string_view::npos) return true;
  const std::string_view address = text.substr(open + 1, text.find(']') - open - 1);
  return is_ipv6(address) || matches(future, address);
}

bool is_uri(std::string_view text) {
  static const Regex shape = fixed(uri_pattern(false));
  return matches(shape, text) && has_good_address_literal(text);
}

bool is_uri_reference(std::string_view text) {
  static const Regex shape = fixed(uri_pattern(true));
  return is_uri(text) || (matches(shape, text) && has_good_address_literal(text));
}

bool is_json_pointer(std::string_view text) {
  static const Regex shape = fixed("^(?:/(?:[^/~]|~[01])*)*$");
  return matches(shape, text);
}

bool is_regex(std::string_view text) { return Regex::compile(text).has_value(); }

constexpr std::array<std::pair<std::string_view, FormatCheck>, 12> kFormats{{
    {"date", is_date},
    {"date-time", is_date_time},
    {"duration", is_duration},
    {"email", is_email},
    {"ipv4", is_ipv4},
    {"ipv6", is_ipv6},
    {"json-pointer", is_json_pointer},
    {"regex", is_regex},
    {"time", is_time},
    {"uri", is_uri},
    {"uri-reference", is_uri_reference},
    {"uuid", is_uuid},
}};

}  // namespace

FormatCheck find_format(std::string_view name) {
  for (const auto& [known, check] : kFormats) {
    if (known == name) return check;
  }
  return nullptr;
}

std::string supported_formats() {
  std::string names;
  for (const auto& [name, check] : kFormats) {
    if (!names.empty()) names += ", ";
    names += name;
  }
  return names;
}

}  // namespace attune::grammar
