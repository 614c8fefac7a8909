"""Holds recorded answers against the published specification of the API.

The specification is large and not part of this repository; `load` finds it beside the checkout or where
ATTUNE_OPENAPI says, and answers None where there is none.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

BESIDE = Path(__file__).resolve().parents[4] / "shared" / "api" / "openai-openapi.yaml.xz"
CACHE = Path(__file__).resolve().parents[3] / "build" / "interop"
DOCUMENT = "urn:openapi"

COMPLETION_CHOICE = "/components/schemas/CreateCompletionResponse/properties/choices/items/properties"
COMPLETION_LOGPROBS = COMPLETION_CHOICE + "/logprobs/anyOf/0/properties"

# What the specification says about the paths that are served and does not mean, each with its reason.
AMENDMENTS = [
    ("/components/schemas/Embedding/properties/embedding", lambda item: {"anyOf": [item, {"type": "string"}]},
     "encoding_format base64, which the SDKs ask for by default, gives a string"),
    ("/components/schemas/FineTuningJob/properties/status/enum", lambda known: [*known, "paused"],
     "the example of POST .../pause in the same document answers with status paused"),
    ("/components/schemas/OpenAIFile/properties/purpose/enum", lambda known: [*known, "evals"],
     "POST /files of the same document takes files of this purpose"),
    (COMPLETION_LOGPROBS + "/token_logprobs/items", lambda item: {**item, "nullable": True},
     "with echo nothing comes before the first token, so it has no probability; the hosted service sends null"),
    (COMPLETION_LOGPROBS + "/top_logprobs/items", lambda item: {**item, "nullable": True},
     "the same for the alternatives of the first token"),
    ("/components/schemas/EvalRun/properties/error", lambda item: {"anyOf": [item, {"type": "null"}]},
     "a run that has not failed has none: the examples in the same document answer null"),
    ("/components/schemas/EvalRunOutputItem/properties/sample/properties/error",
     lambda item: {"anyOf": [item, {"type": "null"}]}, "the same for a sample"),
    ("/components/schemas/GraderMulti/properties/graders", lambda _: {"type": ["object", "array"]},
     "the example of the same schema has a list of graders, the guides an object of them by name"),
    (COMPLETION_CHOICE + "/finish_reason", lambda item: {**item, "nullable": True},
     "chunks of a stream have this shape too, and nothing has finished before the last one"),
]

# Answers that have no JSON schema to be held against.
RAW = {("GET", "/files/{file_id}/content"): "the document calls it a JSON string; it is the file's own bytes"}


def load() -> "Specification | None":
    path = Path(os.environ.get("ATTUNE_OPENAPI", BESIDE))
    if not path.is_file():
        return None
    packed = path.read_bytes()
    cache = CACHE / f"{path.stem}-{hashlib.sha256(packed).hexdigest()[:16]}.json"  # reading the YAML takes half a minute
    if not cache.is_file():
        text = lzma.decompress(packed) if path.suffix == ".xz" else packed
        document = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        cache.parent.mkdir(parents=True, exist_ok=True)
        cache.write_text(json.dumps({"paths": document["paths"], "components": document["components"]}, default=str),
                         encoding="utf-8")
    return Specification(json.loads(cache.read_text(encoding="utf-8")))


def allow_null(node: object) -> object:
    """The document says 3.1 and still writes `nullable` and `exclusiveMinimum: true`; here as JSON Schema 2020-12 does."""
    if isinstance(node, list):
        return [allow_null(value) for value in node]
    if not isinstance(node, dict):
        return node
    parts = node.get("allOf")
    wraps = node.get("nullable") is True or (
        isinstance(parts, list) and any(isinstance(p, dict) and p.get("nullable") is True for p in parts))
    plain = {key: allow_null(value) for key, value in node.items() if key != "nullable"}
    if plain.get("exclusiveMinimum") is True:
        plain["exclusiveMinimum"] = plain.pop("minimum", 0)
    if wraps and isinstance(parts, list):
        plain["allOf"] = [allow_null({k: v for k, v in p.items() if k != "nullable"}) for p in parts]
    return {"anyOf": [plain, {"type": "null"}]} if wraps else plain


def pattern_of(template: str) -> re.Pattern:
    """Model names hold slashes, so a parameter that names a model takes the rest of the path."""
    text = re.escape(template).replace(r"\{", "{").replace(r"\}", "}")
    text = re.sub(r"\{(model|fine_tuned_model_checkpoint)\}", "(?:.+)", text)
    return re.compile(re.sub(r"\{[a-z_]+\}", "[^/]+", text))


class Specification:
    def __init__(self, document: dict):
        for pointer, change, _ in AMENDMENTS:
            *path, last = pointer.strip("/").split("/")
            at = document
            for step in path:
                at = at[int(step) if isinstance(at, list) else step]
            at[last] = change(at[last])
        self.checked, self.checked_paths, self.violations = 0, set(), 0
        self.document = allow_null({"components": document["components"], "paths": document["paths"]})
        self.registry = Registry().with_resource(DOCUMENT, Resource(self._absolute(self.document), DRAFT202012))
        self.paths = [(pattern_of(template), template) for template in
                      sorted(self.document["paths"], key=lambda t: ("{model}" in t or "{fine_" in t, -len(t)))]

    @classmethod
    def _absolute(cls, node: object) -> object:
        if isinstance(node, list):
            return [cls._absolute(value) for value in node]
        if isinstance(node, dict):
            return {key: DOCUMENT + value if key == "$ref" and isinstance(value, str) and value.startswith("#")
                    else cls._absolute(value) for key, value in node.items()}
        return node

    def template_of(self, target: str) -> str | None:
        path = unquote(urlsplit(target).path).removeprefix("/v1")
        return next((template for pattern, template in self.paths if pattern.fullmatch(path)), None)

    def check(self, exchange) -> list[str]:
        """Every way in which this answer breaks the specification, and counts them."""
        template = self.template_of(exchange.target)
        if exchange.method.lower() not in self.document["paths"].get(template, {}):
            return []  # an extension; the specification says nothing about it
        faults = self.faults_of(exchange, template)
        self.checked += 1
        self.checked_paths.add((exchange.method, template))
        self.violations += len(faults)
        return faults

    def faults_of(self, exchange, template: str) -> list[str]:
        operation = self.document["paths"][template][exchange.method.lower()]
        where = f"{exchange.method} {exchange.target} -> {exchange.status}"
        if exchange.status >= 400:
            return self._faults(where, exchange.body, {"$ref": f"{DOCUMENT}#/components/schemas/ErrorResponse"})
        if (exchange.method, template) in RAW:
            return []
        content = operation["responses"].get(str(exchange.status), {}).get("content")
        if content is None:
            return [f"{where}: the specification has no such status"]
        kind = exchange.headers.get("content-type", "").split(";")[0].strip()
        if kind == "text/event-stream" and "/events" in template:
            return []  # live job events are an extension of the list
        schema = content.get(kind) or (content.get("application/json") if kind == "text/event-stream" else None)
        if schema is None:
            return [f"{where}: content type {kind!r}, where the specification has {sorted(content)}"]
        schema = self._absolute(schema["schema"])
        if kind != "text/event-stream":
            return self._faults(where, exchange.body, schema)
        return [fault for data in self._stream(exchange.body) for fault in self._faults(where, data, schema)]

    @staticmethod
    def _stream(body: bytes) -> list[bytes]:
        lines = [line[5:].strip() for line in body.split(b"\n") if line.startswith(b"data:")]
        return [line for line in lines if line != b"[DONE]" and not line.startswith(b'{"error"')]

    def _faults(self, where: str, body: bytes, schema: dict) -> list[str]:
        try:
            value = json.loads(body)
        except ValueError as fault:
            return [f"{where}: not JSON ({fault}): {body[:200]!r}"]
        faults = Draft202012Validator(schema, registry=self.registry).iter_errors(value)
        return [f"{where}: at {fault.json_path}: {fault.message[:300]}" for fault in faults]
