// Writes Protocol Buffers messages field by field, for formats of which we need a few records and
// no schema compiler.
//
//   ProtobufWriter item;
//   item.text(1, "loss");
//   ProtobufWriter record;
//   record.integer(1, 7);
//   record.message(2, item);
//   send(record.bytes());
//
// Defaults (0, "") are left out, as proto3 does.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace attune::jobs {

class ProtobufWriter {
 public:
  void integer(int field, std::int64_t value) {
    if (value == 0) return;
    varint(tag(field, 0));
    varint(static_cast<std::uint64_t>(value));
  }
  void text(int field, std::string_view value) {
    if (!value.empty()) repeated_text(field, value);
  }
  void repeated_text(int field, std::string_view value) { delimited(field, value); }
  void message(int field, const ProtobufWriter& value) { delimited(field, value.bytes_); }

  const std::string& bytes() const { return bytes_; }

 private:
  static std::uint64_t tag(int field, std::uint64_t wire_type) {
    return static_cast<std::uint64_t>(field) << 3 | wire_type;
  }
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>((value & 0x7f) | 0x80);
    bytes_ += static_cast<char>(value);
  }
  void delimited(int field, std::string_view value) {
    varint(tag(field, 2));
    varint(value.size());
    bytes_ += value;
  }

  std::string bytes_;
};

}  // namespace attune::jobs
