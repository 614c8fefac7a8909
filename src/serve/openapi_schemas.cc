// What requests and answers look like, as JSON Schema. Our own extensions are among them.
#include "serve/openapi.h"

namespace attune::serve {

std::string_view openapi_schemas() {
  // The published names are kept, so that generators make the types that users know.
  static constexpr std::string_view kSchemas = R"json({
  "ErrorResponse": {"type": "object", "properties": {"error": {"type": "object", "properties":
    {"message": {"type": "string"}, "type": {"type": "string"}, "param": {"type": ["string",
    "null"]}, "code": {"type": ["string", "null"]}}, "required": ["message", "type", "param",
    "code"]}}, "required": ["error"]},
  "OpenAIFile": {"type": "object", "properties": {"id": {"type": "string"}, "object":
    {"type": "string", "const": "file"}, "bytes": {"type": "integer"}, "created_at":
    {"type": "integer"}, "expires_at": {"type": "integer"}, "filename": {"type": "string"},
    "purpose": {"type": "string"}, "status": {"type": "string", "enum": ["uploaded", "processed",
    "error"]}, "status_details": {"type": "string"}}, "required": ["id", "object", "bytes",
    "created_at", "filename", "purpose", "status"]},
  "CreateFileRequest": {"type": "object", "properties": {"file": {"type": "string",
    "format": "binary"}, "purpose": {"type": "string", "enum": ["assistants", "batch",
    "fine-tune", "vision", "user_data", "evals"]}, "expires_after": {"type": "object",
    "properties": {"anchor": {"type": "string", "const": "created_at"}, "seconds":
    {"type": "integer", "minimum": 3600, "maximum": 2592000}}, "required": ["anchor",
    "seconds"]}}, "required": ["file", "purpose"], "additionalProperties": false},
  "ListFilesResponse": {"type": "object", "properties": {"object": {"type": "string",
    "const": "list"}, "data": {"type": "array", "items":
    {"$ref": "#/components/schemas/OpenAIFile"}}, "has_more": {"type": "boolean"}, "first_id":
    {"type": "string"}, "last_id": {"type": "string"}}, "required": ["object", "data", "has_more",
    "first_id", "last_id"]},
  "DeleteFileResponse": {"type": "object", "properties": {"id": {"type": "string"}, "object":
    {"type": "string", "const": "file"}, "deleted": {"type": "boolean"}}, "required": ["id",
    "object", "deleted"]},
  "FileReport": {"type": "object",
    "description": "Counts of examples and faults, and the faults of all lines"},
  "CreateUploadRequest": {"type": "object", "properties": {"filename": {"type": "string"},
    "purpose": {"type": "string", "enum": ["assistants", "batch", "fine-tune", "vision"]},
    "bytes": {"type": "integer", "minimum": 1}, "mime_type": {"type": "string"}, "expires_after":
    {"type": "object", "properties": {"anchor": {"type": "string", "const": "created_at"},
    "seconds": {"type": "integer", "minimum": 3600, "maximum": 2592000}}, "required": ["anchor",
    "seconds"]}}, "required": ["filename", "purpose", "bytes", "mime_type"],
    "additionalProperties": false},
  "Upload": {"type": "object", "properties": {"id": {"type": "string"}, "object":
    {"type": "string", "const": "upload"}, "bytes": {"type": "integer"}, "created_at":
    {"type": "integer"}, "expires_at": {"type": "integer"}, "filename": {"type": "string"},
    "purpose": {"type": "string"}, "status": {"type": "string", "enum": ["pending", "completed",
    "cancelled", "expired"]}, "file": {"oneOf": [{"$ref": "#/components/schemas/OpenAIFile"},
    {"type": "null"}]}}, "required": ["id", "object", "bytes", "created_at", "expires_at",
    "filename", "purpose", "status", "file"]},
  "AddUploadPartRequest": {"type": "object", "properties": {"data": {"type": "string",
    "format": "binary"}}, "required": ["data"], "additionalProperties": false},
  "UploadPart": {"type": "object", "properties": {"id": {"type": "string"}, "object":
    {"type": "string", "const": "upload.part"}, "created_at": {"type": "integer"}, "upload_id":
    {"type": "string"}}, "required": ["id", "object", "created_at", "upload_id"]},
  "CompleteUploadRequest": {"type": "object", "properties": {"part_ids": {"type": "array",
    "items": {"type": "string"}, "minItems": 1}, "md5": {"type": "string"}},
    "required": ["part_ids"], "additionalProperties": false},
  "Hyperparameters": {"type": "object", "properties": {"n_epochs": {"oneOf": [{"type": "string",
    "const": "auto"}, {"type": "integer", "minimum": 1, "maximum": 50}]}, "batch_size":
    {"oneOf": [{"type": "string", "const": "auto"}, {"type": "integer",
    "minimum": 1, "maximum": 256}]}, "learning_rate_multiplier": {"oneOf": [{"type": "string",
    "const": "auto"}, {"type": "number", "exclusiveMinimum": 0}]}, "learning_rate":
    {"type": "number"}, "lora_rank": {"type": "integer"}, "lora_alpha": {"type": "number"},
    "lora_dropout": {"type": "number"}, "target_modules": {"type": "array", "items":
    {"type": "string"}}, "max_seq_len": {"type": "integer"}, "warmup_ratio": {"type": "number"},
    "weight_decay": {"type": "number"}}},
  "CreateFineTuningJobRequest": {"type": "object", "properties": {"model": {"type": "string"},
    "training_file": {"type": "string"}, "validation_file": {"type": ["string", "null"]},
    "suffix": {"type": ["string", "null"], "minLength": 1, "maxLength": 64}, "seed":
    {"type": ["integer", "null"], "minimum": 0, "maximum": 2147483647}, "method":
    {"type": "object", "properties": {"type": {"type": "string", "const": "supervised"},
    "supervised": {"type": "object", "properties": {"hyperparameters":
    {"$ref": "#/components/schemas/Hyperparameters"}}}}, "required": ["type"]}, "hyperparameters":
    {"$ref": "#/components/schemas/Hyperparameters"}, "integrations": {"type": ["array", "null"],
    "items": {"type": "object"}, "maxItems": 5}, "metadata": {"type": ["object", "null"],
    "maxProperties": 16, "additionalProperties": {"type": "string", "maxLength": 512}}},
    "required": ["model", "training_file"]},
  "FineTuningJob": {"type": "object", "properties": {"id": {"type": "string"}, "object":
    {"type": "string", "const": "fine_tuning.job"}, "created_at": {"type": "integer"}, "error":
    {"oneOf": [{"type": "null"}, {"type": "object", "properties": {"code": {"type": "string"},
    "message": {"type": "string"}, "param": {"type": ["string", "null"]}}, "required": ["code",
    "message", "param"]}]}, "fine_tuned_model": {"type": ["string", "null"]}, "finished_at":
    {"type": ["integer", "null"]}, "hyperparameters":
    {"$ref": "#/components/schemas/Hyperparameters"}, "model": {"type": "string"},
    "organization_id": {"type": "string"}, "result_files": {"type": "array", "items":
    {"type": "string"}}, "status": {"type": "string", "enum": ["validating_files", "queued",
    "running", "paused", "succeeded", "failed", "cancelled"]}, "trained_tokens":
    {"type": ["integer", "null"]}, "training_file": {"type": "string"}, "validation_file":
    {"type": ["string", "null"]}, "seed": {"type": "integer"}, "integrations": {"type": ["array",
    "null"]}, "estimated_finish": {"type": ["integer", "null"]}, "method": {"type": "object"},
    "metadata": {"type": ["object", "null"]}, "user_provided_suffix": {"type": ["string",
    "null"]}}, "required": ["id", "object", "created_at", "error", "fine_tuned_model",
    "finished_at", "hyperparameters", "model", "organization_id", "result_files", "status",
    "trained_tokens", "training_file", "validation_file", "seed"]},
  "ListPaginatedFineTuningJobsResponse": {"type": "object", "properties": {"object":
    {"type": "string", "const": "list"}, "data": {"type": "array", "items":
    {"$ref": "#/components/schemas/FineTuningJob"}}, "has_more": {"type": "boolean"}},
    "required": ["object", "data", "has_more"]},
  "SetPriorityRequest": {"type": "object", "properties": {"priority": {"type": "integer",
    "minimum": -100, "maximum": 100}}, "required": ["priority"]},
  "FineTuningJobEvent": {"type": "object", "properties": {"id": {"type": "string"}, "object":
    {"type": "string", "const": "fine_tuning.job.event"}, "created_at": {"type": "integer"},
    "level": {"type": "string", "enum": ["info", "warn", "error"]}, "message": {"type": "string"},
    "type": {"type": "string", "enum": ["message", "metrics"]}, "data": {"type": "object"}},
    "required": ["id", "object", "created_at", "level", "message"]},
  "ListFineTuningJobEventsResponse": {"type": "object", "properties": {"object":
    {"type": "string", "const": "list"}, "data": {"type": "array", "items":
    {"$ref": "#/components/schemas/FineTuningJobEvent"}}, "has_more": {"type": "boolean"}},
    "required": ["object", "data", "has_more"]},
  "FineTuningJobCheckpoint": {"type": "object", "properties": {"id": {"type": "string"}, "object":
    {"type": "string", "const": "fine_tuning.job.checkpoint"}, "created_at": {"type": "integer"},
    "fine_tuned_model_checkpoint": {"type": "string"}, "step_number": {"type": "integer"},
    "metrics": {"type": "object", "properties": {"step": {"type": "number"}, "train_loss":
    {"type": "number"}, "train_mean_token_accuracy": {"type": "number"}, "valid_loss":
    {"type": "number"}, "valid_mean_token_accuracy": {"type": "number"}, "full_valid_loss":
    {"type": "number"}, "full_valid_mean_token_accuracy": {"type": "number"}}},
    "fine_tuning_job_id": {"type": "string"}}, "required": ["id", "object", "created_at",
    "fine_tuned_model_checkpoint", "step_number", "metrics", "fine_tuning_job_id"]},
  "ListFineTuningJobCheckpointsResponse": {"type": "object", "properties": {"object":
    {"type": "string", "const": "list"}, "data": {"type": "array", "items":
    {"$ref": "#/components/schemas/FineTuningJobCheckpoint"}}, "has_more": {"type": "boolean"},
    "first_id": {"type": ["string", "null"]}, "last_id": {"type": ["string", "null"]}},
    "required": ["object", "data", "has_more", "first_id", "last_id"]},
  "CreateFineTuningCheckpointPermissionRequest": {"type": "object", "properties": {"project_ids":
    {"type": "array", "items": {"type": "string"}, "minItems": 1}}, "required": ["project_ids"],
    "additionalProperties": false},
  "FineTuningCheckpointPermission": {"type": "object", "properties": {"id": {"type": "string"},
    "object": {"type": "string", "const": "checkpoint.permission"}, "created_at":
    {"type": "integer"}, "project_id": {"type": "string"}}, "required": ["id", "object",
    "created_at", "project_id"]},
  "ListFineTuningCheckpointPermissionResponse": {"type": "object", "properties": {"object":
    {"type": "string", "const": "list"}, "data": {"type": "array", "items":
    {"$ref": "#/components/schemas/FineTuningCheckpointPermission"}}, "has_more":
    {"type": "boolean"}, "first_id": {"type": ["string", "null"]}, "last_id": {"type": ["string",
    "null"]}}, "required": ["object", "data", "has_more", "first_id", "last_id"]},
  "DeleteFineTuningCheckpointPermissionResponse": {"type": "object", "properties": {"id":
    {"type": "string"}, "object": {"type": "string", "const": "checkpoint.permission"}, "deleted":
    {"type": "boolean"}}, "required": ["id", "object", "deleted"]},
  "Model": {"type": "object", "properties": {"id": {"type": "string"}, "object":
    {"type": "string", "const": "model"}, "created": {"type": "integer"}, "owned_by":
    {"type": "string"}, "shutdown_date": {"type": ["string", "null"]}}, "required": ["id",
    "object", "created", "owned_by"]},
  "ListModelsResponse": {"type": "object", "properties": {"object": {"type": "string",
    "const": "list"}, "data": {"type": "array", "items": {"$ref": "#/components/schemas/Model"}}},
    "required": ["object", "data"]},
  "DeleteModelResponse": {"type": "object", "properties": {"id": {"type": "string"}, "object":
    {"type": "string", "const": "model"}, "deleted": {"type": "boolean"}}, "required": ["id",
    "object", "deleted"]},
  "Usage": {"type": "object", "properties": {"prompt_tokens": {"type": "integer"},
    "completion_tokens": {"type": "integer"}, "total_tokens": {"type": "integer"}},
    "required": ["prompt_tokens", "completion_tokens", "total_tokens"]},
  "CreateChatCompletionRequest": {"type": "object", "properties": {"model": {"type": "string"},
    "messages": {"type": "array", "items": {"type": "object"}, "minItems": 1},
    "max_completion_tokens": {"type": ["integer", "null"]}, "logprobs": {"type": ["boolean",
    "null"]}, "top_logprobs": {"type": ["integer", "null"], "minimum": 0, "maximum": 20},
    "max_tokens": {"type": ["integer", "null"]}, "temperature": {"type": ["number", "null"],
    "minimum": 0, "maximum": 2}, "top_p": {"type": ["number", "null"],
    "minimum": 0, "maximum": 1}, "n": {"type": ["integer", "null"], "minimum": 1, "maximum": 128},
    "stop": {"oneOf": [{"type": ["string", "null"]}, {"type": "array", "items":
    {"type": "string"}, "minItems": 1, "maxItems": 4}]}, "seed": {"type": ["integer", "null"]},
    "frequency_penalty": {"type": ["number", "null"], "minimum": -2, "maximum": 2},
    "presence_penalty": {"type": ["number", "null"], "minimum": -2, "maximum": 2}, "logit_bias":
    {"type": ["object", "null"], "additionalProperties": {"type": "number"}}, "stream":
    {"type": ["boolean", "null"]}, "stream_options": {"type": ["object", "null"], "properties":
    {"include_usage": {"type": "boolean"}, "include_obfuscation": {"type": "boolean"}}}, "user":
    {"type": "string"}}, "required": ["model", "messages"]},
  "CreateChatCompletionResponse": {"type": "object", "properties": {"id": {"type": "string"},
    "object": {"type": "string", "const": "chat.completion"}, "created": {"type": "integer"},
    "model": {"type": "string"}, "choices": {"type": "array", "items": {"type": "object",
    "properties": {"index": {"type": "integer"}, "finish_reason": {"type": "string"}, "message":
    {"type": "object"}, "logprobs": {"type": ["object", "null"]}}, "required": ["index",
    "finish_reason", "message"]}}, "usage": {"$ref": "#/components/schemas/Usage"}},
    "required": ["id", "object", "created", "model", "choices"]},
  "CreateCompletionRequest": {"type": "object", "properties": {"model": {"type": "string"},
    "prompt": {"oneOf": [{"type": "string"}, {"type": "array"}]}, "echo": {"type": ["boolean",
    "null"]}, "best_of": {"type": ["integer", "null"]}, "logprobs": {"type": ["integer", "null"],
    "minimum": 0, "maximum": 5}, "suffix": {"type": ["string", "null"]}, "max_tokens":
    {"type": ["integer", "null"]}, "temperature": {"type": ["number", "null"],
    "minimum": 0, "maximum": 2}, "top_p": {"type": ["number", "null"],
    "minimum": 0, "maximum": 1}, "n": {"type": ["integer", "null"], "minimum": 1, "maximum": 128},
    "stop": {"oneOf": [{"type": ["string", "null"]}, {"type": "array", "items":
    {"type": "string"}, "minItems": 1, "maxItems": 4}]}, "seed": {"type": ["integer", "null"]},
    "frequency_penalty": {"type": ["number", "null"], "minimum": -2, "maximum": 2},
    "presence_penalty": {"type": ["number", "null"], "minimum": -2, "maximum": 2}, "logit_bias":
    {"type": ["object", "null"], "additionalProperties": {"type": "number"}}, "stream":
    {"type": ["boolean", "null"]}, "stream_options": {"type": ["object", "null"], "properties":
    {"include_usage": {"type": "boolean"}, "include_obfuscation": {"type": "boolean"}}}, "user":
    {"type": "string"}}, "required": ["model", "prompt"]},
  "CreateCompletionResponse": {"type": "object", "properties": {"id": {"type": "string"},
    "object": {"type": "string", "const": "text_completion"}, "created": {"type": "integer"},
    "model": {"type": "string"}, "choices": {"type": "array", "items": {"type": "object",
    "properties": {"index": {"type": "integer"}, "finish_reason": {"type": ["string", "null"]},
    "text": {"type": "string"}, "logprobs": {"type": ["object", "null"]}}, "required": ["index",
    "text"]}}, "usage": {"$ref": "#/components/schemas/Usage"}}, "required": ["id", "object",
    "created", "model", "choices"]},
  "CreateEmbeddingRequest": {"type": "object", "properties": {"model": {"type": "string"},
    "input": {"oneOf": [{"type": "string"}, {"type": "array", "minItems": 1}]}, "encoding_format":
    {"type": "string", "enum": ["float", "base64"]}, "dimensions": {"type": "integer",
    "minimum": 1}, "user": {"type": "string"}}, "required": ["model", "input"],
    "additionalProperties": false},
  "CreateEmbeddingResponse": {"type": "object", "properties": {"object": {"type": "string",
    "const": "list"}, "model": {"type": "string"}, "data": {"type": "array", "items":
    {"type": "object", "properties": {"object": {"type": "string", "const": "embedding"}, "index":
    {"type": "integer"}, "embedding": {"oneOf": [{"type": "array", "items": {"type": "number"}},
    {"type": "string"}]}}, "required": ["object", "index", "embedding"]}}, "usage":
    {"type": "object", "properties": {"prompt_tokens": {"type": "integer"}, "total_tokens":
    {"type": "integer"}}, "required": ["prompt_tokens", "total_tokens"]}}, "required": ["object",
    "model", "data", "usage"]},
  "CreateKeyRequest": {"type": "object", "properties": {"name": {"type": "string"}, "scopes":
    {"type": "array", "items": {"type": "string"}}, "expires_in_seconds": {"type": "integer"},
    "requests_per_minute": {"type": "integer"}, "unfinished_jobs_limit": {"type": "integer"},
    "running_jobs_limit": {"type": "integer"}}, "required": ["name"],
    "additionalProperties": false},
  "ApiKey": {"type": "object", "properties": {"id": {"type": "string"}, "object":
    {"type": "string", "const": "api_key"}, "name": {"type": "string"}, "prefix":
    {"type": "string"}, "organization_id": {"type": "string"}, "project_id": {"type": "string"},
    "scopes": {"type": "array", "items": {"type": "string"}}, "created_at": {"type": "integer"},
    "expires_at": {"type": ["integer", "null"]}, "revoked_at": {"type": ["integer", "null"]},
    "last_used_at": {"type": ["integer", "null"]}, "requests_per_minute": {"type": ["integer",
    "null"]}, "unfinished_jobs_limit": {"type": ["integer", "null"]}, "running_jobs_limit":
    {"type": ["integer", "null"]}, "key": {"type": "string"}}, "required": ["id", "object",
    "name", "prefix", "scopes", "created_at"]},
  "ListKeysResponse": {"type": "object", "properties": {"object": {"type": "string",
    "const": "list"}, "data": {"type": "array", "items": {"$ref": "#/components/schemas/ApiKey"}},
    "has_more": {"type": "boolean"}}, "required": ["object", "data", "has_more"]},
  "DeleteKeyResponse": {"type": "object", "properties": {"id": {"type": "string"}, "object":
    {"type": "string", "const": "api_key"}, "deleted": {"type": "boolean"}}, "required": ["id",
    "object", "deleted"]},
  "WebhookEndpointRequest": {"type": "object", "properties": {"name": {"type": "string"}, "url":
    {"type": "string"}, "event_types": {"type": "array", "items": {"type": "string"}}, "enabled":
    {"type": "boolean"}}, "additionalProperties": false},
  "WebhookSecretRequest": {"type": "object", "properties": {"keep_old_secret_active_for_24_hours":
    {"type": "boolean"}}, "additionalProperties": false},
  "WebhookTestRequest": {"type": "object", "properties": {"event_type": {"type": "string"}},
    "required": ["event_type"], "additionalProperties": false},
  "WebhookTestResult": {"type": "object", "properties": {"object": {"type": "string",
    "const": "webhook_endpoint.test"}, "event_type": {"type": "string"}, "status_code":
    {"type": "integer"}, "success": {"type": "boolean", "const": true}, "webhook_endpoint_id":
    {"type": "string"}}, "required": ["object", "event_type", "status_code", "success",
    "webhook_endpoint_id"]},
  "ListWebhookEventTypesResponse": {"type": "object", "properties": {"object": {"type": "string",
    "const": "list"}, "data": {"type": "array", "items": {"type": "string"}}},
    "required": ["object", "data"]},
  "WebhookEndpoint": {"type": "object", "properties": {"id": {"type": "string"}, "object":
    {"type": "string", "const": "webhook_endpoint"}, "name": {"type": "string"}, "url": {"type":
    "string"}, "event_types": {"type": "array", "items": {"type": "string"}}, "enabled": {"type":
    "boolean"}, "created_at": {"type": "integer"}, "updated_at": {"type": "integer"},
    "signing_secret_hint": {"type": "string"}, "signing_secret": {"type": "string"}}, "required":
    ["id", "object", "name", "url", "event_types", "enabled", "created_at", "updated_at",
    "signing_secret_hint"]},
  "ListWebhookEndpointsResponse": {"type": "object", "properties": {"object": {"type": "string",
    "const": "list"}, "data": {"type": "array", "items":
    {"$ref": "#/components/schemas/WebhookEndpoint"}}, "first_id": {"type": ["string", "null"]},
    "last_id": {"type": ["string", "null"]}, "has_more": {"type": "boolean"}},
    "required": ["object", "data", "has_more"]},
  "DeleteWebhookEndpointResponse": {"type": "object", "properties": {"id": {"type": "string"},
    "object": {"type": "string", "const": "webhook_endpoint.deleted"}, "deleted": {"type": "boolean"}},
    "required": ["id", "object", "deleted"]},
  "WebhookDelivery": {"type": "object", "properties": {"id": {"type": "string"}, "object":
    {"type": "string", "const": "webhook_delivery"}, "endpoint_id": {"type": "string"}, "type":
    {"type": "string"}, "created_at": {"type": "integer"}, "state": {"type": "string",
    "enum": ["pending", "delivered", "dead"]}, "attempts": {"type": "integer"}, "next_at":
    {"type": ["integer", "null"]}, "last_status": {"type": ["integer", "null"]}, "last_error":
    {"type": ["string", "null"]}, "delivered_at": {"type": ["integer", "null"]}},
    "required": ["id", "object", "state"]},
  "ListWebhookDeliveriesResponse": {"type": "object", "properties": {"object": {"type": "string",
    "const": "list"}, "data": {"type": "array", "items":
    {"$ref": "#/components/schemas/WebhookDelivery"}}, "has_more": {"type": "boolean"}},
    "required": ["object", "data", "has_more"]},
  "Health": {"type": "object", "properties": {"status": {"type": "string", "enum": ["ok",
    "unavailable"]}, "reason": {"type": "string"}}, "required": ["status"]},
  "OpenApiDocument": {"type": "object"}
})json";
  return kSchemas;
}

}  // namespace attune::serve
