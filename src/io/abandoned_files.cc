#include "io/abandoned_files.h"

#include <cerrno>
#include <charconv>
#include <csignal>
#include <optional>
#include <string>
#include <system_error>

namespace attune {

namespace {

// The process in ".NAME.PROCESS-NUMBER.tmp", as AtomicFile names them.
std::optional<int> writer_of(std::string_view name) {
  constexpr std::string_view kEnd = ".tmp";
  if (!name.starts_with('.') || !name.ends_with(kEnd)) return std::nullopt;
  name.remove_suffix(kEnd.size());
  const std::size_t dash = name.rfind('-');
  const std::size_t dot = name.rfind('.', dash);
  if (dash == std::string_view::npos || dot == std::string_view::npos || dot == 0)
    return std::nullopt;
  const std::string_view digits = name.substr(dot + 1, dash - dot - 1);
  int process = 0;
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), process);
  if (fault != std::errc() || end != digits.data() + digits.size() || process <= 0)
    return std::nullopt;
  return process;
}

}  // namespace

void remove_abandoned_files(const Path& folder) {
  std::error_code fault;
  for (std::filesystem::directory_iterator entry(folder, fault), end; !fault && entry != end;
       entry.increment(fault)) {
    const std::optional<int> writer = writer_of(entry->path().filename().string());
    if (!writer || ::kill(*writer, 0) == 0 || errno != ESRCH) continue;
    std::error_code ignored;  // what cannot be removed does no harm
    std::filesystem::remove(entry->path(), ignored);
  }
}

}  // namespace attune
