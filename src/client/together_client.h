// The client for Together: /fine-tunes in the place of /fine_tuning/jobs, uploads as POST
// /files/upload, a learning rate that is the rate. Its objects become OpenAI's; chat is alike.
#pragma once

#include "client/api_client.h"
#include "client/session.h"

namespace attune::client {

class TogetherClient final : public ApiClient {
 public:
  explicit TogetherClient(Session session) : session_(std::move(session)) {}
  const Endpoint& endpoint() const override { return session_.endpoint(); }

  Reply<Received<wire::FileObject>> upload_file(const Path& path,
                                                const UploadOptions& options) override;
  Reply<Page<wire::FileObject>> files(const ListQuery& query) override;
  Reply<Received<wire::FileObject>> file(const std::string& id) override;
  Reply<void> file_content(const std::string& id,
                           const std::function<bool(std::string_view)>& sink) override;
  Reply<Json> delete_file(const std::string& id) override;

  Reply<JobView> create_job(const JobSettings& settings) override;
  Reply<Page<wire::JobObject>> jobs(const ListQuery& query) override;
  Reply<JobView> job(const std::string& id) override;
  Reply<JobView> cancel_job(const std::string& id) override;
  Reply<JobView> pause_job(const std::string& id) override;
  Reply<JobView> resume_job(const std::string& id) override;
  Reply<Page<wire::EventObject>> events(const std::string& job, const ListQuery& query) override;
  Reply<bool> follow_events(const std::string& job, std::string& position,
                            const EventReceiver& receive, const std::atomic<bool>& stop) override;
  Reply<Page<wire::CheckpointObject>> checkpoints(const std::string& job,
                                                  const ListQuery& query) override;
  Reply<std::string> result_content(const JobView& job) override;

  Reply<Page<wire::ModelObject>> models() override;
  Reply<Received<wire::ModelObject>> model(const std::string& id) override;
  Reply<Json> delete_model(const std::string& id) override;

  Reply<ChatAnswer> chat(const ChatRequest& request) override;

 private:
  Session session_;
};

}  // namespace attune::client
