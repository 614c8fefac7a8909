// attune files: the files of an endpoint.
#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "cli/command.h"
#include "cli/progress.h"
#include "cli/remote_options.h"
#include "client/job_progress.h"

namespace attune::cli {

namespace {

struct FileCommand {
  RemoteOptions remote;
  std::string path, id, purpose = "fine-tune", out, filter, after;
  std::int64_t limit = 100;
  bool json = false;
};

using wire::FileObject;

void print_file(const FileObject& file) {
  using client::printable;
  fmt::print("{}", text_table({{"id", file.id},
                               {"name", printable(file.filename)},
                               {"bytes", fmt::format("{}", file.bytes)},
                               {"purpose", printable(file.purpose)},
                               {"status", printable(file.status)},
                               {"created", time_text(file.created_at)}}));
}

Result<int> upload(const FileCommand& o) {
  ATTUNE_TRY(const auto api, o.remote.connect());
  ATTUNE_TRY(const auto file, upload_with_progress(*api, o.path, o.purpose, o.json));
  if (o.json) {
    fmt::print("{}\n", to_text(file.raw));
  } else {
    print_file(file.value);
  }
  return file.value.status == "error" ? 2 : 0;
}

Result<int> list(const FileCommand& o) {
  ATTUNE_TRY(const auto api, o.remote.connect());
  client::ListQuery query{.after = o.after, .limit = o.limit};
  if (!o.filter.empty()) query.filters.emplace_back("purpose", o.filter);
  ATTUNE_TRY(const auto page, api->files(query));
  if (o.json) {
    fmt::print("{}\n", to_text(page.raw));
    return 0;
  }
  std::vector<std::vector<std::string>> rows = {
      {"ID", "NAME", "SIZE", "PURPOSE", "STATUS", "CREATED"}};
  for (const auto& [file, raw] : page.items) {
    rows.push_back({file.id, client::printable(file.filename), bytes_text(file.bytes), file.purpose,
                    file.status, time_text(file.created_at)});
  }
  fmt::print("{}", text_table(rows));
  if (page.has_more) fmt::print("more: --after {}\n", page.items.back().value.id);
  return 0;
}

Result<int> show(const FileCommand& o) {
  ATTUNE_TRY(const auto api, o.remote.connect());
  ATTUNE_TRY(const auto file, api->file(o.id));
  if (o.json) {
    fmt::print("{}\n", to_text(file.raw));
  } else {
    print_file(file.value);
  }
  return 0;
}

Result<int> content(const FileCommand& o) {
  ATTUNE_TRY(const auto api, o.remote.connect());
  if (o.out.empty()) {
    ATTUNE_TRY_VOID(api->file_content(o.id, [](std::string_view bytes) {
      return std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size();
    }));
    return 0;
  }
  ATTUNE_TRY(AtomicFile file, AtomicFile::create(o.out));
  Result<void> written;
  const auto got = api->file_content(o.id, [&](std::string_view bytes) {
    written = file.write(bytes);
    return written.has_value();
  });
  ATTUNE_TRY_VOID(written);
  ATTUNE_TRY_VOID(got);
  ATTUNE_TRY_VOID(file.commit());
  return 0;
}

Result<int> remove(const FileCommand& o) {
  ATTUNE_TRY(const auto api, o.remote.connect());
  ATTUNE_TRY(const Json answer, api->delete_file(o.id));
  fmt::print("{}\n", o.json ? to_text(answer) : "deleted " + o.id);
  return 0;
}

CLI::App* subcommand(CLI::App& parent, const std::shared_ptr<FileCommand>& o, const char* name,
                     const char* words, Body& selected, Result<int> (*body)(const FileCommand&)) {
  CLI::App* c = parent.add_subcommand(name, words);
  o->remote.declare(*c);
  c->callback([o, &selected, body] { selected = [o, body] { return body(*o); }; });
  return c;
}

}  // namespace

void add_files(CLI::App& app, Body& selected) {
  auto o = std::make_shared<FileCommand>();
  CLI::App* files = app.add_subcommand("files", "Training and result files of an endpoint");
  files->require_subcommand(1);
  CLI::App* c = subcommand(*files, o, "upload", "Send a file; a broken upload goes on where it was",
                           selected, upload);
  c->add_option("file", o->path, "File to send")->required()->check(CLI::ExistingFile);
  c->add_option("--purpose", o->purpose, "What it is for")->capture_default_str();
  c->add_flag("--json", o->json, "Print the file object");
  c = subcommand(*files, o, "list", "List files, newest first", selected, list);
  c->add_option("--purpose", o->filter, "Only files of this purpose");
  c->add_option("--limit", o->limit, "Most files")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  c->add_option("--after", o->after, "Go on after this id");
  c->add_flag("--json", o->json, "Print the list object");
  c = subcommand(*files, o, "show", "Show one file", selected, show);
  c->add_option("id", o->id, "Id of the file")->required();
  c->add_flag("--json", o->json, "Print the file object");
  c = subcommand(*files, o, "content", "Print what a file holds", selected, content);
  c->add_option("id", o->id, "Id of the file")->required();
  c->add_option("--out", o->out, "Write it there instead");
  c = subcommand(*files, o, "delete", "Delete a file", selected, remove);
  c->add_option("id", o->id, "Id of the file")->required();
  c->add_flag("--json", o->json, "Print the answer");
}

}  // namespace attune::cli
