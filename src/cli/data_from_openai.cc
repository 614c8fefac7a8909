// attune data from-openai: training files, jobs, events, checkpoints and results of a hosted
// account, into a folder. Exit code 4 when something failed that a second run may bring.
#include <memory>

#include <fmt/format.h>

#include "cli/data_commands.h"
#include "cli/progress.h"
#include "cli/remote_options.h"
#include "client/account_copy.h"
#include "client/job_progress.h"

namespace attune::cli {

namespace {

struct FromOpenAiCommand {
  RemoteOptions remote;
  std::string out;
  std::vector<std::string> kinds;
  std::vector<std::string> purposes = {"fine-tune"};
  bool all_purposes = false;
  bool json = false;
};

constexpr int kRetries = 5;  // the archive of an account may take hours: be patient

// Without an address: OpenAI's own, not this machine's.
RemoteOptions with_openai_as_default(RemoteOptions remote) {
  if (remote.endpoint.url.empty() && remote.endpoint.provider.empty())
    remote.endpoint.provider = "openai";
  return remote;
}

void print_items(std::string_view title, const std::vector<client::CopiedItem>& items) {
  if (items.empty()) return;
  fmt::print("{}: {}\n", title, items.size());
  for (const client::CopiedItem& item : items)
    fmt::print("  {} {}: {}\n", item.kind, client::printable(item.id),
               client::printable(item.reason));
}

Json items_json(const std::vector<client::CopiedItem>& items) {
  Json list = Json::array();
  for (const client::CopiedItem& item : items)
    list.push_back({{"kind", item.kind}, {"id", item.id}, {"reason", item.reason}});
  return list;
}

void print_summary(const FromOpenAiCommand& o, const client::CopySummary& summary) {
  fmt::print("{}: {} fetched ({}), {} were there already\n", o.out, summary.stored,
             bytes_text(summary.bytes), summary.kept);
  if (summary.other_purpose > 0) {
    fmt::print("{} files of other purposes were left (--all-purposes fetches them)\n",
               summary.other_purpose);
  }
  print_items("not available", summary.not_available);
  print_items("failed; the same command tries again", summary.failed);
  fmt::print("{}/index.json lists everything; attune data prepare {}/files/ID.jsonl goes on\n",
             o.out, o.out);
}

Result<int> copy(const FromOpenAiCommand& o) {
  client::CopyOptions options;
  ATTUNE_TRY(options.kinds, client::CopyKinds::parse(o.kinds));
  if (!o.all_purposes) options.purposes = o.purposes;
  if (o.all_purposes) options.purposes.clear();
  ATTUNE_TRY(client::Endpoint endpoint, with_openai_as_default(o.remote).resolve());
  client::HttpOptions http = RemoteOptions::http();
  http.retries.most_retries = kRetries;
  const auto api = client::make_client(std::move(endpoint), http);
  StatusLine line(!o.json);
  options.progress = [&](const client::CopyProgress& p) {
    line.show(fmt::format("{} {} of {}, {} fetched", p.kind, p.done, p.all, bytes_text(p.bytes)));
  };
  const Result<client::CopySummary> copied = client::copy_account(*api, o.out, options);
  line.clear();
  ATTUNE_TRY(const client::CopySummary summary, copied);
  if (o.json) {
    fmt::print("{}\n", to_text(Json{{"out", o.out},
                                    {"fetched", summary.stored},
                                    {"kept", summary.kept},
                                    {"other_purpose", summary.other_purpose},
                                    {"bytes", summary.bytes},
                                    {"not_available", items_json(summary.not_available)},
                                    {"failed", items_json(summary.failed)}}));
  } else {
    print_summary(o, summary);
  }
  return summary.failed.empty() ? 0 : 4;
}

}  // namespace

void add_data_from_openai(CLI::App& group, Body& selected) {
  auto o = std::make_shared<FromOpenAiCommand>();
  CLI::App* c = group.add_subcommand(
      "from-openai", "Training files, jobs and results of a hosted account, into a folder");
  o->remote.declare(*c);
  c->add_option("--out", o->out, "Folder; a second run fetches what is missing")->required();
  c->add_option("--kind", o->kinds,
                "Only these of files, jobs, events, checkpoints, results (all otherwise)")
      ->delimiter(',')
      ->allow_extra_args(false);
  CLI::Option* const purpose = c->add_option("--purpose", o->purposes, "Files of these purposes")
                                   ->delimiter(',')
                                   ->capture_default_str();
  c->add_flag("--all-purposes", o->all_purposes, "Files of every purpose")->excludes(purpose);
  c->add_flag("--json", o->json, "Print the counts as one JSON object");
  c->callback([o, &selected] { selected = [o] { return copy(*o); }; });
}

}  // namespace attune::cli
