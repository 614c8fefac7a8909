// What requests and answers about evals and graders look like, as JSON Schema.
#include "serve/openapi.h"

namespace attune::serve {

std::string_view openapi_eval_schemas() {
  static constexpr std::string_view kSchemas = R"json({
  "Metadata": {"type": ["object", "null"], "maxProperties": 16, "additionalProperties":
    {"type": "string", "maxLength": 512}},
  "EvalItem": {"type": "object", "properties": {"role": {"type": "string", "enum": ["user",
    "assistant", "system", "developer"]}, "content": {"oneOf": [{"type": "string"},
    {"type": "object"}, {"type": "array"}]}, "type": {"type": "string", "const": "message"}},
    "required": ["role", "content"]},
  "GraderSamplingParams": {"type": ["object", "null"], "properties": {"temperature":
    {"type": ["number", "null"], "minimum": 0, "maximum": 2}, "top_p": {"type": ["number",
    "null"], "minimum": 0, "maximum": 1}, "seed": {"type": ["integer", "null"]},
    "max_completions_tokens": {"type": ["integer", "null"], "minimum": 1}}},
  "GraderStringCheck": {"type": "object", "properties": {"type": {"type": "string",
    "const": "string_check"}, "name": {"type": "string"}, "input": {"type": "string"},
    "reference": {"type": "string"}, "operation": {"type": "string", "enum": ["eq", "ne", "like",
    "ilike"]}}, "required": ["type", "name", "input", "reference", "operation"]},
  "GraderTextSimilarity": {"type": "object", "properties": {"type": {"type": "string",
    "const": "text_similarity"}, "name": {"type": "string"}, "input": {"type": "string"},
    "reference": {"type": "string"}, "evaluation_metric": {"type": "string", "enum": ["cosine",
    "fuzzy_match", "bleu", "gleu", "meteor", "rouge_1", "rouge_2", "rouge_3", "rouge_4",
    "rouge_5", "rouge_l"]}, "pass_threshold": {"type": "number"}}, "required": ["type", "name",
    "input", "reference", "evaluation_metric"]},
  "GraderLabelModel": {"type": "object", "properties": {"type": {"type": "string",
    "const": "label_model"}, "name": {"type": "string"}, "model": {"type": "string"}, "input":
    {"type": "array", "items": {"$ref": "#/components/schemas/EvalItem"}}, "labels":
    {"type": "array", "items": {"type": "string"}}, "passing_labels": {"type": "array", "items":
    {"type": "string"}}, "sampling_params":
    {"$ref": "#/components/schemas/GraderSamplingParams"}}, "required": ["type", "name", "model",
    "input", "labels", "passing_labels"]},
  "GraderScoreModel": {"type": "object", "properties": {"type": {"type": "string",
    "const": "score_model"}, "name": {"type": "string"}, "model": {"type": "string"}, "input":
    {"type": "array", "items": {"$ref": "#/components/schemas/EvalItem"}}, "range":
    {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
    "pass_threshold": {"type": "number"}, "sampling_params":
    {"$ref": "#/components/schemas/GraderSamplingParams"}}, "required": ["type", "name", "model",
    "input"]},
  "GraderMulti": {"type": "object", "properties": {"type": {"type": "string", "const": "multi"},
    "name": {"type": "string"}, "graders": {"oneOf": [{"type": "object"}, {"type": "array"}]},
    "calculate_output": {"type": "string"}, "pass_threshold": {"type": "number"}},
    "required": ["type", "name", "graders", "calculate_output"]},
  "Grader": {"oneOf": [{"$ref": "#/components/schemas/GraderStringCheck"},
    {"$ref": "#/components/schemas/GraderTextSimilarity"},
    {"$ref": "#/components/schemas/GraderLabelModel"},
    {"$ref": "#/components/schemas/GraderScoreModel"},
    {"$ref": "#/components/schemas/GraderMulti"}]},
  "RunGraderRequest": {"type": "object", "properties": {"grader":
    {"$ref": "#/components/schemas/Grader"}, "item": {"type": "object"}, "model_sample":
    {"type": "string"}}, "required": ["grader", "model_sample"]},
  "RunGraderResponse": {"type": "object", "properties": {"reward": {"type": "number"}, "metadata":
    {"type": "object", "properties": {"name": {"type": "string"}, "type": {"type": "string"},
    "errors": {"type": "object"}, "execution_time": {"type": "number"}, "scores":
    {"type": "object"}, "token_usage": {"type": ["integer", "null"]}, "sampled_model_name":
    {"type": ["string", "null"]}}, "required": ["name", "type", "errors", "execution_time",
    "scores", "token_usage", "sampled_model_name"]}, "sub_rewards": {"type": "object"},
    "model_grader_token_usage_per_model": {"type": "object"}}, "required": ["reward", "metadata",
    "sub_rewards", "model_grader_token_usage_per_model"]},
  "ValidateGraderRequest": {"type": "object", "properties": {"grader":
    {"$ref": "#/components/schemas/Grader"}}, "required": ["grader"]},
  "ValidateGraderResponse": {"type": "object", "properties": {"grader":
    {"$ref": "#/components/schemas/Grader"}}, "required": ["grader"]},
  "CreateEvalRequest": {"type": "object", "properties": {"name": {"type": "string"}, "metadata":
    {"$ref": "#/components/schemas/Metadata"}, "data_source_config": {"type": "object",
    "properties": {"type": {"type": "string", "const": "custom"}, "item_schema":
    {"type": "object"}, "include_sample_schema": {"type": "boolean"}}, "required": ["type",
    "item_schema"]}, "testing_criteria": {"type": "array", "items":
    {"$ref": "#/components/schemas/Grader"}, "minItems": 1, "maxItems": 64}},
    "required": ["data_source_config", "testing_criteria"], "additionalProperties": false},
  "UpdateEvalRequest": {"type": "object", "properties": {"name": {"type": "string"}, "metadata":
    {"$ref": "#/components/schemas/Metadata"}}, "additionalProperties": false},
  "Eval": {"type": "object", "properties": {"object": {"type": "string", "const": "eval"}, "id":
    {"type": "string"}, "name": {"type": "string"}, "data_source_config": {"type": "object",
    "properties": {"type": {"type": "string", "const": "custom"}, "schema": {"type": "object"}},
    "required": ["type", "schema"]}, "testing_criteria": {"type": "array", "items":
    {"$ref": "#/components/schemas/Grader"}}, "created_at": {"type": "integer"}, "metadata":
    {"$ref": "#/components/schemas/Metadata"}}, "required": ["object", "id", "name",
    "data_source_config", "testing_criteria", "created_at", "metadata"]},
  "EvalList": {"type": "object", "properties": {"object": {"type": "string", "const": "list"},
    "data": {"type": "array", "items": {"$ref": "#/components/schemas/Eval"}}, "first_id":
    {"type": "string"}, "last_id": {"type": "string"}, "has_more": {"type": "boolean"}},
    "required": ["object", "data", "first_id", "last_id", "has_more"]},
  "DeleteEvalResponse": {"type": "object", "properties": {"object": {"type": "string",
    "const": "eval.deleted"}, "deleted": {"type": "boolean"}, "eval_id": {"type": "string"}},
    "required": ["object", "deleted", "eval_id"]},
  "EvalDataSource": {"type": "object", "properties": {"type": {"type": "string",
    "enum": ["jsonl", "completions", "responses"]}, "source": {"oneOf": [{"type": "object",
    "properties": {"type": {"type": "string", "const": "file_content"}, "content":
    {"type": "array", "items": {"type": "object", "properties": {"item": {"type": "object"},
    "sample": {"type": "object"}}, "required": ["item"]}}}, "required": ["type", "content"]},
    {"type": "object", "properties": {"type": {"type": "string", "const": "file_id"}, "id":
    {"type": "string"}}, "required": ["type", "id"]}]}, "model": {"type": "string"},
    "input_messages": {"oneOf": [{"type": "object", "properties": {"type": {"type": "string",
    "const": "template"}, "template": {"type": "array", "items":
    {"$ref": "#/components/schemas/EvalItem"}}}, "required": ["type", "template"]},
    {"type": "object", "properties": {"type": {"type": "string", "const": "item_reference"},
    "item_reference": {"type": "string"}}, "required": ["type", "item_reference"]}]},
    "sampling_params": {"type": ["object", "null"], "properties": {"temperature":
    {"type": "number", "minimum": 0, "maximum": 2}, "top_p": {"type": "number", "minimum": 0,
    "maximum": 1}, "seed": {"type": "integer"}, "max_completion_tokens": {"type": "integer",
    "minimum": 1}}}}, "required": ["type", "source"]},
  "CreateEvalRunRequest": {"type": "object", "properties": {"name": {"type": "string"},
    "metadata": {"$ref": "#/components/schemas/Metadata"}, "data_source":
    {"$ref": "#/components/schemas/EvalDataSource"}}, "required": ["data_source"],
    "additionalProperties": false},
  "EvalApiError": {"type": ["object", "null"], "properties": {"code": {"type": "string"},
    "message": {"type": "string"}}, "required": ["code", "message"]},
  "EvalRun": {"type": "object", "properties": {"object": {"type": "string", "const": "eval.run"},
    "id": {"type": "string"}, "eval_id": {"type": "string"}, "status": {"type": "string",
    "enum": ["queued", "in_progress", "completed", "canceled", "failed"]}, "model":
    {"type": "string"}, "name": {"type": "string"}, "created_at": {"type": "integer"},
    "report_url": {"type": "string", "format": "uri"}, "result_counts": {"type": "object",
    "properties": {"total": {"type": "integer"}, "errored": {"type": "integer"}, "failed":
    {"type": "integer"}, "passed": {"type": "integer"}}, "required": ["total", "errored",
    "failed", "passed"]}, "per_model_usage": {"type": "array", "items": {"type": "object"}},
    "per_testing_criteria_results": {"type": "array", "items": {"type": "object"}},
    "data_source": {"$ref": "#/components/schemas/EvalDataSource"}, "metadata":
    {"$ref": "#/components/schemas/Metadata"}, "error":
    {"$ref": "#/components/schemas/EvalApiError"}}, "required": ["object", "id", "eval_id",
    "status", "model", "name", "created_at", "report_url", "result_counts", "per_model_usage",
    "per_testing_criteria_results", "data_source", "metadata", "error"]},
  "EvalRunList": {"type": "object", "properties": {"object": {"type": "string",
    "const": "list"}, "data": {"type": "array", "items": {"$ref": "#/components/schemas/EvalRun"}},
    "first_id": {"type": "string"}, "last_id": {"type": "string"}, "has_more":
    {"type": "boolean"}}, "required": ["object", "data", "first_id", "last_id", "has_more"]},
  "DeleteEvalRunResponse": {"type": "object", "properties": {"object": {"type": "string",
    "const": "eval.run.deleted"}, "deleted": {"type": "boolean"}, "run_id": {"type": "string"}},
    "required": ["object", "deleted", "run_id"]},
  "EvalRunOutputItem": {"type": "object", "properties": {"object": {"type": "string",
    "const": "eval.run.output_item"}, "id": {"type": "string"}, "run_id": {"type": "string"},
    "eval_id": {"type": "string"}, "created_at": {"type": "integer"}, "status":
    {"type": "string", "enum": ["pass", "fail", "error"]}, "datasource_item_id":
    {"type": "integer"}, "datasource_item": {"type": "object"}, "results": {"type": "array",
    "items": {"type": "object", "properties": {"name": {"type": "string"}, "type":
    {"type": "string"}, "score": {"type": "number"}, "passed": {"type": "boolean"}, "sample":
    {"type": ["object", "null"]}, "error": {"$ref": "#/components/schemas/EvalApiError"}},
    "required": ["name", "score", "passed"]}}, "sample": {"type": "object", "properties":
    {"input": {"type": "array"}, "output": {"type": "array"}, "finish_reason":
    {"type": "string"}, "model": {"type": "string"}, "usage": {"type": "object"}, "error":
    {"$ref": "#/components/schemas/EvalApiError"}, "temperature": {"type": "number"},
    "max_completion_tokens": {"type": "integer"}, "top_p": {"type": "number"}, "seed":
    {"type": "integer"}}}}, "required": ["object", "id", "run_id", "eval_id", "created_at",
    "status", "datasource_item_id", "datasource_item", "results", "sample"]},
  "EvalRunOutputItemList": {"type": "object", "properties": {"object": {"type": "string",
    "const": "list"}, "data": {"type": "array", "items":
    {"$ref": "#/components/schemas/EvalRunOutputItem"}}, "first_id": {"type": "string"},
    "last_id": {"type": "string"}, "has_more": {"type": "boolean"}}, "required": ["object",
    "data", "first_id", "last_id", "has_more"]}
})json";
  return kSchemas;
}

}  // namespace attune::serve
