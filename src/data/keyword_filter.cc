// Compiled once for each instruction set; ATTUNE_VECTOR_SET names the namespace.
#include "data/keyword_filter.h"

#include <bit>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#ifndef ATTUNE_VECTOR_SET
#define ATTUNE_VECTOR_SET portable
#endif

namespace attune::data::ATTUNE_VECTOR_SET {

namespace {

#if defined(__AVX512BW__)

// The tables of one of the four bytes.
struct ByteTables {
  __m512i low;
  __m512i high;
};

ByteTables load_tables(const KeywordTables& tables, std::size_t byte) {
  const auto spread = [](const std::uint8_t* table) {
    return _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(table)));
  };
  return {spread(tables.low[byte].data()), spread(tables.high[byte].data())};
}

__m512i groups_of(const ByteTables& tables, __m512i bytes) {
  const __m512i half = _mm512_set1_epi8(0x0F);
  const __m512i low = _mm512_shuffle_epi8(tables.low, _mm512_and_si512(bytes, half));
  const __m512i upper = _mm512_and_si512(_mm512_srli_epi16(bytes, 4), half);
  return _mm512_and_si512(low, _mm512_shuffle_epi8(tables.high, upper));
}

#elif defined(__AVX2__)

struct ByteTables {
  __m256i low;
  __m256i high;
};

ByteTables load_tables(const KeywordTables& tables, std::size_t byte) {
  const auto spread = [](const std::uint8_t* table) {
    return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(table)));
  };
  return {spread(tables.low[byte].data()), spread(tables.high[byte].data())};
}

__m256i groups_of(const ByteTables& tables, __m256i bytes) {
  const __m256i half = _mm256_set1_epi8(0x0F);
  const __m256i low = _mm256_shuffle_epi8(tables.low, _mm256_and_si256(bytes, half));
  const __m256i upper = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), half);
  return _mm256_and_si256(low, _mm256_shuffle_epi8(tables.high, upper));
}

#endif

}  // namespace

#if defined(__AVX512BW__)

std::int64_t filter_keywords(const KeywordTables& tables, const char* text, std::size_t blocks,
                             std::uint64_t* begins) {
  const std::array<ByteTables, kFilterBytes> bytes = {
      load_tables(tables, 0), load_tables(tables, 1), load_tables(tables, 2),
      load_tables(tables, 3)};
  std::int64_t digits = 0;
  for (std::size_t block = 0; block < blocks; ++block) {
    const char* at = text + block * kFilterBlock;
    const __m512i here = _mm512_loadu_si512(at);
    const __m512i first = groups_of(bytes[0], here);
    const __m512i second = groups_of(bytes[1], _mm512_loadu_si512(at + 1));
    const __m512i third = groups_of(bytes[2], _mm512_loadu_si512(at + 2));
    const __m512i fourth = groups_of(bytes[3], _mm512_loadu_si512(at + 3));
    begins[block] =
        _mm512_test_epi8_mask(_mm512_and_si512(first, second), _mm512_and_si512(third, fourth));
    const __m512i from_zero = _mm512_sub_epi8(here, _mm512_set1_epi8('0'));
    digits += std::popcount(_mm512_cmplt_epu8_mask(from_zero, _mm512_set1_epi8(10)));
  }
  return digits;
}

#elif defined(__AVX2__)

std::int64_t filter_keywords(const KeywordTables& tables, const char* text, std::size_t blocks,
                             std::uint64_t* begins) {
  const std::array<ByteTables, kFilterBytes> bytes = {
      load_tables(tables, 0), load_tables(tables, 1), load_tables(tables, 2),
      load_tables(tables, 3)};
  const __m256i nine = _mm256_set1_epi8(9);
  const auto load = [](const char* at) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
  };
  const auto mask_of = [](__m256i marked) {
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm256_movemask_epi8(marked)));
  };
  std::int64_t digits = 0;
  for (std::size_t block = 0; block < blocks; ++block) {
    std::uint64_t none = 0;
    for (int half = 0; half < 2; ++half) {
      const char* at = text + block * kFilterBlock + half * 32;
      const __m256i here = load(at);
      const __m256i all = _mm256_and_si256(
          _mm256_and_si256(groups_of(bytes[0], here), groups_of(bytes[1], load(at + 1))),
          _mm256_and_si256(groups_of(bytes[2], load(at + 2)), groups_of(bytes[3], load(at + 3))));
      none |= mask_of(_mm256_cmpeq_epi8(all, _mm256_setzero_si256())) << (half * 32);
      const __m256i from_zero = _mm256_sub_epi8(here, _mm256_set1_epi8('0'));
      digits +=
          std::popcount(mask_of(_mm256_cmpeq_epi8(_mm256_min_epu8(from_zero, nine), from_zero)));
    }
    begins[block] = ~none;
  }
  return digits;
}

#else

std::int64_t filter_keywords(const KeywordTables& tables, const char* text, std::size_t blocks,
                             std::uint64_t* begins) {
  const auto groups = [&](std::size_t byte, char c) {
    const auto value = static_cast<unsigned char>(c);
    return tables.low[byte][value & 0x0Fu] & tables.high[byte][value >> 4];
  };
  std::int64_t digits = 0;
  for (std::size_t block = 0; block < blocks; ++block) {
    const char* at = text + block * kFilterBlock;
    std::uint64_t marked = 0;
    for (std::size_t i = 0; i < kFilterBlock; ++i) {
      const bool begins_here = (groups(0, at[i]) & groups(1, at[i + 1]) & groups(2, at[i + 2]) &
                                groups(3, at[i + 3])) != 0;
      marked |= static_cast<std::uint64_t>(begins_here) << i;
      digits += at[i] >= '0' && at[i] <= '9' ? 1 : 0;
    }
    begins[block] = marked;
  }
  return digits;
}

#endif

}  // namespace attune::data::ATTUNE_VECTOR_SET
