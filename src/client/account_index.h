// index.json of a copied account: what was fetched, what the other side would not give, what
// failed.
//
//   {"version":1, "endpoint":"https://api.openai.com/v1", "updated_at":1780000000,
//    "items":[{"kind":"file","id":"file-abc","state":"stored","path":"files/file-abc.jsonl",
//              "bytes":1234,"sha256":"...","final":true,"about":{"filename":"train.jsonl",...}},
//             {"kind":"result","id":"file-def","state":"not_available","reason":"HTTP 404 ..."}]}
//
// An item that is stored and final, and whose file is still there with its size, is not fetched
// again. One thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "io/file.h"
#include "io/json.h"

namespace attune::client {

enum class CopyState {
  stored,
  not_available,  // the other side says that it cannot be had; asking again brings nothing
  failed,         // a later attempt may bring it
};

struct CopiedItem {
  std::string kind;  // "file", "job", "events", "checkpoints", "result"
  std::string id;    // of the file or the job
  CopyState state = CopyState::failed;
  std::string path = {};    // below the folder, where something was stored
  std::int64_t bytes = 0;   // of what was stored
  std::string sha256 = {};  // likewise
  bool final = false;       // it will not change any more
  std::string reason = {};  // where it is not stored
  Json about = Json::object();
};

class AccountIndex {
 public:
  // Reads what an earlier run left in `folder`. Refused: an index of another endpoint, or none of
  // version 1.
  static Result<AccountIndex> open(const Path& folder, std::string endpoint);

  const CopiedItem* find(std::string_view kind, std::string_view id) const;
  // Stored, final, and the file has its size.
  bool is_complete(std::string_view kind, std::string_view id) const;
  // Adds the item or replaces the one of its kind and id; writes the index at most once a second.
  Result<void> put(CopiedItem item);
  Result<void> write();

  const std::vector<CopiedItem>& items() const { return items_; }
  const Path& folder() const { return folder_; }

 private:
  AccountIndex(Path folder, std::string endpoint)
      : folder_(std::move(folder)), endpoint_(std::move(endpoint)) {}
  Result<void> read(const Json& document, const std::string& where);

  Path folder_;
  std::string endpoint_;
  std::vector<CopiedItem> items_;
  std::map<std::pair<std::string, std::string>, std::size_t, std::less<>> places_;
  Stopwatch watch_;
  double written_at_ = -1;  // seconds of watch_; below 0: never
};

std::string_view copy_state_name(CopyState state);

}  // namespace attune::client
