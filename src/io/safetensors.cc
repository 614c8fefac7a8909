#include "io/safetensors.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <optional>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "io/json.h"
#include "io/text_encoding.h"

namespace attune {

namespace {

constexpr std::size_t kLengthBytes = 8;
constexpr std::uint64_t kLargestHeader = 100'000'000;
constexpr std::string_view kSingleFile = "model.safetensors";
constexpr std::string_view kIndexFile = "model.safetensors.index.json";

constexpr std::array kAllDtypes = {Dtype::f64,     Dtype::f32,     Dtype::f16,    Dtype::bf16,
                                   Dtype::i64,     Dtype::i32,     Dtype::i16,    Dtype::i8,
                                   Dtype::u64,     Dtype::u32,     Dtype::u16,    Dtype::u8,
                                   Dtype::boolean, Dtype::f8_e4m3, Dtype::f8_e5m2};

std::optional<Dtype> dtype_from_name(std::string_view name) {
  for (const Dtype dtype : kAllDtypes) {
    if (dtype_name(dtype) == name) return dtype;
  }
  return std::nullopt;
}

Failure malformed(std::string where, std::string found, std::string wanted) {
  return bad_input({.where = std::move(where),
                    .found = std::move(found),
                    .wanted = std::move(wanted),
                    .fix = "download or export the file again"});
}

std::uint64_t read_length(std::span<const std::byte> file) {
  std::uint64_t length = 0;
  for (std::size_t i = kLengthBytes; i-- > 0;)
    length = (length << 8) | std::to_integer<std::uint64_t>(file[i]);
  return length;
}

// A JSON integer in [0, 2^63), or nothing.
std::optional<std::int64_t> as_size(const Json& value) {
  if (!value.is_number_unsigned()) return std::nullopt;
  const auto number = value.get<std::uint64_t>();
  if (!std::in_range<std::int64_t>(number)) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

std::optional<std::int64_t> multiply(std::int64_t a, std::int64_t b) {
  std::int64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

struct Entry {
  StoredTensor tensor;
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

std::string name_tensor(std::string_view where, std::string_view tensor) {
  return fmt::format("{}: tensor \"{}\"", where, quote_for_message(tensor, 120));
}

Result<std::vector<std::int64_t>> parse_shape(const Json& value, const std::string& where) {
  std::vector<std::int64_t> shape;
  for (const Json& dimension : value) {
    const std::optional<std::int64_t> size = as_size(dimension);
    if (!size) {
      return malformed(where, "the dimension " + quote_for_message(to_text(dimension)),
                       "sizes of 0 or more");
    }
    shape.push_back(*size);
  }
  return shape;
}

// Bytes that the shape needs; an error when that passes 63 bits, even where another dimension is 0:
// readers multiply in any order.
Result<std::int64_t> bytes_of_shape(const StoredTensor& tensor, const std::string& where) {
  std::optional<std::int64_t> bytes = dtype_bytes(tensor.dtype);
  bool empty = false;
  for (const std::int64_t dimension : tensor.shape) {
    empty = empty || dimension == 0;
    if (bytes && dimension != 0) bytes = multiply(*bytes, dimension);
  }
  if (!bytes) {
    return malformed(
        where, fmt::format("the shape [{}], whose size overflows", fmt::join(tensor.shape, ", ")),
        "a tensor that fits a file");
  }
  return empty ? 0 : *bytes;
}

Result<Entry> parse_entry(const std::string& name, const Json& value, std::string_view file) {
  const std::string where = name_tensor(file, name);
  if (!value.is_object())
    return malformed(where, "it is not an object", "{\"dtype\", \"shape\", \"data_offsets\"}");
  for (const auto& [key, ignored] : value.items()) {
    if (key != "dtype" && key != "shape" && key != "data_offsets") {
      return malformed(where, fmt::format("the unknown key \"{}\"", quote_for_message(key)),
                       "dtype, shape and data_offsets alone");
    }
  }
  if (value.size() != 3)
    return malformed(where, "a key is missing", "dtype, shape and data_offsets");
  const Json& dtype = value["dtype"];
  const Json& shape = value["shape"];
  const Json& offsets = value["data_offsets"];
  const std::optional<Dtype> known =
      dtype.is_string() ? dtype_from_name(dtype.get_ref<const std::string&>()) : std::nullopt;
  if (!known) {
    return malformed(
        where, "the dtype " + quote_for_message(to_text(dtype)),
        "F64, F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8, BOOL, F8_E4M3 or F8_E5M2");
  }
  if (!shape.is_array())
    return malformed(where, "a shape that is not an array", "an array of sizes");
  if (!offsets.is_array() || offsets.size() != 2 || !as_size(offsets[0]) || !as_size(offsets[1])) {
    return malformed(where, "data_offsets " + quote_for_message(to_text(offsets)),
                     "two offsets of 0 or more");
  }
  Entry entry{.tensor = {.name = name, .dtype = *known, .shape = {}, .bytes = {}},
              .begin = *as_size(offsets[0]),
              .end = *as_size(offsets[1])};
  ATTUNE_TRY(entry.tensor.shape, parse_shape(shape, where));
  ATTUNE_TRY(const std::int64_t bytes, bytes_of_shape(entry.tensor, where));
  if (entry.end < entry.begin || entry.end - entry.begin != bytes) {
    return malformed(
        where,
        fmt::format("data_offsets [{}, {}] for the shape [{}] of {}", entry.begin, entry.end,
                    fmt::join(entry.tensor.shape, ", "), dtype_name(entry.tensor.dtype)),
        fmt::format("{} bytes", bytes));
  }
  return entry;
}

Result<std::map<std::string, std::string>> parse_metadata(const Json& value,
                                                          std::string_view file) {
  std::map<std::string, std::string> metadata;
  const std::string where = fmt::format("{}: __metadata__", file);
  if (!value.is_object()) return malformed(where, "it is not an object", "an object of strings");
  for (const auto& [key, text] : value.items()) {
    if (!text.is_string()) {
      return malformed(where, fmt::format("\"{}\" is not a string", quote_for_message(key)),
                       "an object of strings");
    }
    metadata[key] = text.get<std::string>();
  }
  return metadata;
}

// Tensors in file order must cover [0, data size) exactly: a hole could hide bytes, an overlap
// aliases two tensors.
Result<void> check_tiling(std::vector<Entry>& entries, std::int64_t data_size,
                          std::string_view file) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.begin, a.end, a.tensor.name) < std::tie(b.begin, b.end, b.tensor.name);
  });
  std::int64_t covered = 0;
  for (const Entry& entry : entries) {
    const std::string where = name_tensor(file, entry.tensor.name);
    if (entry.end > data_size) {
      return malformed(where,
                       fmt::format("it ends at byte {} of the data, but the file holds {}",
                                   entry.end, data_size),
                       "a complete file; this one is truncated or its header is wrong");
    }
    if (entry.begin < covered) {
      return malformed(
          where, fmt::format("it begins at byte {}, inside the tensor before it", entry.begin),
          "tensors that do not overlap");
    }
    if (entry.begin > covered) {
      return malformed(where, fmt::format("a hole of {} bytes before it", entry.begin - covered),
                       "tensors without gaps");
    }
    covered = entry.end;
  }
  if (covered != data_size) {
    return malformed(std::string(file),
                     fmt::format("{} bytes after the last tensor", data_size - covered),
                     "a file that ends with its last tensor");
  }
  return {};
}

struct ParsedFile {
  std::vector<StoredTensor> tensors;
  std::map<std::string, std::string> metadata;
};

Result<std::string_view> header_of(std::span<const std::byte> file, const std::string& where) {
  if (file.size() < kLengthBytes) {
    return malformed(where, fmt::format("a file of {} bytes", file.size()),
                     "a safetensors file of 8 bytes or more");
  }
  const std::uint64_t length = read_length(file);
  if (length > kLargestHeader) {
    return malformed(
        where, fmt::format("a header of {} bytes", length),
        fmt::format("a safetensors header of at most {} bytes; this may be another kind of file",
                    kLargestHeader));
  }
  if (length > file.size() - kLengthBytes) {
    return malformed(where,
                     fmt::format("a header of {} bytes in a file of {}", length, file.size()),
                     "a complete file; this one is truncated");
  }
  const std::string_view header(reinterpret_cast<const char*>(file.data()) + kLengthBytes,
                                static_cast<std::size_t>(length));
  if (!header.starts_with('{')) {
    return malformed(where, "a header that does not begin with '{'", "a safetensors file");
  }
  return header;
}

Result<ParsedFile> parse_file(std::span<const std::byte> file, const std::string& where) {
  ATTUNE_TRY(const std::string_view header, header_of(file, where));
  ATTUNE_TRY(const Json json, parse_json(header, where + ": header"));
  if (!json.is_object())
    return malformed(where, "a header that is not an object", "a safetensors file");
  ParsedFile parsed;
  std::vector<Entry> entries;
  for (const auto& [name, value] : json.items()) {
    if (name == "__metadata__") {
      ATTUNE_TRY(parsed.metadata, parse_metadata(value, where));
      continue;
    }
    ATTUNE_TRY(Entry entry, parse_entry(name, value, where));
    entries.push_back(std::move(entry));
  }
  const std::span<const std::byte> data = file.subspan(kLengthBytes + header.size());
  ATTUNE_TRY_VOID(check_tiling(entries, static_cast<std::int64_t>(data.size()), where));
  for (Entry& entry : entries) {
    entry.tensor.bytes = data.subspan(static_cast<std::size_t>(entry.begin),
                                      static_cast<std::size_t>(entry.end - entry.begin));
    parsed.tensors.push_back(std::move(entry.tensor));
  }
  return parsed;
}

void sort_by_name(std::vector<StoredTensor>& tensors) {
  std::sort(tensors.begin(), tensors.end(),
            [](const StoredTensor& a, const StoredTensor& b) { return a.name < b.name; });
}

// tensor name -> file name, from the index; file names are plain, so that an index cannot reach
// outside its folder.
Result<std::map<std::string, std::string>> read_weight_map(const Path& index) {
  ATTUNE_TRY(const Json json, read_json(index));
  if (!json.is_object() || !json.contains("weight_map") || !json["weight_map"].is_object()) {
    return malformed(index.string(), "there is no \"weight_map\"",
                     "an index of tensors and their files");
  }
  std::map<std::string, std::string> weight_map;
  for (const auto& [tensor, file] : json["weight_map"].items()) {
    const std::string name = file.is_string() ? file.get<std::string>() : "";
    if (name.empty() || name == "." || name == ".." || Path(name).filename() != name) {
      return malformed(name_tensor(index.string(), tensor),
                       "the file " + quote_for_message(to_text(file)),
                       "the name of a file in the same folder");
    }
    weight_map[tensor] = name;
  }
  if (weight_map.empty())
    return malformed(index.string(), "an empty \"weight_map\"", "tensors and their files");
  return weight_map;
}

Result<Path> resolve_folder(const Path& folder) {
  std::error_code ignored;
  for (const std::string_view name : {kSingleFile, kIndexFile}) {
    if (std::filesystem::exists(folder / name, ignored)) return folder / name;
  }
  const bool pickled = std::filesystem::exists(folder / "pytorch_model.bin", ignored);
  return bad_input({.where = folder.string(),
                    .found = pickled ? "the weights are in pytorch_model.bin"
                                     : "there are no weights in this folder",
                    .wanted = fmt::format("{} or {}", kSingleFile, kIndexFile),
                    .fix = pickled ? "convert them to safetensors, or download the safetensors form"
                                   : "check the path, or download the model again"});
}

}  // namespace

