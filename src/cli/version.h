// The version that --version and result files carry; raised with CHANGELOG.md.
#pragma once

namespace attune::cli {

inline constexpr const char* kVersion = "0.1.0";

}  // namespace attune::cli
