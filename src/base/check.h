// CHECK(condition, format, args...): an invariant of our own code. It aborts with the place and the
// message; it is never for input, which is answered with a Result.
#pragma once

#include <string_view>

#include <fmt/format.h>

namespace attune {

[[noreturn]] void check_failed(const char* file, int line, const char* condition,
                               std::string_view message);

}  // namespace attune

#define CHECK(condition, ...)                                                             \
  do {                                                                                    \
    if (!(condition)) [[unlikely]]                                                        \
      ::attune::check_failed(__FILE__, __LINE__, #condition, ::fmt::format(__VA_ARGS__)); \
  } while (false)
