#include "jobs/wandb_file.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace attune::jobs {

namespace {

constexpr std::size_t kBlock = 32768;
constexpr std::size_t kFrameHeader = 7;
constexpr int kWhole = 1, kFirst = 2, kMiddle = 3, kLast = 4;

// CRC-32 as zlib's, a byte at a time: records are small and few.
constexpr std::array<std::uint32_t, 256> make_crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit)
      value = (value & 1) != 0 ? (value >> 1) ^ 0xedb88320u : value >> 1;
    table[i] = value;
  }
  return table;
}
constexpr std::array<std::uint32_t, 256> kCrcTable = make_crc_table();

std::uint32_t crc32(char type, std::string_view data) {
  std::uint32_t crc = 0xffffffffu;
  const auto add = [&](char c) {
    crc = (crc >> 8) ^ kCrcTable[(crc ^ static_cast<unsigned char>(c)) & 0xff];
  };
  add(type);
  for (const char c : data) add(c);
  return ~crc;
}

void append_frame(std::string& bytes, int type, std::string_view data) {
  const std::uint32_t crc = crc32(static_cast<char>(type), data);
  for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(crc >> shift & 0xff);
  bytes += static_cast<char>(data.size() & 0xff);
  bytes += static_cast<char>(data.size() >> 8);
  bytes += static_cast<char>(type);
  bytes += data;
}

}  // namespace

std::string_view wandb_file_header() { return std::string_view(":W&B\xe1\xbe\x00", 7); }

void append_wandb_record(std::string& bytes, std::int64_t size, std::string_view record) {
  bool first = true;
  do {
    std::size_t left = kBlock - (static_cast<std::size_t>(size) + bytes.size()) % kBlock;
    if (left < kFrameHeader) {
      bytes.append(left, '\0');
      left = kBlock;
    }
    const std::string_view part = record.substr(0, left - kFrameHeader);
    record.remove_prefix(part.size());
    const bool last = record.empty();
    append_frame(bytes, first ? (last ? kWhole : kFirst) : (last ? kLast : kMiddle), part);
    first = false;
  } while (!record.empty());
}

}  // namespace attune::jobs
