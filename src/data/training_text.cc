#include "data/training_text.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include <fmt/format.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "data/workbook.h"

namespace attune::data {

namespace {

constexpr std::size_t kMostText = std::size_t{32} << 30;
constexpr std::size_t kPiece = std::size_t{1} << 20;

Failure broken_stream(const std::string& name, std::string_view compression, std::string found) {
  return bad_input({.where = name,
                    .found = std::move(found),
                    .wanted = fmt::format("a whole {} file", compression),
                    .fix = "fetch or write the file again"});
}

Failure too_long(const std::string& name) {
  return bad_input({.where = name,
                    .found = fmt::format("more than {} GiB of text", kMostText >> 30),
                    .wanted = "a file that fits into memory",
                    .fix = "split the file"});
}

Result<std::string> read_standard_input() {
  std::string text;
  std::array<char, 1 << 16> piece;
  while (true) {
    const ssize_t got = ::read(STDIN_FILENO, piece.data(), piece.size());
    if (got == 0) return text;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      return bad_input({.where = "standard input",
                        .found = std::strerror(errno),
                        .wanted = "a text",
                        .fix = "pipe a file into the command, or name one"});
    }
    if (text.size() > kMostText) return too_long("standard input");
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
}

// Makes room for one more piece at the end of `text`, and says where it begins.
char* next_piece(std::string& text) {
  if (text.capacity() - text.size() < kPiece) text.reserve(2 * text.size() + kPiece);
  text.resize(text.size() + kPiece);
  return text.data() + text.size() - kPiece;
}

Result<std::string> inflate_gzip(std::string_view bytes, const std::string& name) {
  z_stream stream{};
  constexpr int kGzipOnly = 16 + MAX_WBITS;
  if (inflateInit2(&stream, kGzipOnly) != Z_OK)
    return broken_stream(name, "gzip", "no memory to read it");
  const std::unique_ptr<z_stream, decltype(&inflateEnd)> owner(&stream, &inflateEnd);
  std::string text;
  // zlib counts in 32 bits.
  const auto feed = [&] {
    const std::size_t size = std::min(bytes.size(), std::size_t{1} << 30);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(size);
    bytes.remove_prefix(size);
  };
  feed();
  while (true) {
    stream.next_out = reinterpret_cast<Bytef*>(next_piece(text));
    stream.avail_out = static_cast<uInt>(kPiece);
    const int state = inflate(&stream, Z_NO_FLUSH);
    text.resize(text.size() - stream.avail_out);
    if (stream.avail_in == 0 && !bytes.empty()) feed();
    if (state == Z_STREAM_END) {
      if (stream.avail_in == 0) return text;
      // Another member follows; anything else is padding that gzip ignores too.
      if (stream.next_in[0] != 0x1F || inflateReset(&stream) != Z_OK) return text;
    } else if (state != Z_OK) {
      return broken_stream(name, "gzip",
                           stream.avail_in == 0 && state == Z_BUF_ERROR
                               ? "the file ends inside its compressed text"
                               : "compressed text that is damaged");
    }
    if (text.size() > kMostText) return too_long(name);
  }
}

Result<std::string> decompress_zstandard(std::string_view bytes, const std::string& name) {
  const std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> stream(ZSTD_createDStream(),
                                                                          &ZSTD_freeDStream);
  if (!stream) return broken_stream(name, "Zstandard", "no memory to read it");
  ZSTD_DCtx_setParameter(stream.get(), ZSTD_d_windowLogMax, 31);  // zstd --long=31
  std::string text;
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  std::size_t wanted = 1;
  while (in.pos < in.size || wanted > 0) {
    ZSTD_outBuffer out{next_piece(text), kPiece, 0};
    const std::size_t before = in.pos;
    wanted = ZSTD_decompressStream(stream.get(), &out, &in);
    text.resize(text.size() - kPiece + out.pos);
    if (ZSTD_isError(wanted) != 0) {
      return broken_stream(
          name, "Zstandard",
          fmt::format("compressed text that is damaged ({})", ZSTD_getErrorName(wanted)));
    }
    if (wanted > 0 && in.pos == before && out.pos == 0)
      return broken_stream(name, "Zstandard", "the file ends inside its compressed text");
    if (text.size() > kMostText) return too_long(name);
  }
  return text;
}

std::string describe(const WorkbookText& workbook) {
  std::string text = fmt::format("workbook: the sheet \"{}\"", quote_for_message(workbook.sheet));
  if (workbook.sheets > 1) text += fmt::format(", the first of {}", workbook.sheets);
  text += "; lines are its rows";
  if (workbook.formulas > 0)
    text +=
        fmt::format("; {} formulas without a saved result are read as empty", workbook.formulas);
  return text;
}

}  // namespace

Result<TrainingText> TrainingText::open(const Path& path) {
  TrainingText result;
  const bool piped = path == "-";
  result.name_ = piped ? "standard input" : path.string();
  if (piped) {
    ATTUNE_TRY(result.text_, read_standard_input());
  } else {
    ATTUNE_TRY(result.file_, MappedFile::open(path));
  }
  const std::string_view bytes = result.text();
  if (bytes.starts_with("\x1F\x8B")) {
    result.evidence_ = "compression: gzip, by its first bytes";
    ATTUNE_TRY(result.text_, inflate_gzip(bytes, result.name_));
    result.file_.reset();
  } else if (bytes.starts_with("\x28\xB5\x2F\xFD")) {
    result.evidence_ = "compression: Zstandard, by its first bytes";
    ATTUNE_TRY(result.text_, decompress_zstandard(bytes, result.name_));
    result.file_.reset();
  } else if (is_zip(bytes)) {
    ATTUNE_TRY(WorkbookText workbook, read_first_sheet(bytes, result.name_));
    result.is_workbook_ = true;
    result.evidence_ = describe(workbook);
    result.text_ = std::move(workbook.jsonl);
    result.file_.reset();
  }
  return result;
}

std::string name_without_compression(const std::string& name) {
  const Path path(name);
  const bool compressed = path.extension() == ".gz" || path.extension() == ".zst";
  return compressed ? path.stem().string() : name;
}

}  // namespace attune::data
