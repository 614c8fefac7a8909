// Answers of servers that nearly speak the API, made into what wire/objects.h reads: other words
// for a status, dates as text, absent fields, lists under another name. docs/client.md lists the
// faults that this bears.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "client/api_client.h"
#include "io/json.h"

namespace attune::client {

// The status that a word means, whichever server says it; `running` for a word that is not known,
// so that a job is never taken for ended by mistake.
wire::JobStatus status_of_word(std::string_view word);

// Unix seconds from a number, or from a text such as 2026-01-31T12:00:05.123Z; 0 for anything else.
std::int64_t unix_time_of(const Json& value);

// The list in an answer: "data", else the only array in it.
const Json* find_items(const Json& answer);

// Objects with every field that from_json needs, in its form.
Json tidy_file(Json raw);
Json tidy_job(Json raw);
Json tidy_event(Json raw);
Json tidy_checkpoint(Json raw, const std::string& job);
Json tidy_model(Json raw);

Reply<Received<wire::FileObject>> read_file_object(const Json& raw, const std::string& where);
Reply<JobView> read_job(const Json& raw, const std::string& where);
Reply<Received<wire::ModelObject>> read_model(const Json& raw, const std::string& where);

// A page of objects, each made tidy by `tidy`.
template <typename T>
Reply<Page<T>> read_page(const Json& answer, const std::string& where, auto tidy) {
  const Json* items = find_items(answer);
  if (items == nullptr)
    return CallRefused(unexpected_answer(where, "an answer without a list", "a list object"));
  Page<T> page;
  for (const Json& item : *items) {
    if (!item.is_object())
      return CallRefused(unexpected_answer(where, "an entry that is no object", "objects"));
    auto value = wire::from_json<T>(tidy(item), where);
    if (!value)
      return CallRefused(unexpected_answer(where, value.error().found, "the API's object"));
    page.items.push_back({*std::move(value), item});
  }
  const auto more = answer.is_object() ? answer.find("has_more") : answer.end();
  page.has_more = more != answer.end() && more->is_boolean() && more->get<bool>();
  page.raw = answer;
  return page;
}

}  // namespace attune::client
