#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace attune {

void check_failed(const char* file, int line, const char* condition, std::string_view message) {
  fmt::print(stderr, "{}:{}: broken invariant: {}: {}\n", file, line, condition, message);
  std::abort();
}

}  // namespace attune
