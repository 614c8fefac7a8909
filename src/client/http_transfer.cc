#include "client/http_transfer.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include <arpa/inet.h>
#include <curl/curl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "client/url.h"

namespace attune::client {

namespace {

// Error pages are kept only so far: their beginning is what a message shows.
constexpr std::size_t kMostRefusalBytes = std::size_t{1} << 20;

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using OpenFile = std::unique_ptr<std::FILE, FileCloser>;

// A slice of a file as curl reads it; it can start over, which redirects and lost connections need.
struct SliceReader {
  OpenFile file;
  std::int64_t offset = 0;
  std::int64_t bytes = 0;
  std::int64_t at = 0;

  bool open(const FileSlice& slice) {
    std::error_code fault;
    const auto size = static_cast<std::int64_t>(std::filesystem::file_size(slice.path, fault));
    if (fault) return false;
    file.reset(std::fopen(slice.path.c_str(), "rbe"));
    offset = slice.offset;
    bytes = slice.bytes < 0 ? size - offset : slice.bytes;
    return file != nullptr && bytes >= 0 && offset + bytes <= size && rewind_to(0);
  }
  bool rewind_to(std::int64_t position) {
    at = position;
    return fseeko(file.get(), offset + position, SEEK_SET) == 0;
  }
  static std::size_t read(char* buffer, std::size_t size, std::size_t count, void* self) {
    auto* reader = static_cast<SliceReader*>(self);
    const auto left = static_cast<std::size_t>(reader->bytes - reader->at);
    const std::size_t wanted = std::min(size * count, left);
    const std::size_t got = std::fread(buffer, 1, wanted, reader->file.get());
    if (got < wanted) return CURL_READFUNC_ABORT;  // the file shrank
    reader->at += static_cast<std::int64_t>(got);
    return got;
  }
  static int seek(void* self, curl_off_t position, int origin) {
    if (origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
    return static_cast<SliceReader*>(self)->rewind_to(position) ? CURL_SEEKFUNC_OK
                                                                : CURL_SEEKFUNC_FAIL;
  }
};

// What the callbacks of one exchange share.
struct Exchange {
  const HttpRequest* request = nullptr;
  CURL* curl = nullptr;
  std::int64_t most_body_bytes = 0;
  HttpResponse response;
  bool streamed = false;  // part of the answer went to on_body
  bool refused = false;   // on_body had enough
  bool too_large = false;

