// Lists in pages: the query that asks for one, and the list object that holds it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/json.h"
#include "wire/error.h"

namespace attune::wire {

// The query of a request, percent-decoded. Brackets stay in the key: "metadata[team]".
using Query = std::multimap<std::string, std::string>;

struct PageQuery {
  std::optional<std::string> after = {};  // id of the last item that the client has
  std::int64_t limit = 20;
  bool ascending = false;  // oldest first
};

// Reads after, limit (1 to max_limit) and order (asc, desc, ascending, descending).
Answer<PageQuery> parse_page(const Query& query, std::int64_t default_limit, std::int64_t max_limit,
                             bool ascending_default = false);

// The one value of a query parameter, or none. A repeated parameter is refused.
Answer<std::optional<std::string>> query_value(const Query& query, std::string_view name);

// The pairs of name[key]=value, for example metadata[team]=support.
std::vector<std::pair<std::string, std::string>> query_map(const Query& query,
                                                           std::string_view name);

// {"object": "list", "data": [...], "first_id", "last_id", "has_more"}; the ids only on request.
// They are null for an empty list, "" where the list of files is to be (its ids are plain strings).
enum class ListIds { none, or_null, or_empty };
Json list_json(std::vector<Json> items, bool has_more, ListIds ids = ListIds::none);

template <typename T>
Json list_json(const std::vector<T>& items, bool has_more, ListIds ids = ListIds::none) {
  std::vector<Json> data;
  data.reserve(items.size());
  for (const T& item : items) data.push_back(to_json(item));
  return list_json(std::move(data), has_more, ids);
}

// {"id", "object", "deleted": true}
Json deleted_json(std::string_view id, std::string_view object);

}  // namespace attune::wire
