// SHA-256 as 64 lower-case hexadecimal digits: names of blobs, API keys at rest, request bodies,
// frozen test rows.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace attune {

std::string sha256(std::string_view bytes);

// The streaming form: add() any number of times, then finish() once.
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  ~Sha256();
  void add(std::string_view bytes);
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace attune
