// Every page of a list of the API, one after the other.
//
//   auto jobs = all_pages<wire::JobObject>([&](const ListQuery& q) { return api.jobs(q); });
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "client/api_client.h"

namespace attune::client {

template <typename T>
struct WholeList {
  std::vector<Received<T>> items;  // in the server's order, each id once
  bool whole = true;               // false: the server repeats a page for ever
};

// `fetch` takes a ListQuery and gives a Reply<Page<T>>. The next page is asked for behind the last
// item's id, as the official SDKs do it; a page without items is the last whatever it says.
template <typename T>
Reply<WholeList<T>> all_pages(auto fetch) {
  constexpr std::int64_t kPage = 100;
  WholeList<T> list;
  std::set<std::string> seen;
  ListQuery query{.limit = kPage};
  while (true) {
    Reply<Page<T>> page = fetch(query);
    if (!page) return CallRefused(std::move(page).error());
    bool fresh = false;
    for (Received<T>& item : page->items) {
      if (!item.value.id.empty() && !seen.insert(item.value.id).second) continue;
      fresh = fresh || !item.value.id.empty();
      query.after = item.value.id;
      list.items.push_back(std::move(item));
    }
    if (!page->has_more || page->items.empty()) return list;
    if (!fresh) {
      list.whole = false;
      return list;
    }
  }
}

}  // namespace attune::client
