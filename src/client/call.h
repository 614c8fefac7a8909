// How a call to an API ends when it does not give its answer: no answer came, or the other side
// refused. A CallFailure turns into an Error by itself, so ATTUNE_TRY works on a Reply:
//
//   Reply<JobView> job = api.job(id);
//   if (!job && job.error().status == 404) ...
//   ATTUNE_TRY(const JobView job, api.job(id));    // in a function that returns Result
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "base/result.h"
#include "client/http_client.h"

namespace attune::client {

struct CallFailure {
  std::string where;      // "POST https://api.openai.com/v1/fine_tuning/jobs"
  int status = 0;         // 0: no answer came
  std::string message;    // the other side's words, or what went wrong on the way
  std::string type = {};  // of an OpenAI error object
  std::string code = {};  // likewise: "invalid_api_key", "training_not_available"
  std::string param = {};
  std::string request_id = {};
  std::string fix = {};      // what the user can do, where the status alone does not say it
  bool stopped = false;      // the caller ended it
  bool local_fault = false;  // a fault on this side: a file, an option
  bool malformed = false;    // an answer came that is not of this API

  // The same call may succeed later: no answer, 408, 429, 5xx.
  bool temporary() const;
  Error error() const;
  operator Error() const { return error(); }  // NOLINT(google-explicit-constructor)
};

template <typename T>
using Reply = tl::expected<T, CallFailure>;
using CallRefused = tl::unexpected<CallFailure>;

// What an error answer says, in whichever of the known shapes it says it: OpenAI's error object, a
// bare text, FastAPI's "detail", gRPC gateways' {"code", "message"}, a page of HTML. `secrets` are
// blotted out of the words.
CallFailure read_refusal(const HttpResponse& response, std::string where,
                         const std::vector<std::string>& secrets);

CallFailure explain_no_answer(const NoAnswer& fault, std::string where);

// An answer that came and makes no sense.
CallFailure unexpected_answer(std::string where, std::string found, std::string wanted);

}  // namespace attune::client
