// multipart/form-data (RFC 7578) while it arrives: bytes in, in any pieces, parts out to a sink.
// Holds at most one piece and the head of a part.
//
//   ATTUNE_ANSWER(std::string boundary, multipart_boundary(content_type));
//   MultipartParser parser(boundary, sink);
//   ATTUNE_ANSWER_VOID(parser.add(bytes));     // any number of times
//   ATTUNE_ANSWER_VOID(parser.finish());       // refuses a body that broke off
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "serve/http.h"

struct XXH3_state_s;

namespace attune::serve {

struct PartHead {
  std::string name;
  std::optional<std::string> filename;  // without folders; there may be none in a field
  std::string content_type;
};

// Gets begin, data any number of times, end, for each part in turn. What it refuses, the parser
// returns.
class MultipartSink {
 public:
  virtual ~MultipartSink() = default;
  virtual Answer<void> begin(PartHead head) = 0;
  virtual Answer<void> data(std::string_view bytes) = 0;
  virtual Answer<void> end() = 0;
};

// The boundary in a Content-Type of multipart/form-data: refuses any other type (415) and a
// boundary that is missing or not well formed (400).
Answer<std::string> multipart_boundary(std::optional<std::string_view> content_type);

class MultipartParser {
 public:
  MultipartParser(std::string_view boundary, MultipartSink& sink);
  Answer<void> add(std::string_view bytes);
  Answer<void> finish();

 private:
  enum class State { preamble, after_boundary, head, content, epilogue };
  // One step on buffer_[at_..]; false: more bytes are needed.
  Answer<bool> step();
  Answer<bool> skip_preamble();
  Answer<bool> read_after_boundary();
  Answer<bool> read_head();
  Answer<bool> read_content();

  std::string delimiter_;  // CR LF -- boundary
  MultipartSink& sink_;
  State state_ = State::preamble;
  std::string buffer_;
  std::size_t at_ = 0;
  std::int64_t parts_ = 0;
};

// Fills Request::parts: a part with a file name goes to the blob store, others to memory.
class PartCollector : public MultipartSink {
 public:
  PartCollector(const jobs::BlobStore& blobs, std::vector<Part>& parts)
      : blobs_(blobs), parts_(parts) {}
  ~PartCollector() override;
  Answer<void> begin(PartHead head) override;
  Answer<void> data(std::string_view bytes) override;
  Answer<void> end() override;

 private:
  const jobs::BlobStore& blobs_;
  std::vector<Part>& parts_;
  std::int64_t files_ = 0;
  XXH3_state_s* hash_ = nullptr;  // of the file that is coming in
};

}  // namespace attune::serve
