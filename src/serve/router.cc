#include "serve/router.h"

#include <algorithm>

#include "base/check.h"
#include "io/text_encoding.h"

namespace attune::serve {

namespace {

constexpr std::int64_t kMostQueryFields = 200;
constexpr std::size_t kMostSegments = 64;

int hexadecimal(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Refusal bad_url(std::string_view what) {
  return wire::refuse(wire::bad_request(
      "The URL of your request is malformed: " + std::string(what) + ".", "malformed_url"));
}

bool is_text(std::string_view text) {
  const bool has_control = std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
  return !has_control && find_invalid_utf8(text) == std::string_view::npos;
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> pieces;
  for (;;) {
    const std::size_t end = text.find(at);
    pieces.push_back(text.substr(0, end));
    if (end == text.npos) return pieces;
    text.remove_prefix(end + 1);
  }
}

// "http://host/path" -> "/path". What is no absolute form is as it was.
std::string_view without_authority(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!equal_ignoring_case(target.substr(0, scheme.size()), scheme)) continue;
    const std::size_t slash = target.find('/', scheme.size());
    return slash == target.npos ? std::string_view("/") : target.substr(slash);
  }
  return target;
}

Answer<void> parse_query(std::string_view text, wire::Query& query) {
  if (text.empty()) return {};
  std::int64_t fields = 0;
  for (const std::string_view field : split(text, '&')) {
    if (field.empty()) continue;
    if (++fields > kMostQueryFields) return bad_url("its query has too many fields");
    const std::size_t equals = field.find('=');
    auto name = percent_decode(field.substr(0, equals), true);
    auto value =
        percent_decode(equals == field.npos ? std::string_view() : field.substr(equals + 1), true);
    if (!name || !value) return bad_url("its query has a bad percent escape");
    if (find_invalid_utf8(*name) != std::string::npos ||
        find_invalid_utf8(*value) != std::string::npos || name->find('\0') != std::string::npos ||
        value->find('\0') != std::string::npos)
      return bad_url("its query is not UTF-8 text");
    query.emplace(std::move(*name), std::move(*value));
  }
  return {};
}

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}
std::string parameter_name(std::string_view segment) {
  return std::string(segment.substr(1, segment.size() - 2));
}
bool is_rest(std::string_view segment) {
  return is_parameter(segment) && segment.ends_with("...}");
}

using Parameters = std::vector<std::pair<std::string, std::string>>;

// Pattern segments against path segments of the same number.
bool match_segments(const std::vector<std::string>& pattern, const std::string* path,
                    Parameters& parameters) {
  for (const std::string& segment : pattern) {
    if (is_parameter(segment)) {
      if (path->empty()) return false;
      parameters.emplace_back(parameter_name(segment), *path);
    } else if (segment != *path) {
      return false;
    }
    ++path;
  }
  return true;
}

}  // namespace

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size()) return {};
      const int high = hexadecimal(text[i + 1]);
      const int low = hexadecimal(text[i + 2]);
      if (high < 0 || low < 0) return {};
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      decoded += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  return decoded;
}

Answer<Target> parse_target(std::string_view text) {
  text = without_authority(text);
  text = text.substr(0, text.find('#'));
  const std::size_t question = text.find('?');
  std::string_view path = text.substr(0, question);
  if (path.empty() || path.front() != '/') return bad_url("its path does not begin with a slash");
  Target target;
  const std::vector<std::string_view> segments = split(path.substr(1), '/');
  if (segments.size() > kMostSegments) return bad_url("its path has too many segments");
  for (const std::string_view segment : segments) {
    auto decoded = percent_decode(segment, false);
    if (!decoded) return bad_url("its path has a bad percent escape");
    if (!is_text(*decoded)) return bad_url("its path is not UTF-8 text");
    for (const std::string_view name : split(*decoded, '/'))
      if (name == "." || name == "..") return bad_url("its path has a '.' or '..' segment");
    target.path += '/' + *decoded;
    target.segments.push_back(std::move(*decoded));
  }
  if (question != text.npos)
    ATTUNE_ANSWER_VOID(parse_query(text.substr(question + 1), target.query));
  return target;
}

void Router::add(std::string method, std::string pattern, std::string scope, Handler handler,
                 RouteOptions options) {
  CHECK(pattern.starts_with('/'), "the pattern '{}' begins with no slash", pattern);
  Compiled compiled;
  for (const std::string_view segment : split(std::string_view(pattern).substr(1), '/')) {
    if (is_rest(segment)) {
      CHECK(compiled.rest.empty(), "the pattern '{}' has two rests", pattern);
      const std::string name = parameter_name(segment);
      compiled.rest = name.substr(0, name.size() - 3);
    } else {
      (compiled.rest.empty() ? compiled.before : compiled.after).emplace_back(segment);
    }
  }
  for (const Route& route : routes_)
    CHECK(route.method != method || route.pattern != pattern, "{} {} is there twice", method,
          pattern);
  if (options.body == Body::by_method) options.body = method == "POST" ? Body::json : Body::none;
  routes_.push_back({std::move(method), std::move(pattern), std::move(scope), std::move(handler),
                     std::move(options)});
  compiled_.push_back(std::move(compiled));
}

namespace {

// How exactly a pattern names a path: a literal in an earlier segment beats everything behind it.
std::string rank_of(const std::vector<std::string>& before, bool has_rest) {
  std::string rank;
  for (const std::string& segment : before) rank += is_parameter(segment) ? '1' : '2';
  return has_rest ? rank + '0' : rank;
}

}  // namespace

std::variant<Match, NoMatch> Router::match(std::string_view method,
                                           const std::vector<std::string>& segments) const {
  const std::string_view wanted = method == "HEAD" ? "GET" : method;
  NoMatch others;
  Match best;
  std::string best_rank;
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    const Compiled& pattern = compiled_[i];
    const std::size_t fixed = pattern.before.size() + pattern.after.size();
    if (pattern.rest.empty() ? segments.size() != fixed : segments.size() <= fixed) continue;
    Parameters parameters;
    const std::string* tail = segments.data() + (segments.size() - pattern.after.size());
    if (!match_segments(pattern.before, segments.data(), parameters)) continue;
    if (!pattern.rest.empty()) {
      std::string rest;
      for (const std::string* at = segments.data() + pattern.before.size(); at != tail; ++at)
        rest += (rest.empty() ? "" : "/") + *at;
      if (rest.empty()) continue;
      parameters.emplace_back(pattern.rest, std::move(rest));
    }
    if (!match_segments(pattern.after, tail, parameters)) continue;
    if (routes_[i].method != wanted) {
      others.allowed.push_back(routes_[i].method);
      continue;
    }
    std::string rank =
        rank_of(pattern.before, !pattern.rest.empty()) + std::string(pattern.after.size(), '2');
    if (best.route && rank <= best_rank) continue;
    best = {&routes_[i], std::move(parameters)};
    best_rank = std::move(rank);
  }
  if (best.route) return best;
  return others;
}

}  // namespace attune::serve
