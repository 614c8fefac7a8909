#include "client/url.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <memory>

#include <arpa/inet.h>
#include <curl/curl.h>
#include <fmt/format.h>

namespace attune::client {

namespace {

using Parsed = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

std::string part_of(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return {};
  std::string copy = text;
  curl_free(text);
  return copy;
}

Failure not_an_address(std::string_view where, std::string found) {
  return bad_input({.where = std::string(where),
                    .found = std::move(found),
                    .wanted = "an http or https address such as http://127.0.0.1:8080/v1",
                    .fix = "correct the address"});
}

}  // namespace

Result<Url> Url::parse(std::string_view text, std::string_view where) {
  const Parsed parsed(curl_url(), &curl_url_cleanup);
  const std::string copy(text);
  if (curl_url_set(parsed.get(), CURLUPART_URL, copy.c_str(), 0) != CURLUE_OK)
    return not_an_address(where, fmt::format("\"{}\"", shown_url(text)));
  if (!part_of(parsed.get(), CURLUPART_USER).empty() ||
      !part_of(parsed.get(), CURLUPART_PASSWORD).empty()) {
    return not_an_address(where, "a name or password inside the address");
  }
  Url url;
  url.scheme = part_of(parsed.get(), CURLUPART_SCHEME);
  if (url.scheme != "http" && url.scheme != "https")
    return not_an_address(where, fmt::format("scheme \"{}\"", url.scheme));
  url.host = part_of(parsed.get(), CURLUPART_HOST);
  std::transform(url.host.begin(), url.host.end(), url.host.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  url.port = std::atoi(part_of(parsed.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT).c_str());
  url.path = part_of(parsed.get(), CURLUPART_PATH);
  while (url.path.ends_with('/')) url.path.pop_back();
  url.query = part_of(parsed.get(), CURLUPART_QUERY);
  return url;
}

std::string Url::origin() const {
  const bool usual = port == (scheme == "https" ? 443 : 80);
  return usual ? fmt::format("{}://{}", scheme, host)
               : fmt::format("{}://{}:{}", scheme, host, port);
}

bool Url::loopback() const {
  in_addr address = {};
  if (inet_pton(AF_INET, host.c_str(), &address) == 1) return (ntohl(address.s_addr) >> 24) == 127;
  return host == "localhost" || host == "[::1]";
}

std::string encode_segment(std::string_view text) {
  std::string encoded;
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    const bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                       (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == '_' ||
                       byte == '~';
    encoded += plain ? std::string(1, character) : fmt::format("%{:02X}", byte);
  }
  return encoded;
}

std::string encode_query(const QueryList& query) {
  std::string text;
  for (const auto& [name, value] : query) {
    text += text.empty() ? "?" : "&";
    text += encode_segment(name) + "=" + encode_segment(value);
  }
  return text;
}

std::string shown_url(std::string_view url) {
  url = url.substr(0, url.find_first_of("?#"));
  const std::size_t scheme = url.find("://");
  const std::size_t start = scheme == std::string_view::npos ? 0 : scheme + 3;
  const std::size_t host_end = std::min(url.find('/', start), url.size());
  const std::size_t at = url.substr(0, host_end).rfind('@');
  if (at == std::string_view::npos || at < start) return std::string(url);
  return std::string(url.substr(0, start)) + std::string(url.substr(at + 1));
}

}  // namespace attune::client
