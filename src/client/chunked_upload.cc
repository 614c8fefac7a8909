#include "client/chunked_upload.h"

#include <array>
#include <cstdio>
#include <memory>

#include <fmt/format.h>
#include <openssl/evp.h>
#include <xxhash.h>

namespace attune::client {

namespace {

// An upload lives for an hour; one that has less than this left is not worth continuing.
constexpr std::int64_t kOldestContinued = 50 * 60;

struct Place {
  std::string endpoint, path;
  std::int64_t bytes = 0, modified = 0, part_bytes = 0, created_at = 0;
  std::string upload_id;
  std::vector<std::string> parts;

  bool same_file(const Place& other) const {
    return endpoint == other.endpoint && path == other.path && bytes == other.bytes &&
           modified == other.modified && part_bytes == other.part_bytes;
  }
};

CallFailure file_fault(const Path& path, std::string what) {
  CallFailure failure;
  failure.where = path.string();
  failure.message = std::move(what);
  failure.local_fault = true;
  return failure;
}

Reply<Place> place_of(const Session& session, const Path& path, std::int64_t part_bytes) {
  std::error_code fault;
  Place place;
  place.endpoint = session.endpoint().url.base();
  place.path = std::filesystem::absolute(path, fault).string();
  place.bytes = static_cast<std::int64_t>(std::filesystem::file_size(path, fault));
  if (fault) return CallRefused(file_fault(path, "the file cannot be read: " + fault.message()));
  place.modified = static_cast<std::int64_t>(
      std::filesystem::last_write_time(path, fault).time_since_epoch().count());
  place.part_bytes = part_bytes;
  return place;
}

Path place_file(const Place& place, const Path& folder) {
  const std::string key = place.endpoint + "\n" + place.path;
  return folder / fmt::format("upload-{:016x}.json", XXH3_64bits(key.data(), key.size()));
}

Json to_json(const Place& place) {
  return {{"endpoint", place.endpoint},     {"path", place.path},
          {"bytes", place.bytes},           {"modified", place.modified},
          {"part_bytes", place.part_bytes}, {"upload_id", place.upload_id},
          {"parts", place.parts},           {"created_at", place.created_at}};
}

// The place that an earlier attempt left, when it is of the same file and still alive.
std::optional<Place> earlier_place(const Place& now_file, const Path& folder, double now) {
  if (folder.empty()) return std::nullopt;
  const auto json = read_json(place_file(now_file, folder));
  if (!json) return std::nullopt;
  Place place;
  try {
    place.endpoint = json->at("endpoint").get<std::string>();
    place.path = json->at("path").get<std::string>();
    place.bytes = json->at("bytes").get<std::int64_t>();
    place.modified = json->at("modified").get<std::int64_t>();
    place.part_bytes = json->at("part_bytes").get<std::int64_t>();
    place.upload_id = json->at("upload_id").get<std::string>();
    place.parts = json->at("parts").get<std::vector<std::string>>();
    place.created_at = json->at("created_at").get<std::int64_t>();
  } catch (const Json::exception&) {
    return std::nullopt;  // a damaged note costs only a new start
  }
  const bool alive = now - static_cast<double>(place.created_at) < kOldestContinued;
  if (!alive || !place.same_file(now_file) || place.upload_id.empty()) return std::nullopt;
  return place;
}

void keep(const Place& place, const Path& folder) {
  if (folder.empty()) return;
  if (ensure_directory(folder))
    (void)write_file_atomic(place_file(place, folder), to_text(to_json(place)));
}

void forget(const Place& place, const Path& folder) {
  std::error_code ignored;
  if (!folder.empty()) std::filesystem::remove(place_file(place, folder), ignored);
}

std::string file_name_of(const Path& path, const UploadOptions& options) {
  return options.file_name.empty() ? path.filename().string() : options.file_name;
}

Reply<void> begin(Session& session, Place& place, const Path& path, const UploadOptions& options) {
  const auto created = session.post("/uploads", {{"filename", file_name_of(path, options)},
                                                 {"purpose", options.purpose},
                                                 {"bytes", place.bytes},
                                                 {"mime_type", "text/jsonl"}});
  if (!created) return CallRefused(created.error());
  const Json id = created->value("id", Json());
  if (!id.is_string()) {
    return CallRefused(
        unexpected_answer(session.address("/uploads"), "no id", "an upload with an id"));
  }
  place.upload_id = id.get<std::string>();
  place.parts.clear();
  place.created_at = static_cast<std::int64_t>(session.now());
  keep(place, options.state_folder);
  return {};
}

Reply<void> send_parts(Session& session, Place& place, const Path& path,
                       const UploadOptions& options) {
  const std::string target = "/uploads/" + encode_segment(place.upload_id) + "/parts";
  while (true) {
    const std::int64_t offset = std::ssize(place.parts) * place.part_bytes;
    if (offset >= place.bytes) return {};
    const FileSlice slice{path, offset, std::min(place.part_bytes, place.bytes - offset)};
    std::vector<FormField> form;
    form.push_back({.name = "data", .file = slice, .file_name = "part"});
    const auto report = [&](std::int64_t sent) {
      if (options.progress)
        options.progress(std::min(place.bytes, offset + std::min(sent, slice.bytes)), place.bytes);
    };
    const auto part = session.post_form(target, std::move(form), report);
    if (!part) return CallRefused(part.error());
    const Json id = part->value("id", Json());
    if (!id.is_string())
      return CallRefused(unexpected_answer(session.address(target), "no id", "a part with an id"));
    place.parts.push_back(id.get<std::string>());
    keep(place, options.state_folder);
  }
}

Reply<Json> complete(Session& session, const Place& place, const std::string& md5) {
  return session.post("/uploads/" + encode_segment(place.upload_id) + "/complete",
                      {{"part_ids", place.parts}, {"md5", md5}});
}

// A refusal that says that the upload of an earlier run is gone.
bool upload_is_gone(const CallFailure& failure) {
  return failure.status == 400 || failure.status == 404 || failure.status == 409 ||
         failure.status == 410;
}

}  // namespace

Reply<Json> upload_in_parts(Session& session, const Path& path, const UploadOptions& options) {
  auto here = place_of(session, path, options.part_bytes);
  if (!here) return CallRefused(std::move(here).error());
  const auto md5 = md5_of_file(path);
  if (!md5) return CallRefused(file_fault(path, md5.error().found));
  auto earlier = earlier_place(*here, options.state_folder, session.now());
  Place place = earlier ? *earlier : *here;
  while (true) {
    const bool continued = earlier.has_value();
    Reply<void> sent = continued ? Reply<void>() : begin(session, place, path, options);
    if (sent) sent = send_parts(session, place, path, options);
    Reply<Json> done =
        sent ? complete(session, place, *md5) : Reply<Json>(CallRefused(sent.error()));
    if (done) {
      forget(place, options.state_folder);
      return done;
    }
    if (!done.error().temporary()) forget(place, options.state_folder);
    if (!continued || !upload_is_gone(done.error())) return done;
    earlier.reset();  // start over, once
    place = *here;
  }
}

Result<std::string> md5_of_file(const Path& path) {
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  const std::unique_ptr<std::FILE, Closer> file(std::fopen(path.c_str(), "rbe"));
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> digest(EVP_MD_CTX_new(),
                                                                       &EVP_MD_CTX_free);
  const auto failed = [&](const char* what) {
    return environment_failure({.where = path.string(), .found = what, .wanted = {}, .fix = {}});
  };
  if (file == nullptr) return failed("the file cannot be read");
  if (EVP_DigestInit_ex(digest.get(), EVP_md5(), nullptr) != 1)
    return failed("MD5 is not available in this OpenSSL");
  std::vector<char> buffer(std::size_t{1} << 20);
  while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), file.get()))
    EVP_DigestUpdate(digest.get(), buffer.data(), count);
  if (std::ferror(file.get()) != 0) return failed("the file cannot be read to its end");
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes = {};
  unsigned size = 0;
  EVP_DigestFinal_ex(digest.get(), bytes.data(), &size);
  std::string hex;
  for (unsigned i = 0; i < size; ++i) hex += fmt::format("{:02x}", bytes[i]);
  return hex;
}

}  // namespace attune::client
