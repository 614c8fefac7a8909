// The framing of a .wandb file: a log of records in blocks of 32 KiB, as LevelDB's log is.
//
//   file   := header block*
//   header := ":W&B" 0xe1 0xbe 0x00                      belongs to the first block
//   block  := frame* zeros                               fewer than 7 bytes left: zeros
//   frame  := crc32(type, data) u32 | length u16 | type u8 | data     little-endian
//   type   := 1 whole record, 2 first, 3 middle, 4 last part of one
//
//   std::string bytes;                       // what to append to a file of `size` bytes
//   append_wandb_record(bytes, size, record);
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace attune::jobs {

std::string_view wandb_file_header();

// Appends `record`, framed, to `bytes`, which will be written at offset `size` of the file.
void append_wandb_record(std::string& bytes, std::int64_t size, std::string_view record);

}  // namespace attune::jobs
