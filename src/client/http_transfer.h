// One HTTP exchange through libcurl: what http_client.cc stands on. Only the .cc includes curl.h.
#pragma once

#include <memory>
#include <string>

#include "client/http_client.h"

namespace attune::client {

// A libcurl handle with the connections that it keeps.
class CurlHandle {
 public:
  CurlHandle();
  void* get() const { return handle_.get(); }

 private:
  struct Deleter {
    void operator()(void* handle) const;
  };
  std::unique_ptr<void, Deleter> handle_;
};

struct TransferLimits {
  double connect_seconds = 5;
  std::int64_t most_body_bytes = 0;
  std::string user_agent;
};

HttpOutcome transfer(const CurlHandle& handle, const HttpRequest& request,
                     const TransferLimits& limits);

// The address that a Location header means, seen from `base`.
std::string resolve_location(const std::string& base, const std::string& location);

}  // namespace attune::client
