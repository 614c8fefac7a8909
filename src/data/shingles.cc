#include "data/shingles.h"

#include <array>
#include <bit>

#include <xxhash.h>

namespace attune::data {

namespace {

constexpr std::size_t kWidth = 5;
constexpr std::uint32_t kFirstLarge = 1u << 12;
constexpr std::uint64_t kPackedMask = (std::uint64_t{1} << 60) - 1;
constexpr std::uint64_t kHashedBit = std::uint64_t{1} << 63;

// The code point at `at`, which moves past it. A byte that is not UTF-8 counts as a code point of
// its own, beyond those of Unicode.
std::uint32_t next_code_point(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i]));
  };
  const std::uint32_t first = byte(at);
  const std::size_t length = first < 0x80   ? 1
                             : first < 0xC0 ? 0
                             : first < 0xE0 ? 2
                             : first < 0xF0 ? 3
                                            : 4;
  if (length == 1) {
    ++at;
    return first;
  }
  std::uint32_t value = first & (0xFFu >> (length + 1));
  bool whole = length != 0 && at + length <= text.size();
  for (std::size_t i = 1; whole && i < length; ++i) {
    whole = (byte(at + i) & 0xC0u) == 0x80u;
    value = value << 6 | (byte(at + i) & 0x3Fu);
  }
  at += whole ? length : 1;
  return whole ? value : 0x110000u + first;
}

// The last five code points, as a shingle.
class Window {
 public:
  void add(std::uint32_t code_point) {
    last_[count_ % kWidth] = code_point;
    packed_ = (packed_ << 12 | (code_point & (kFirstLarge - 1))) & kPackedMask;
    if (code_point >= kFirstLarge) large_until_ = count_ + kWidth;
    ++count_;
  }

  std::size_t count() const { return count_; }

  std::uint64_t shingle() const {
    if (count_ <= large_until_) return hashed(kWidth);
    return packed_;
  }

  // Of a text shorter than the window: its length keeps it apart from all longer ones.
  std::uint64_t short_text() const {
    return large_until_ > 0 ? hashed(count_) : packed_ | std::uint64_t{count_} << 60;
  }

 private:
  std::uint64_t hashed(std::size_t width) const {
    std::array<std::uint32_t, kWidth> in_order{};
    for (std::size_t i = 0; i < width; ++i) in_order[i] = last_[(count_ - width + i) % kWidth];
    return XXH3_64bits(in_order.data(), width * sizeof(std::uint32_t)) | kHashedBit;
  }

  std::array<std::uint32_t, kWidth> last_{};
  std::uint64_t packed_ = 0;
  std::size_t count_ = 0;
  std::size_t large_until_ = 0;  // the window holds a large code point while count_ is at most this
};

}  // namespace

void shingles(std::string_view text, std::vector<std::uint64_t>& out) {
  out.clear();
  out.reserve(text.size());
  Window window;
  for (std::size_t at = 0; at < text.size();) {
    window.add(next_code_point(text, at));
    if (window.count() >= kWidth) out.push_back(window.shingle());
  }
  if (out.empty() && window.count() > 0) out.push_back(window.short_text());
}

std::vector<std::uint64_t> shingles(std::string_view text) {
  std::vector<std::uint64_t> out;
  shingles(text, out);
  return out;
}

SimilarityMeter::Slot& SimilarityMeter::find(std::uint64_t shingle) {
  std::size_t at = static_cast<std::size_t>(shingle * 0x9E3779B97F4A7C15u >> 20) & mask_;
  while (slots_[at].seen != 0 && slots_[at].shingle != shingle) at = (at + 1) & mask_;
  return slots_[at];
}

double SimilarityMeter::measure(std::span<const std::uint64_t> a,
                                std::span<const std::uint64_t> b) {
  const std::size_t size = std::bit_ceil((a.size() + b.size()) * 2 + 2);
  slots_.assign(size, Slot{});
  mask_ = size - 1;
  std::int64_t either = 0;
  std::int64_t both = 0;
  for (const std::uint64_t shingle : a) {
    Slot& slot = find(shingle);
    if (slot.seen != 0) continue;
    slot = {shingle, 1};
    ++either;
  }
  for (const std::uint64_t shingle : b) {
    Slot& slot = find(shingle);
    if (slot.seen >= 2) continue;
    both += slot.seen;
    either += slot.seen == 0 ? 1 : 0;
    slot = {shingle, slot.seen + 2};
  }
  return either == 0 ? 0.0 : static_cast<double>(both) / static_cast<double>(either);
}

double similarity(std::string_view a, std::string_view b) {
  return SimilarityMeter().measure(shingles(a), shingles(b));
}

}  // namespace attune::data
