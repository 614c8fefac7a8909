// Reads a .wandb file back: frames with their checksums, and Protocol Buffers without a schema.
// Written from the formats' descriptions, apart from the writer.
#pragma once

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace attune::testing_support {

// A message: field number -> values, numbers as text.
struct ProtobufMessage {
  std::map<int, std::vector<std::string>> fields;
  bool has(int field) const { return fields.contains(field); }
  std::string text(int field) const { return has(field) ? fields.at(field).at(0) : ""; }
  ProtobufMessage message(int field) const { return parse(text(field)); }
  std::vector<ProtobufMessage> messages(int field) const {
    std::vector<ProtobufMessage> all;
    if (has(field))
      for (const std::string& bytes : fields.at(field)) all.push_back(parse(bytes));
    return all;
  }

  static ProtobufMessage parse(std::string_view bytes) {
    ProtobufMessage message;
    std::size_t at = 0;
    const auto varint = [&] {
      std::uint64_t value = 0;
      for (int shift = 0;; shift += 7) {
        if (at >= bytes.size() || shift > 63) throw std::runtime_error("cut varint");
        const auto byte = static_cast<unsigned char>(bytes[at++]);
        value |= std::uint64_t{byte & 0x7fu} << shift;
        if (byte < 0x80) return value;
      }
    };
    while (at < bytes.size()) {
      const std::uint64_t tag = varint();
      const int field = static_cast<int>(tag >> 3);
      if ((tag & 7) == 0) {
        message.fields[field].push_back(std::to_string(static_cast<std::int64_t>(varint())));
      } else if ((tag & 7) == 2) {
        const std::uint64_t size = varint();
        if (size > bytes.size() - at) throw std::runtime_error("cut field");
        message.fields[field].emplace_back(bytes.substr(at, size));
        at += size;
      } else {
        throw std::runtime_error("a wire type that the writer has not");
      }
    }
    return message;
  }
};

inline std::uint32_t zlib_crc32(std::string_view bytes) {
  std::uint32_t crc = 0xffffffffu;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
  }
  return ~crc;
}

// The records; throws where the file is not well formed.
inline std::vector<std::string> wandb_records(std::string_view file) {
  using namespace std::string_view_literals;
  if (!file.starts_with(":W&B\xe1\xbe\x00"sv)) throw std::runtime_error("no header");
  std::vector<std::string> records;
  std::string record;
  bool open = false;
  for (std::size_t at = 7; at < file.size();) {
    const std::size_t left = 32768 - at % 32768;
    if (left < 7) {
      at += left;
      continue;
    }
    if (file.size() - at < 7) throw std::runtime_error("cut frame");
    const auto byte = [&](std::size_t i) {
      return static_cast<std::uint32_t>(static_cast<unsigned char>(file[at + i]));
    };
    const std::uint32_t crc = byte(0) | byte(1) << 8 | byte(2) << 16 | byte(3) << 24;
    const std::size_t size = byte(4) | byte(5) << 8;
    const std::uint32_t type = byte(6);
    if (size > left - 7 || size > file.size() - at - 7) throw std::runtime_error("long frame");
    if (zlib_crc32(file.substr(at + 6, 1 + size)) != crc) throw std::runtime_error("checksum");
    if (open != (type == 3 || type == 4)) throw std::runtime_error("order of frames");
    record += file.substr(at + 7, size);
    open = type == 2 || type == 3;
    if (!open) {
      records.push_back(record);
      record.clear();
    }
    at += 7 + size;
  }
  if (open) throw std::runtime_error("cut record");
  return records;
}

}  // namespace attune::testing_support
