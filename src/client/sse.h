// Server-sent events read from a stream of bytes (WHATWG HTML, 9.2): any split of the bytes gives
// the same events; a line ends with LF, CRLF or CR; comments are skipped; an event that the end of
// the stream cuts off is dropped.
//
//   SseParser parser([&](const SseEvent& event) { ...; return true; });
//   parser.feed(bytes);     // false: the receiver had enough, or an event is larger than the limit
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace attune::client {

struct SseEvent {
  std::string type;  // of the line "event:", else empty
  std::string data;  // lines joined by LF
  std::string id;    // the last one seen in the stream
};

class SseParser {
 public:
  using Receiver = std::function<bool(const SseEvent&)>;  // false ends the reading

  explicit SseParser(Receiver receiver, std::size_t most_bytes = std::size_t{16} << 20)
      : receiver_(std::move(receiver)), most_bytes_(most_bytes) {}

  bool feed(std::string_view bytes);
  bool too_large() const { return too_large_; }

 private:
  bool end_line();
  void take_field(std::string_view name, std::string_view value);
  bool dispatch();

  Receiver receiver_;
  std::size_t most_bytes_;
  std::string line_;
  SseEvent event_;
  bool has_data_ = false;
  bool first_line_ = true;
  bool after_carriage_return_ = false;  // an LF now belongs to the line end before it
  bool done_ = false;
  bool too_large_ = false;
};

}  // namespace attune::client
