#include "wire/page.h"

#include <charconv>

#include <fmt/format.h>

#include "io/text_encoding.h"
#include "wire/fields.h"

namespace attune::wire {

namespace {

Answer<std::int64_t> parse_limit(const std::string& text, std::int64_t most) {
  std::int64_t limit = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, limit);
  if (read.ec == std::errc::invalid_argument || read.ptr != end) {
    return refuse(invalid_value(
        "limit",
        fmt::format("Invalid type for 'limit': expected an integer, but got '{}' instead.",
                    quote_for_message(text)),
        "invalid_type"));
  }
  if (limit < 1 && read.ec == std::errc()) {
    return refuse(invalid_value("limit",
                                fmt::format("Invalid 'limit': integer below minimum value. "
                                            "Expected a value >= 1, but got {} instead.",
                                            limit),
                                "integer_below_min_value"));
  }
  if (limit > most || read.ec != std::errc()) {
    return refuse(invalid_value("limit",
                                fmt::format("Invalid 'limit': integer above maximum value. "
                                            "Expected a value <= {}, but got {} instead.",
                                            most, quote_for_message(text)),
                                "integer_above_max_value"));
  }
  return limit;
}

}  // namespace

Answer<std::optional<std::string>> query_value(const Query& query, std::string_view name) {
  const auto [first, last] = query.equal_range(std::string(name));
  if (first == last) return std::optional<std::string>();
  if (std::next(first) != last) {
    return refuse(invalid_value(std::string(name),
                                fmt::format("Invalid '{}': it is given more than once.", name)));
  }
  // What follows is looked up in databases, whose texts a NUL would end.
  if (first->second.find('\0') != std::string::npos ||
      find_invalid_utf8(first->second) != std::string_view::npos) {
    return refuse(
        invalid_value(std::string(name), fmt::format("Invalid '{}': it is not text.", name)));
  }
  return first->second;
}

std::vector<std::pair<std::string, std::string>> query_map(const Query& query,
                                                           std::string_view name) {
  std::vector<std::pair<std::string, std::string>> pairs;
  const std::string opening = std::string(name) + "[";
  for (auto at = query.lower_bound(opening); at != query.end() && at->first.starts_with(opening);
       ++at) {
    if (!at->first.ends_with(']')) continue;
    pairs.emplace_back(at->first.substr(opening.size(), at->first.size() - opening.size() - 1),
                       at->second);
  }
  return pairs;
}

Answer<PageQuery> parse_page(const Query& query, std::int64_t default_limit, std::int64_t max_limit,
                             bool ascending_default) {
  PageQuery page{.limit = default_limit, .ascending = ascending_default};
  ATTUNE_ANSWER(page.after, query_value(query, "after"));
  if (page.after && page.after->empty()) page.after.reset();
  ATTUNE_ANSWER(const std::optional<std::string> limit, query_value(query, "limit"));
  if (limit) {
    ATTUNE_ANSWER(page.limit, parse_limit(*limit, max_limit));
  }
  ATTUNE_ANSWER(const std::optional<std::string> order, query_value(query, "order"));
  if (order) {
    const bool ascending = *order == "asc" || *order == "ascending";
    if (!ascending && *order != "desc" && *order != "descending") {
      return refuse(invalid_value(
          "order", fmt::format("Invalid value: '{}'. Supported values are: 'asc' and 'desc'.",
                               quote_for_message(*order))));
    }
    page.ascending = ascending;
  }
  if (query.contains("before")) {
    return refuse(unsupported_parameter(
        "before", "Unsupported parameter: 'before'. Pages go forward only: use 'after'."));
  }
  return page;
}

Json list_json(std::vector<Json> items, bool has_more, ListIds ids) {
  Json list = {{"object", "list"}, {"data", Json::array()}};
  if (ids != ListIds::none) {
    const Json nothing = ids == ListIds::or_null ? Json(nullptr) : Json("");
    list["first_id"] = items.empty() ? nothing : items.front().value("id", Json(nullptr));
    list["last_id"] = items.empty() ? nothing : items.back().value("id", Json(nullptr));
  }
  list["has_more"] = has_more;
  list["data"] = Json(
      Json::array_t(std::make_move_iterator(items.begin()), std::make_move_iterator(items.end())));
  return list;
}

Json deleted_json(std::string_view id, std::string_view object) {
  return {{"id", id}, {"object", object}, {"deleted", true}};
}

}  // namespace attune::wire
