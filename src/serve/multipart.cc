#include "serve/multipart.h"

#include <algorithm>

#include <fmt/format.h>
#include <xxhash.h>

#include "base/check.h"
#include "io/text_encoding.h"
#include "serve/field_parameters.h"

namespace attune::serve {

namespace {

constexpr std::int64_t kMostParts = 64;
constexpr std::int64_t kMostFiles = 4;
constexpr std::size_t kLongestHead = 8 << 10;
constexpr std::size_t kLongestPreamble = 8 << 10;
constexpr std::size_t kLongestValue = 1 << 20;
constexpr std::size_t kLongestName = 256;
constexpr std::size_t kLongestFilename = 1024;

Refusal malformed(std::string_view what) {
  return wire::refuse(wire::bad_request(
      fmt::format("The multipart/form-data body of your request is malformed: {}.", what),
      "malformed_multipart"));
}

bool is_boundary_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("'()+_,-./:=? ").find(c) != std::string_view::npos;
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

// What is after the last slash of either kind: a name can never lead out of a folder.
std::string without_folders(std::string_view path) {
  const std::size_t slash = path.find_last_of("/\\");
  return std::string(slash == path.npos ? path : path.substr(slash + 1));
}

Answer<void> read_disposition(std::string_view value, PartHead& head) {
  const auto field = parse_field_value(value);
  if (!field || field->value != "form-data")
    return malformed("a part's Content-Disposition is not form-data");
  const std::string* name = field->find("name");
  if (!name || name->empty()) return malformed("a part has no name");
  if (name->size() > kLongestName || has_control_character(*name) ||
      find_invalid_utf8(*name) != std::string::npos)
    return malformed("a part's name is too long or not text");
  head.name = *name;
  std::optional<std::string> filename;
  if (const std::string* extended = field->find("filename*")) {
    filename = decode_extended_value(*extended);
    if (!filename) return malformed("a part's filename* is not in UTF-8''... form");
  } else if (const std::string* plain = field->find("filename")) {
    filename = *plain;
  }
  if (!filename) return {};
  if (filename->size() > kLongestFilename || has_control_character(*filename) ||
      find_invalid_utf8(*filename) != std::string::npos)
    return malformed("a part's file name is too long, not UTF-8 or has control characters");
  head.filename = without_folders(*filename);
  return {};
}

Answer<void> read_field(std::string_view line, PartHead& head, bool& has_disposition) {
  const std::size_t colon = line.find(':');
  if (colon == line.npos || colon == 0) return malformed("a part's header has no colon");
  const std::string_view name = line.substr(0, colon);
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  while (!value.empty() && value.back() == ' ') value.remove_suffix(1);
  if (equal_ignoring_case(name, "content-disposition")) {
    if (has_disposition) return malformed("a part has several Content-Dispositions");
    has_disposition = true;
    return read_disposition(value, head);
  }
  if (equal_ignoring_case(name, "content-type")) head.content_type = value;
  if (equal_ignoring_case(name, "content-transfer-encoding") &&
      !equal_ignoring_case(value, "binary") && !equal_ignoring_case(value, "8bit") &&
      !equal_ignoring_case(value, "7bit"))
    return malformed("a part's Content-Transfer-Encoding is none of binary, 8bit and 7bit");
  return {};
}

Answer<PartHead> parse_part_head(std::string_view text) {
  PartHead head;
  bool has_disposition = false;
  while (!text.empty()) {
    const std::size_t end = text.find("\r\n");
    ATTUNE_ANSWER_VOID(read_field(text.substr(0, end), head, has_disposition));
    text = end == text.npos ? std::string_view() : text.substr(end + 2);
  }
  if (!has_disposition) return malformed("a part has no Content-Disposition");
  return head;
}

}  // namespace

Answer<std::string> multipart_boundary(std::optional<std::string_view> content_type) {
  const auto field = parse_field_value(content_type.value_or(""));
  if (!field || field->value != "multipart/form-data") {
    ApiError error{.status = 415,
                   .message = fmt::format("Unsupported content type: '{}'. This endpoint takes "
                                          "'multipart/form-data'.",
                                          content_type.value_or("")),
                   .code = "unsupported_content_type"};
    return Refusal(std::move(error));
  }
  const std::string* boundary = field->find("boundary");
  if (!boundary || boundary->empty() || boundary->size() > 70 || boundary->back() == ' ' ||
      !std::all_of(boundary->begin(), boundary->end(), is_boundary_character))
    return malformed("its Content-Type has no boundary of 1 to 70 characters");
  return *boundary;
}

MultipartParser::MultipartParser(std::string_view boundary, MultipartSink& sink)
    : delimiter_("\r\n--" + std::string(boundary)), sink_(sink), buffer_("\r\n") {
  // The line break before the first boundary may be missing: the buffer begins with one.
}

Answer<void> MultipartParser::add(std::string_view bytes) {
  buffer_.append(bytes);
  for (;;) {
    Answer<bool> went_on = step();
    if (!went_on) return Refusal(std::move(went_on).error());
    if (!*went_on) break;
  }
  buffer_.erase(0, at_);
  at_ = 0;
  return {};
}

Answer<void> MultipartParser::finish() {
  if (state_ == State::epilogue) return {};
  return malformed("it ends before its closing boundary");
}

Answer<bool> MultipartParser::step() {
  switch (state_) {
    case State::preamble:
      return skip_preamble();
    case State::after_boundary:
      return read_after_boundary();
    case State::head:
      return read_head();
    case State::content:
      return read_content();
    case State::epilogue:
      at_ = buffer_.size();  // RFC 2046: ignored
      return false;
  }
  return false;
}

Answer<bool> MultipartParser::skip_preamble() {
  const std::size_t found = buffer_.find(delimiter_, at_);
  if (found == std::string::npos) {
    if (buffer_.size() > kLongestPreamble) return malformed("it does not begin with its boundary");
    return false;
  }
  at_ = found + delimiter_.size();
  state_ = State::after_boundary;
  return true;
}

// "--" ends the body; blanks and a line break begin a part.
Answer<bool> MultipartParser::read_after_boundary() {
  const std::string_view rest = std::string_view(buffer_).substr(at_);
  if (rest.size() < 2) return false;
  if (rest.starts_with("--")) {
    state_ = State::epilogue;
    return true;
  }
  const std::size_t end = rest.find_first_not_of(" \t");
  if (end == rest.npos || rest.size() < end + 2) {
    if (rest.size() > kLongestHead) return malformed("its boundary goes on with blanks");
    return false;
  }
  if (rest.substr(end, 2) != "\r\n")
    return malformed("its boundary is not followed by a line break");
  if (++parts_ > kMostParts) return malformed("it has too many parts");
  at_ += end;  // the line break stays: with the next one it ends a head that has no lines
  state_ = State::head;
  return true;
}

Answer<bool> MultipartParser::read_head() {
  const std::string_view rest = std::string_view(buffer_).substr(at_);
  const std::size_t end = rest.find("\r\n\r\n");
  if (end == rest.npos ? rest.size() > kLongestHead : end > kLongestHead)
    return malformed("a part's header is too large");
  if (end == rest.npos) return false;
  const std::string_view lines = end < 2 ? std::string_view() : rest.substr(2, end - 2);
  Answer<PartHead> head = parse_part_head(lines);
  if (!head) return Refusal(std::move(head).error());
  if (auto taken = sink_.begin(std::move(*head)); !taken) return Refusal(std::move(taken).error());
  at_ += end + 4;
  state_ = State::content;
  return true;
}

Answer<bool> MultipartParser::read_content() {
  const std::size_t found = buffer_.find(delimiter_, at_);
  // Without a delimiter, the last bytes may be the beginning of one.
  const std::size_t held = delimiter_.size() - 1;
  const std::size_t end = found != std::string::npos    ? found
                          : buffer_.size() > at_ + held ? buffer_.size() - held
                                                        : at_;
  if (end > at_) {
    const std::string_view content = std::string_view(buffer_).substr(at_, end - at_);
    if (auto taken = sink_.data(content); !taken) return Refusal(std::move(taken).error());
    at_ = end;
  }
  if (found == std::string::npos) return false;
  if (auto ended = sink_.end(); !ended) return Refusal(std::move(ended).error());
  at_ += delimiter_.size();
  state_ = State::after_boundary;
  return true;
}

// ---- the parts of a request ----

PartCollector::~PartCollector() { XXH3_freeState(hash_); }

Answer<void> PartCollector::begin(PartHead head) {
  Part part;
  part.name = std::move(head.name);
  part.filename = std::move(head.filename);
  part.content_type = std::move(head.content_type);
  if (part.filename) {
    if (++files_ > kMostFiles) return malformed("it has too many files");
    ATTUNE_ANSWER(jobs::BlobWriter writer, blobs_.open_writer());
    part.file = std::make_unique<jobs::BlobWriter>(std::move(writer));
    if (!hash_) hash_ = XXH3_createState();
    CHECK(hash_, "no memory for a hash");
    XXH3_128bits_reset(hash_);
  }
  parts_.push_back(std::move(part));
  return {};
}

Answer<void> PartCollector::data(std::string_view bytes) {
  Part& part = parts_.back();
  part.bytes += static_cast<std::int64_t>(bytes.size());
  if (part.file) {
    XXH3_128bits_update(hash_, bytes.data(), bytes.size());
    ATTUNE_ANSWER_VOID(part.file->write(bytes));
    return {};
  }
  if (part.value.size() + bytes.size() > kLongestValue)
    return wire::refuse(
        wire::invalid_value(part.name, fmt::format("'{}' is too long for a form field; send it "
                                                   "as a file, with a file name.",
                                                   part.name)));
  part.value += bytes;
  return {};
}

Answer<void> PartCollector::end() {
  Part& part = parts_.back();
  if (!part.file) return {};
  const XXH128_hash_t hash = XXH3_128bits_digest(hash_);
  part.content_hash = fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
  return {};
}

}  // namespace attune::serve
