// Errors as values. What can fail returns Result<T>; TRY propagates an error to the caller.
//
//   Result<Config> read_config(const Path& path) {
//     ATTUNE_TRY(std::string text, read_file(path));   // declares `text`, or returns the error
//     ...
//     return bad_input({.where = path, .found = "rank 0", .wanted = "a rank of 1 or more",
//                       .fix = "set --rank"});
//   }
//
// A message says where, what was found, what was wanted and how to mend it. ErrorKind decides the
// exit code.
#pragma once

#include <string>
#include <utility>

#include <tl/expected.hpp>

namespace attune {

enum class ErrorKind {
  bad_input,    // the user's file, option or model folder is wrong: exit code 2
  environment,  // disk, memory, permissions, network, remote end: exit code 4
};

struct Error {
  ErrorKind kind = ErrorKind::bad_input;
  std::string where;   // file:line:column, option or tensor name
  std::string found;   // what is there
  std::string wanted;  // what should be there
  std::string fix;     // what the user can do

  // One paragraph: "where: found; wanted wanted. Fix: fix"
  std::string message() const;
};

// The parts of an error, named at the call site with designated initialisers.
struct ErrorParts {
  std::string where;
  std::string found;
  std::string wanted = {};
  std::string fix = {};
};

template <typename T = void>
using Result = tl::expected<T, Error>;
using Failure = tl::unexpected<Error>;

[[nodiscard]] Failure bad_input(ErrorParts parts);
[[nodiscard]] Failure environment_failure(ErrorParts parts);

// The process exit code for an error: 2 bad input, 4 environment.
int exit_code(const Error& error);

}  // namespace attune

#define ATTUNE_CONCAT_INNER(a, b) a##b
#define ATTUNE_CONCAT(a, b) ATTUNE_CONCAT_INNER(a, b)
#define ATTUNE_TRY_INNER(temporary, declaration, ...)                     \
  auto temporary = (__VA_ARGS__);                                         \
  if (!temporary) return ::attune::Failure(std::move(temporary).error()); \
  declaration = std::move(*temporary)

// ATTUNE_TRY(declaration, expression): declaration = value, or return the error.
#define ATTUNE_TRY(declaration, ...) \
  ATTUNE_TRY_INNER(ATTUNE_CONCAT(attune_try_, __LINE__), declaration, __VA_ARGS__)

// ATTUNE_TRY_VOID(expression): for Result<void>.
#define ATTUNE_TRY_VOID(...)                                                            \
  do {                                                                                  \
    auto attune_try_void = (__VA_ARGS__);                                               \
    if (!attune_try_void) return ::attune::Failure(std::move(attune_try_void).error()); \
  } while (false)