  bool to_receiver() const {
    return request->on_body && response.status >= 200 && response.status < 300;
  }
};

std::size_t take_header(char* text, std::size_t size, std::size_t count, void* self) {
  auto* exchange = static_cast<Exchange*>(self);
  std::string_view line(text, size * count);
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  if (line.starts_with("HTTP/")) {  // a new answer: an interim 1xx one came before
    exchange->response.headers.clear();
  } else if (line.empty()) {
    long status = 0;
    curl_easy_getinfo(exchange->curl, CURLINFO_RESPONSE_CODE, &status);
    exchange->response.status = static_cast<int>(status);
    if (exchange->to_receiver() && exchange->request->on_headers)
      exchange->request->on_headers(exchange->response.headers);
  } else if (const std::size_t colon = line.find(':'); colon != std::string_view::npos) {
    std::string_view value = line.substr(colon + 1);
    while (value.starts_with(' ') || value.starts_with('\t')) value.remove_prefix(1);
    while (value.ends_with(' ') || value.ends_with('\t')) value.remove_suffix(1);
    exchange->response.headers.emplace_back(line.substr(0, colon), value);
  }
  return size * count;
}

std::size_t take_body(char* text, std::size_t size, std::size_t count, void* self) {
  auto* exchange = static_cast<Exchange*>(self);
  const std::string_view bytes(text, size * count);
  if (exchange->to_receiver()) {
    exchange->streamed = true;
    exchange->refused = !exchange->request->on_body(bytes);
    return exchange->refused ? 0 : bytes.size();
  }
  std::string& body = exchange->response.body;
  if (exchange->response.status >= 400) {
    body.append(bytes.substr(0, kMostRefusalBytes - std::min(body.size(), kMostRefusalBytes)));
    return bytes.size();
  }
  if (static_cast<std::int64_t>(body.size() + bytes.size()) > exchange->most_body_bytes) {
    exchange->too_large = true;
    return 0;
  }
  body += bytes;
  return bytes.size();
}

int report_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t sent) {
  const auto* exchange = static_cast<const Exchange*>(self);
  if (exchange->request->stop != nullptr && exchange->request->stop->load()) return 1;
  if (exchange->request->on_sent) exchange->request->on_sent(sent);
  return 0;
}

std::string numeric_address(const curl_sockaddr& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.family == AF_INET) {
    const auto* four = reinterpret_cast<const sockaddr_in*>(&address.addr);
    ::inet_ntop(AF_INET, &four->sin_addr, text, sizeof text);
  } else if (address.family == AF_INET6) {
    const auto* six = reinterpret_cast<const sockaddr_in6*>(&address.addr);
    ::inet_ntop(AF_INET6, &six->sin6_addr, text, sizeof text);
  }
  return text;
}

curl_socket_t open_socket(void* self, curlsocktype, curl_sockaddr* address) {
  const auto* exchange = static_cast<const Exchange*>(self);
  if (!exchange->request->may_connect(numeric_address(*address))) return CURL_SOCKET_BAD;
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

using HeaderLines = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

void add_line(HeaderLines& lines, const std::string& line) {
  curl_slist* longer = curl_slist_append(lines.get(), line.c_str());
  if (longer == nullptr) return;
  lines.release();
  lines.reset(longer);
}

// A value that holds a line end would smuggle in a header of its own.
bool clean(const std::string& text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos;
}

bool add_headers(HeaderLines& lines, const HeaderList& headers) {
  for (const auto& [name, value] : headers) {
    if (!clean(name) || !clean(value)) return false;
    add_line(lines, value.empty() ? name + ";" : name + ": " + value);
  }
  return true;
}

NoAnswer local_fault(std::string what) { return {.what = std::move(what), .local_fault = true}; }

long milliseconds(double seconds) { return std::lround(seconds * 1000); }

void set_network(CURL* curl, const HttpRequest& request, const TransferLimits& limits) {
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_USERAGENT, limits.user_agent.c_str());
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(limits.connect_seconds));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, milliseconds(request.total_seconds));
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME,
                   std::max(1L, std::lround(std::ceil(request.idle_seconds))));
  const auto url = Url::parse(request.url, "address");
  if (url && url->loopback()) curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  // As OpenSSL's own programs: a certificate file that the user trusts.
  if (const char* certificates = std::getenv("SSL_CERT_FILE"))
    curl_easy_setopt(curl, CURLOPT_CAINFO, certificates);
}

std::string words_of(CURLcode code, const char* detail) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return "the host name was not found";
    case CURLE_COULDNT_CONNECT:
      return "nothing answers there";
    case CURLE_OPERATION_TIMEDOUT:
      return "the time for it ran out";
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
      return "the connection broke before the answer was whole";
    case CURLE_SEND_ERROR:
      return "the connection broke while the request was sent";
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return "its certificate is not trusted";
    default:
      return fmt::format("the exchange failed ({})",
                         *detail != '\0' ? detail : curl_easy_strerror(code));
  }
}

bool is_local(CURLcode code) {
  return code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL ||
         code == CURLE_READ_ERROR || code == CURLE_OUT_OF_MEMORY;
}

NoAnswer explain(CURLcode code, const char* detail, const Exchange& exchange) {
  NoAnswer fault;
  fault.began = exchange.streamed;
  fault.stopped = exchange.refused || code == CURLE_ABORTED_BY_CALLBACK;
  fault.local_fault = is_local(code) || exchange.too_large;
  if (exchange.too_large) {
    fault.what = fmt::format("the answer is larger than {} bytes", exchange.most_body_bytes);
  } else if (code == CURLE_READ_ERROR) {
    fault.what = "the file that was being sent could not be read to its end";
  } else {
    fault.what = fault.stopped ? "it was stopped" : words_of(code, detail);
  }
  return fault;
}

using Form = std::unique_ptr<curl_mime, decltype(&curl_mime_free)>;

