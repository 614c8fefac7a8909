#include "serve/base_list.h"

namespace attune::serve {

namespace {
constexpr auto kFresh = std::chrono::seconds(2);
}  // namespace

Result<void> BaseList::look() {
  const auto now = std::chrono::steady_clock::now();
  if (found_ && now - found_at_ < kFresh) return {};
  ATTUNE_TRY(found_, jobs::BaseModels::find(models_, named_));
  found_at_ = now;
  return {};
}

Result<std::vector<jobs::BaseModel>> BaseList::all() {
  const std::lock_guard lock(mutex_);
  ATTUNE_TRY_VOID(look());
  return found_->all();
}

Result<std::optional<jobs::BaseModel>> BaseList::find(std::string_view name) {
  const std::lock_guard lock(mutex_);
  ATTUNE_TRY_VOID(look());
  const jobs::BaseModel* base = found_->get(name);
  if (!base) return std::optional<jobs::BaseModel>();
  return std::optional<jobs::BaseModel>(*base);
}

}  // namespace attune::serve