std::int64_t StoredTensor::elements() const {
  return static_cast<std::int64_t>(bytes.size()) / dtype_bytes(dtype);
}

Result<Safetensors> Safetensors::parse(std::span<const std::byte> file, std::string_view where) {
  Safetensors result;
  result.where_ = where;
  ATTUNE_TRY(ParsedFile parsed, parse_file(file, result.where_));
  result.tensors_ = std::move(parsed.tensors);
  result.metadata_ = std::move(parsed.metadata);
  sort_by_name(result.tensors_);
  return result;
}

Result<Safetensors> Safetensors::open(const Path& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    ATTUNE_TRY(const Path inside, resolve_folder(path));
    return open(inside);
  }
  std::map<std::string, std::string> weight_map;
  std::map<std::string, std::vector<std::string>>
      promised;  // file name -> tensors that the index places there
  const bool sharded = path.extension() == ".json";
  if (sharded) {
    ATTUNE_TRY(weight_map, read_weight_map(path));
    for (const auto& [tensor, file] : weight_map) promised[file].push_back(tensor);
  } else {
    promised[path.filename().string()] = {};
  }

  Safetensors result;
  result.where_ = path.string();
  std::map<std::string, std::string> home;  // tensor -> the shard that holds it
  for (const auto& [file, tensors] : promised) {
    const Path shard = path.parent_path() / file;
    ATTUNE_TRY(MappedFile mapped, MappedFile::open(shard));
    ATTUNE_TRY(ParsedFile parsed, parse_file(mapped.bytes(), shard.string()));
    result.files_.push_back(std::move(mapped));
    for (const StoredTensor& tensor : parsed.tensors) {
      const auto [first, fresh] = home.emplace(tensor.name, file);
      if (!fresh) {
        return malformed(name_tensor(path.string(), tensor.name),
                         fmt::format("it is in both {} and {}", first->second, file),
                         "each tensor in one shard");
      }
    }
    for (const std::string& name : tensors) {
      const auto found = home.find(name);
      if (found == home.end() || found->second != file) {
        return malformed(name_tensor(path.string(), name), fmt::format("it is not in {}", file),
                         "the tensor in the file that the index names");
      }
    }
    std::move(parsed.tensors.begin(), parsed.tensors.end(), std::back_inserter(result.tensors_));
    result.metadata_.merge(parsed.metadata);
  }
  sort_by_name(result.tensors_);
  return result;
}

const StoredTensor* Safetensors::find(std::string_view name) const {
  const auto found = std::lower_bound(
      tensors_.begin(), tensors_.end(), name,
      [](const StoredTensor& tensor, std::string_view wanted) { return tensor.name < wanted; });
  return found != tensors_.end() && found->name == name ? &*found : nullptr;
}

}  // namespace attune
