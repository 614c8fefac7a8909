#include "base/result.h"

namespace attune {

std::string Error::message() const {
  std::string text = where.empty() ? found : where + ": " + found;
  if (!wanted.empty()) text += "; wanted " + wanted;
  if (!fix.empty()) text += ". Fix: " + fix;
  return text;
}

namespace {

Failure failure(ErrorKind kind, ErrorParts parts) {
  return Failure(Error{.kind = kind,
                       .where = std::move(parts.where),
                       .found = std::move(parts.found),
                       .wanted = std::move(parts.wanted),
                       .fix = std::move(parts.fix)});
}

}  // namespace

Failure bad_input(ErrorParts parts) { return failure(ErrorKind::bad_input, std::move(parts)); }

Failure environment_failure(ErrorParts parts) {
  return failure(ErrorKind::environment, std::move(parts));
}

int exit_code(const Error& error) { return error.kind == ErrorKind::bad_input ? 2 : 4; }

}  // namespace attune
