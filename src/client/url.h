// The parts of an http or https address, and writing them safely.
//
//   ATTUNE_TRY(Url url, Url::parse("https://api.openai.com/v1", "--endpoint"));
//   url.base() + "/models/" + encode_segment("ft:base:org::id")
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace attune::client {

struct Url {
  std::string scheme;  // "http" or "https"
  std::string host;    // lower case; IPv6 in brackets
  int port = 0;
  std::string path;   // without a slash at its end; "" for the root
  std::string query;  // without '?'

  // `where` names the option or variable that the text came from. Refused: another scheme, a name
  // or password inside the address.
  static Result<Url> parse(std::string_view text, std::string_view where);

  std::string origin() const;  // "https://api.openai.com", with the port where it is not the usual
  std::string base() const { return origin() + path; }
  bool loopback() const;
};

using QueryList = std::vector<std::pair<std::string, std::string>>;

// Percent-encodes all but letters, digits and "-._~".
std::string encode_segment(std::string_view text);
// "?a=1&b=2", or "" for none.
std::string encode_query(const QueryList& query);

// An address fit for a message: without its query, which may hold a signature.
std::string shown_url(std::string_view url);

}  // namespace attune::client
