#include "client/sse.h"

namespace attune::client {

bool SseParser::feed(std::string_view bytes) {
  for (const char byte : bytes) {
    if (done_) return false;
    const bool line_feed_of_pair = byte == '\n' && after_carriage_return_;
    after_carriage_return_ = byte == '\r';
    if (line_feed_of_pair) continue;
    if (byte == '\n' || byte == '\r') {
      if (!end_line()) done_ = true;
    } else {
      line_ += byte;
      if (line_.size() + event_.data.size() > most_bytes_) too_large_ = done_ = true;
    }
  }
  return !done_;
}

bool SseParser::end_line() {
  std::string_view line = line_;
  if (first_line_ && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
  first_line_ = false;
  bool more = true;
  if (line.empty()) {
    more = dispatch();
  } else if (line.front() != ':') {
    const std::size_t colon = line.find(':');
    std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    take_field(line.substr(0, colon), value);
  }
  line_.clear();
  return more;
}

void SseParser::take_field(std::string_view name, std::string_view value) {
  if (name == "data") {
    if (has_data_) event_.data += '\n';
    event_.data += value;
    has_data_ = true;
  } else if (name == "event") {
    event_.type = value;
  } else if (name == "id" && value.find('\0') == std::string_view::npos) {
    event_.id = value;
  }
}

bool SseParser::dispatch() {
  const bool complete = has_data_;
  const bool more = complete ? receiver_(event_) : true;
  event_.type.clear();
  event_.data.clear();
  has_data_ = false;
  return more;
}

}  // namespace attune::client
