#include "client/account_index.h"

#include <array>
#include <ctime>
#include <optional>

#include <fmt/format.h>

namespace attune::client {

namespace {

constexpr const char* kIndexName = "index.json";
constexpr double kSecondsBetweenWrites = 1;

constexpr std::array kStates = {CopyState::stored, CopyState::not_available, CopyState::failed};

std::optional<CopyState> state_from_name(std::string_view name) {
  for (const CopyState state : kStates) {
    if (copy_state_name(state) == name) return state;
  }
  return std::nullopt;
}

Json to_json(const CopiedItem& item) {
  Json json = {{"kind", item.kind}, {"id", item.id}, {"state", copy_state_name(item.state)}};
  if (!item.path.empty()) {
    json["path"] = item.path;
    json["bytes"] = item.bytes;
    json["sha256"] = item.sha256;
    json["final"] = item.final;
  }
  if (!item.reason.empty()) json["reason"] = item.reason;
  if (!item.about.empty()) json["about"] = item.about;
  return json;
}

std::string text_or_empty(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::optional<CopiedItem> item_from_json(const Json& json) {
  if (!json.is_object()) return std::nullopt;
  const std::optional<CopyState> state = state_from_name(text_or_empty(json, "state"));
  CopiedItem item{.kind = text_or_empty(json, "kind"), .id = text_or_empty(json, "id")};
  if (!state || item.kind.empty() || item.id.empty()) return std::nullopt;
  item.state = *state;
  item.path = text_or_empty(json, "path");
  item.sha256 = text_or_empty(json, "sha256");
  item.reason = text_or_empty(json, "reason");
  if (const auto bytes = json.find("bytes"); bytes != json.end() && bytes->is_number_integer())
    item.bytes = bytes->get<std::int64_t>();
  if (const auto final = json.find("final"); final != json.end() && final->is_boolean())
    item.final = final->get<bool>();
  if (const auto about = json.find("about"); about != json.end() && about->is_object())
    item.about = *about;
  return item;
}

}  // namespace

std::string_view copy_state_name(CopyState state) {
  switch (state) {
    case CopyState::stored:
      return "stored";
    case CopyState::not_available:
      return "not_available";
    case CopyState::failed:
      return "failed";
  }
  return "";
}

Result<AccountIndex> AccountIndex::open(const Path& folder, std::string endpoint) {
  ATTUNE_TRY_VOID(ensure_directory(folder));
  AccountIndex index(folder, std::move(endpoint));
  const Path path = folder / kIndexName;
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return index;
  ATTUNE_TRY(const Json document, read_json(path));
  ATTUNE_TRY_VOID(index.read(document, path.string()));
  return index;
}

Result<void> AccountIndex::read(const Json& document, const std::string& where) {
  const Json* items =
      document.is_object() && document.contains("items") ? &document["items"] : nullptr;
  if (items == nullptr || !items->is_array() || document.value("version", Json()) != 1) {
    return bad_input({.where = where,
                      .found = "no index of a copied account",
                      .wanted = "the index of an earlier run, or none",
                      .fix = "choose another folder"});
  }
  if (const std::string other = text_or_empty(document, "endpoint"); other != endpoint_) {
    return bad_input({.where = where,
                      .found = fmt::format("a copy from {}", other),
                      .wanted = fmt::format("one from {}", endpoint_),
                      .fix = "give each account a folder of its own"});
  }
  for (const Json& json : *items) {
    std::optional<CopiedItem> item = item_from_json(json);
    if (!item) continue;  // it is fetched again
    places_[{item->kind, item->id}] = items_.size();
    items_.push_back(*std::move(item));
  }
  return {};
}

const CopiedItem* AccountIndex::find(std::string_view kind, std::string_view id) const {
  const auto place = places_.find(std::pair(std::string(kind), std::string(id)));
  return place == places_.end() ? nullptr : &items_[place->second];
}

bool AccountIndex::is_complete(std::string_view kind, std::string_view id) const {
  const CopiedItem* item = find(kind, id);
  if (item == nullptr || item->state != CopyState::stored || !item->final) return false;
  std::error_code fault;
  const auto size = std::filesystem::file_size(folder_ / item->path, fault);
  return !fault && static_cast<std::int64_t>(size) == item->bytes;
}

Result<void> AccountIndex::put(CopiedItem item) {
  const auto [place, fresh] = places_.emplace(std::pair(item.kind, item.id), items_.size());
  if (fresh) {
    items_.push_back(std::move(item));
  } else {
    items_[place->second] = std::move(item);
  }
  const bool due = written_at_ < 0 || watch_.seconds() - written_at_ >= kSecondsBetweenWrites;
  return due ? write() : Result<void>();
}

Result<void> AccountIndex::write() {
  Json document = {{"version", 1},
                   {"endpoint", endpoint_},
                   {"updated_at", static_cast<std::int64_t>(std::time(nullptr))},
                   {"items", Json::array()}};
  for (const CopiedItem& item : items_) document["items"].push_back(to_json(item));
  written_at_ = watch_.seconds();
  return write_file_atomic(folder_ / kIndexName, to_pretty_text(document));
}

}  // namespace attune::client
