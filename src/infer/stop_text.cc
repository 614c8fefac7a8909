#include "infer/stop_text.h"

#include <algorithm>

namespace attune::infer {

StopText::StopText(std::vector<std::string> stops) : stops_(std::move(stops)) {
  std::erase_if(stops_, [](const std::string& stop) { return stop.empty(); });
}

std::string StopText::push(std::string_view piece, bool last) {
  if (stopped_) return "";
  pending_ += piece;
  std::size_t cut = std::string::npos;
  for (const std::string& stop : stops_) cut = std::min(cut, pending_.find(stop));
  if (cut != std::string::npos) {
    stopped_ = true;
    pending_.resize(cut);
    return std::move(pending_);
  }
  std::size_t hold = 0;  // the longest tail that could be the beginning of a stop text
  for (const std::string& stop : stops_) {
    for (std::size_t n = std::min(stop.size() - 1, pending_.size()); n > hold; --n) {
      if (pending_.ends_with(std::string_view(stop).substr(0, n))) hold = n;
    }
  }
  if (last) hold = 0;
  std::string shown = pending_.substr(0, pending_.size() - hold);
  pending_.erase(0, shown.size());
  return shown;
}

}  // namespace attune::infer
