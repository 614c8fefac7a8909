"""Lets the SDK's own resource tests meet a real server.

Those tests were generated for a mock that answers any id: they ask for `ft-AF1WoRqd3aJAHsqc9NY7iL8F` or `gpt-4o-mini` and never
create them. The stage stands between: it puts what a request needs onto the server first (a file to delete, a job to
cancel), writes its real name into the request in place of the made-up one, and hands the server's answer back untouched.
"""

from __future__ import annotations

import hashlib
import http.server
import json
import re
import threading
import time
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from attune_server import chat_rows, jsonl
from names import TINY
from tap import Exchange

MADE_UP_QUERY = {("after", "string"), ("after", "after"), ("after", "whe_123"), ("project_id", "project_id"),
                 ("purpose", "string"), ("purpose", "purpose")}
KEPT = ("authorization", "content-type", "accept", "idempotency-key")


class Stage:
    def __init__(self, server, tuned: dict):
        self.server, self.tuned = server, tuned
        self.lock = threading.Lock()
        self.jobs_to_stop: list[str] = []
        self.endpoints: list[str] = []
        self.exchanges: list[Exchange] = []
        self.refusals: list[tuple[str, str, int, str]] = []
        self.checkpoint = server.json("GET", f"/v1/fine_tuning/jobs/{tuned['id']}/checkpoints")["data"][-1][
            "fine_tuned_model_checkpoint"]
        stage = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                stage.answer(self)

            do_GET = do_POST = do_DELETE = answer

            def log_message(self, *_):
                pass

        class Receiver(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers.get("content-length", "0")))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        threading.Thread(target=self.receiver.serve_forever, daemon=True).start()
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def close(self) -> None:
        for served in (self.http, self.receiver):
            served.shutdown()
            served.server_close()

    # ---- what a request needs ----

    def file(self) -> str:
        return self.server.upload(jsonl(chat_rows(10)))["id"]

    def live_job(self) -> str:
        """A job that has not ended. The one before is stopped first, so that few run."""
        with self.lock:
            for job in self.jobs_to_stop:
                self.server.request("POST", f"/v1/fine_tuning/jobs/{job}/cancel")
            self.jobs_to_stop.clear()
            file = self.server.upload(jsonl(chat_rows(300)))["id"]
            job = self.server.json("POST", "/v1/fine_tuning/jobs", {
                "model": TINY, "training_file": file, "hyperparameters": {"n_epochs": 50, "batch_size": 1}})["id"]
            self.jobs_to_stop.append(job)
            self.server.wait_for_job(job, ("running",))
            return job

    def paused_job(self) -> str:
        job = self.live_job()
        self.server.json("POST", f"/v1/fine_tuning/jobs/{job}/pause")
        return job

    def tuned_model(self) -> str:
        job = self.server.json("POST", "/v1/fine_tuning/jobs", {
            "model": TINY, "training_file": self.file(), "hyperparameters": {"n_epochs": 1, "batch_size": 10}})
        return self.server.wait_for_job(job["id"])["fine_tuned_model"]

    def upload(self) -> str:
        return self.server.json("POST", "/v1/uploads", {
            "bytes": len(self.part_content), "filename": "f.jsonl", "mime_type": "text/jsonl", "purpose": "fine-tune"})["id"]

    part_content = jsonl(chat_rows(10))

    def upload_with_part(self) -> tuple[str, str]:
        upload = self.upload()
        edge = "stage-edge"
        body = (f'--{edge}\r\nContent-Disposition: form-data; name="data"; filename="part"\r\n\r\n').encode() + \
            self.part_content + f"\r\n--{edge}--\r\n".encode()
        part = self.server.json("POST", f"/v1/uploads/{upload}/parts", body,
                                {"Content-Type": f"multipart/form-data; boundary={edge}"})["id"]
        return upload, part

    def hook(self) -> dict:
        return {"name": "stage", "url": f"http://127.0.0.1:{self.receiver.server_port}/hook",
                "event_types": ["fine_tuning.job.succeeded"]}

    def endpoint(self) -> str:
        """Those before are removed: a project may have fifty."""
        with self.lock:
            while self.endpoints:
                self.server.request("DELETE", f"/v1/webhook_endpoints/{self.endpoints.pop()}")
            self.endpoints.append(self.server.json("POST", "/v1/webhook_endpoints", self.hook())["id"])
            return self.endpoints[-1]

    def permission(self) -> str:
        return self.server.json("POST", f"/v1/fine_tuning/checkpoints/{quote(self.checkpoint)}/permissions",
                                {"project_ids": ["proj_stage"]})["data"][0]["id"]

    def eval(self) -> str:
        return self._created("/v1/evals", {
            "data_source_config": {"type": "custom", "item_schema": {"type": "object"}},
            "testing_criteria": [{"type": "string_check", "name": "n", "input": "{{sample.output_text}}",
                                  "reference": "{{item.foo}}", "operation": "eq"}]})["id"]

    def run(self, rows: int = 1) -> tuple[str, str]:
        """A run that ends at once; one of many rows goes on for a while."""
        kept = self.eval()
        return kept, self._created(f"/v1/evals/{kept}/runs", {"data_source": {
            "type": "completions", "model": TINY, "sampling_params": {"max_completion_tokens": 2 if rows == 1 else 200},
            "input_messages": {"type": "template", "template": [{"role": "user", "content": "{{item.foo}}"}]},
            "source": {"type": "file_content", "content": [{"item": {"foo": "bar"}}] * rows}}})["id"]

    def output_item(self) -> str:
        kept, run = self.run()
        items = f"/v1/evals/{kept}/runs/{run}/output_items"
        while not (data := self.server.json("GET", items)["data"]):
            time.sleep(0.05)
        return f"{items.removeprefix('/v1')}/{data[0]['id']}"

    def _created(self, path: str, body: dict) -> dict:
        status, _, answer = self.server.request("POST", path, body)
        assert status == 201, answer
        return json.loads(answer)

    def staged_eval(self, path: str) -> str | None:
        """The path below /evals with objects that are there; a run to be cancelled is one that goes on."""
        parts = path.strip("/").split("/")
        if parts[0] != "evals" or len(parts) == 1:
            return None
        if len(parts) < 4:
            return "/".join(["/evals", self.eval(), *parts[2:]])
        if len(parts) == 6:
            return self.output_item()
        kept, run = self.run(2000 if parts[-1] == "cancel" else 1)
        return "/".join(["/evals", kept, "runs", run, *parts[4:]])

    # ---- the made-up names in a request ----

    def staged_path(self, method: str, path: str, body: dict) -> str:
        rules = [
            (r"/uploads/[^/]+/complete", self._complete),
            (r"/uploads/[^/]+/(cancel|parts)", lambda m, _: f"/uploads/{self.upload()}/{m[1]}"),
            (r"/files/[^/]+(/content)?", lambda m, _: f"/files/{self.file()}{m[1] or ''}"),
            (r"/fine_tuning/jobs/[^/]+/(cancel|pause)", lambda m, _: f"/fine_tuning/jobs/{self.live_job()}/{m[1]}"),
            (r"/fine_tuning/jobs/[^/]+/resume", lambda m, _: f"/fine_tuning/jobs/{self.paused_job()}/resume"),
            (r"/fine_tuning/jobs/[^/]+(/events|/checkpoints)?",
             lambda m, _: f"/fine_tuning/jobs/{self.tuned['id']}{m[1] or ''}"),
            (r"/fine_tuning/checkpoints/.+/permissions",
             lambda m, _: f"/fine_tuning/checkpoints/{quote(self.checkpoint)}/permissions"),
            (r"/fine_tuning/checkpoints/.+/permissions/[^/]+",
             lambda m, _: f"/fine_tuning/checkpoints/{quote(self.checkpoint)}/permissions/{self.permission()}"),
            (r"/webhook_endpoints/[^/]+(/rotate_secret|/test)?", lambda m, _: f"/webhook_endpoints/{self.endpoint()}{m[1] or ''}"),
            (r"/models/.+", lambda m, _: f"/models/{quote(self.tuned_model()) if method == 'DELETE' else TINY}"),
        ]
        if placed := self.staged_eval(path):
            return placed
        for pattern, place in rules:
            found = re.fullmatch(pattern, path)
            if found:
                return place(found, body)
        return path

    def _complete(self, _, body: dict) -> str:
        upload, part = self.upload_with_part()
        body["part_ids"] = [part]
        if "md5" in body:
            body["md5"] = hashlib.md5(self.part_content).hexdigest()
        return f"/uploads/{upload}/complete"

    def staged_body(self, path: str, body: dict) -> None:
        if "model" in body:
            body["model"] = TINY
        for name in ("training_file", "validation_file"):
            if body.get(name):
                body[name] = self.file()
        if "url" in body:
            body["url"] = self.hook()["url"]
        for criterion in body.get("testing_criteria", []):
            criterion["model"] = TINY
            for message in criterion["input"]:
                message["role"] = "user"
        if "data_source_config" in body:
            body["data_source_config"]["item_schema"] = {"type": "object"}
        if path == "/uploads" and body.get("bytes") == 0:
            body["bytes"] = 1

    def answer(self, request: http.server.BaseHTTPRequestHandler) -> None:
        content = request.rfile.read(int(request.headers.get("content-length", "0")))
        parts = urlsplit(request.path)
        path = unquote(parts.path)
        query = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair not in MADE_UP_QUERY]
        if content and request.headers.get("content-type", "").startswith("application/json"):
            body = json.loads(content)
            self.staged_body(path, body)
            path = self.staged_path(request.command, path, body)
            content = json.dumps(body).encode()
        else:
            path = self.staged_path(request.command, path, {})
        target = "/v1" + (path if "%" in path else quote(path)) + ("?" + urlencode(query) if query else "")
        headers = {name: value for name, value in request.headers.items() if name.lower() in KEPT}
        status, answered, body = self.server.request(request.command, target, content or None, headers)
        request.send_response(status)
        for name, value in answered.items():
            if name in ("content-type", "x-request-id", "x-should-retry"):
                request.send_header(name, value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)
        self.exchanges.append(Exchange(request.command, target, headers, content, status, answered, body))
        if status >= 400:
            self.refusals.append((request.command, target, status, body.decode(errors="replace")))