// `readers` must outlive the exchange.
bool fill_form(curl_mime* form, const std::vector<FormField>& fields,
               std::vector<SliceReader>& readers) {
  readers.reserve(fields.size());
  for (const FormField& field : fields) {
    curl_mimepart* part = curl_mime_addpart(form);
    curl_mime_name(part, field.name.c_str());
    if (!field.file) {
      curl_mime_data(part, field.text.data(), field.text.size());
      continue;
    }
    SliceReader& reader = readers.emplace_back();
    if (!reader.open(*field.file)) return false;
    curl_mime_filename(part, field.file_name.c_str());
    curl_mime_type(part, "application/octet-stream");
    curl_mime_data_cb(part, reader.bytes, &SliceReader::read, &SliceReader::seek, nullptr, &reader);
  }
  return true;
}

// The bodies of one request, which must live as long as the exchange.
struct Bodies {
  Form form{nullptr, &curl_mime_free};
  std::vector<SliceReader> readers;
};

bool set_body(CURL* curl, const HttpRequest& request, Bodies& bodies) {
  if (!request.form.empty()) {
    bodies.form.reset(curl_mime_init(curl));
    if (!fill_form(bodies.form.get(), request.form, bodies.readers)) return false;
    curl_easy_setopt(curl, CURLOPT_MIMEPOST, bodies.form.get());
  } else if (request.body_file) {
    SliceReader& reader = bodies.readers.emplace_back();
    if (!reader.open(*request.body_file)) return false;
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, &SliceReader::read);
    curl_easy_setopt(curl, CURLOPT_READDATA, &reader);
    curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, &SliceReader::seek);
    curl_easy_setopt(curl, CURLOPT_SEEKDATA, &reader);
    curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(reader.bytes));
  } else if (request.method != "GET" && request.method != "DELETE") {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
  }
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  return true;
}

}  // namespace

CurlHandle::CurlHandle() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  handle_.reset(curl_easy_init());
}

void CurlHandle::Deleter::operator()(void* handle) const { curl_easy_cleanup(handle); }

HttpOutcome transfer(const CurlHandle& handle, const HttpRequest& request,
                     const TransferLimits& limits) {
  CURL* curl = handle.get();
  if (curl == nullptr) return tl::unexpected(local_fault("libcurl could not start"));
  curl_easy_reset(curl);  // options only; connections stay
  Exchange exchange;
  exchange.request = &request;
  exchange.curl = curl;
  exchange.most_body_bytes = limits.most_body_bytes;
  char detail[CURL_ERROR_SIZE] = "";
  set_network(curl, request, limits);
  HeaderLines lines(nullptr, &curl_slist_free_all);
  if (!add_headers(lines, request.headers) || !add_headers(lines, request.secret_headers))
    return tl::unexpected(local_fault("a header's value holds a line break"));
  add_line(lines, "Expect:");  // no waiting for 100 Continue
  Bodies bodies;
  if (!set_body(curl, request, bodies))
    return tl::unexpected(local_fault("the file to send could not be read"));
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, lines.get());
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &take_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &exchange);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &take_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &exchange);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, &report_progress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &exchange);
  if (request.may_connect) {
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, &open_socket);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, &exchange);
  }
  const CURLcode code = curl_easy_perform(curl);
  // The handle must not keep pointers into this call.
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, nullptr);
  curl_easy_setopt(curl, CURLOPT_MIMEPOST, nullptr);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, nullptr);
  if (code != CURLE_OK) return tl::unexpected(explain(code, detail, exchange));
  return std::move(exchange.response);
}

std::string resolve_location(const std::string& base, const std::string& location) {
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> url(curl_url(), &curl_url_cleanup);
  char* text = nullptr;
  if (curl_url_set(url.get(), CURLUPART_URL, base.c_str(), 0) != CURLUE_OK ||
      curl_url_set(url.get(), CURLUPART_URL, location.c_str(), 0) != CURLUE_OK ||
      curl_url_get(url.get(), CURLUPART_URL, &text, 0) != CURLUE_OK) {
    return {};
  }
  std::string resolved = text;
  curl_free(text);
  return resolved;
}

}  // namespace attune::client
