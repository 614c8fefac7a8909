"""A provider of fine-tuning in memory, for tests of the commands: it trains nothing, and says what it was told.

The jobs it starts go through the states of the API, one step of `steps` each time that the job or its events are asked
for. Its tuned model answers with what the training file said for the same question; its base answers with chatter.
"""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import threading
import time
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Provider:
    def __init__(self, steps: int = 4) -> None:
        self.steps = steps
        self.files: dict[str, tuple[str, bytes]] = {}
        self.jobs: dict[str, dict] = {}
        self.events: dict[str, list[dict]] = {}
        self.requests: list[tuple[str, str]] = []
        self.keys: set[str] = set()
        self.refuse_jobs: dict | None = None
        self.fail_job: dict | None = None
        self.paused_forever = False
        self.lock = threading.RLock()
        self.connections: set[socket.socket] = set()

    def add_event(self, job: str, message: str, **more) -> None:
        rows = self.events[job]
        rows.append({"object": "fine_tuning.job.event", "id": f"ftevent-{len(rows) + 1}", "created_at": int(time.time()),
                     "level": "info", "message": message, "type": "message", "data": {}, **more})

    def advance(self, job_id: str) -> None:
        job = self.jobs[job_id]
        if job["status"] in ("succeeded", "failed", "cancelled", "paused") or self.paused_forever:
            return
        if job["status"] == "queued":
            job["status"] = "running"
            self.add_event(job_id, "Fine-tuning job started")
            return
        step = job["step"] = job["step"] + 1
        if self.fail_job and step == 2:
            job.update(status="failed", error=self.fail_job)
            self.add_event(job_id, self.fail_job["message"], level="error")
        elif step <= self.steps:
            loss = round(3.0 / step, 4)
            self.add_event(job_id, f"Step {step}/{self.steps}: training loss={loss}", type="metrics",
                           data={"step": step, "total_steps": self.steps, "train_loss": loss, "tokens_per_second": 1500})
        else:
            name = f"ft:{job['model']}:org::abcd1234"
            self.files["file-result"] = ("step_metrics.csv", base64.b64encode(b"step,train_loss\n1,3.0\n2,1.5\n"))
            job.update(status="succeeded", fine_tuned_model=name, finished_at=int(time.time()), trained_tokens=1234,
                       result_files=["file-result"])
            self.add_event(job_id, f"New fine-tuned model created: {name}")
            self.add_event(job_id, "The job has successfully completed")

    def create_job(self, body: dict) -> dict:
        job_id = f"ftjob-{len(self.jobs) + 1}"
        self.jobs[job_id] = {
            "object": "fine_tuning.job", "id": job_id, "created_at": int(time.time()), "model": body["model"],
            "training_file": body["training_file"], "validation_file": body.get("validation_file"), "status": "queued",
            "fine_tuned_model": None, "finished_at": None, "error": None, "organization_id": "org", "seed": 0, "step": 0,
            "hyperparameters": {"n_epochs": "auto", "batch_size": "auto", "learning_rate_multiplier": "auto"},
            "result_files": [], "trained_tokens": None, "method": body.get("method"), "metadata": body.get("metadata"),
        }
        self.events[job_id] = []
        self.add_event(job_id, f"Created fine-tuning job: {job_id}")
        return self.jobs[job_id]

    def answer_chat(self, body: dict) -> dict:
        question = [m["content"] for m in body["messages"] if m["role"] == "user"][-1]
        text = "Well, let me think about " + question
        if body["model"].startswith("ft:"):
            job = next(j for j in self.jobs.values() if j["fine_tuned_model"] == body["model"])
            text = self.told_answer(job["training_file"], question)
        return {"object": "chat.completion", "choices": [{"index": 0, "finish_reason": "stop",
                "message": {"role": "assistant", "content": text}}], "usage": {"prompt_tokens": 9, "completion_tokens": 5}}

    def told_answer(self, file_id: str, question: str) -> str:
        """Learns by word: the answer of the row that shares most words with the question."""
        best, answer = -1, ""
        for line in self.files[file_id][1].decode("utf-8-sig").splitlines():
            messages = json.loads(line)["messages"]
            asked = next(m["content"] for m in messages if m["role"] == "user")
            shared = len(set(asked.split()) & set(question.split()))
            if shared > best:
                best, answer = shared, messages[-1]["content"]
        return answer


def page(rows: list[dict], query: dict[str, str], default: int) -> dict:
    """Newest first, as the API has it."""
    rows = rows[::-1]
    if "after" in query:
        ids = [row["id"] for row in rows]
        rows = rows[ids.index(query["after"]) + 1:]
    limit = int(query.get("limit", default))
    return {"object": "list", "data": rows[:limit], "has_more": len(rows) > limit}


class Handler(BaseHTTPRequestHandler):
    provider: Provider
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        with self.provider.lock:
            self.provider.connections.add(self.connection)

    def log_message(self, *_arguments) -> None:
        pass

    def send(self, body, status: int = 200) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("x-request-id", "req_test")
        self.end_headers()
        self.wfile.write(data)

    def fail(self, status: int, message: str, code: str | None = None) -> None:
        self.send({"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}, status)

    def read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            data = b""
            while size := int(self.rfile.readline(), 16):
                data += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return data
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def form(self, data: bytes) -> dict[str, tuple[str | None, bytes]]:
        head = b"Content-Type: " + self.headers["Content-Type"].encode() + b"\r\n\r\n"
        message = BytesParser().parsebytes(head + data)
        return {part.get_param("name", header="content-disposition"): (part.get_filename(), part.get_payload(decode=True))
                for part in message.get_payload()}

    def handle_request(self) -> None:
        data = self.read_body()
        path, _, query_text = self.path.partition("?")
        query = dict(pair.split("=", 1) for pair in query_text.split("&") if pair)
        parts = path.strip("/").split("/")[1:]
        p = self.provider
        with p.lock:
            p.requests.append((self.command, self.path))
            p.keys.add(self.headers.get("Authorization", ""))
            self.route(p, parts, query, data)

    do_GET = do_POST = do_DELETE = handle_request

    def route(self, p: Provider, parts: list[str], query: dict[str, str], data: bytes) -> None:
        if parts[:1] == ["files"]:
            self.route_files(p, parts, query, data)
        elif parts[:2] == ["fine_tuning", "jobs"]:
            self.route_jobs(p, parts[2:], query, data)
        elif parts == ["models"]:
            self.send({"object": "list", "data": [{"id": "tiny", "object": "model", "created": 1, "owned_by": "org"}]})
        elif parts == ["chat", "completions"]:
            self.send(p.answer_chat(json.loads(data)))
        else:
            self.fail(404, f"Unknown request URL: {self.path}", "unknown_url")

    def file_object(self, p: Provider, file_id: str) -> dict:
        name, data = p.files[file_id]
        return {"id": file_id, "object": "file", "bytes": len(data), "created_at": 1750000000, "filename": name,
                "purpose": "fine-tune", "status": "processed"}

    def route_files(self, p: Provider, parts: list[str], query: dict[str, str], data: bytes) -> None:
        if self.command == "POST":
            file_id = f"file-{len(p.files) + 1}"
            p.files[file_id] = self.form(data)["file"]
            self.send(self.file_object(p, file_id))
        elif len(parts) == 1:
            self.send(page([self.file_object(p, i) for i in p.files], query, 10000))
        elif parts[1] not in p.files:
            self.fail(404, f"No such File object: {parts[1]}")
        elif parts[2:] == ["content"]:
            self.send(p.files[parts[1]][1])
        elif self.command == "DELETE":
            del p.files[parts[1]]
            self.send({"id": parts[1], "object": "file", "deleted": True})
        else:
            self.send(self.file_object(p, parts[1]))

    def route_jobs(self, p: Provider, parts: list[str], query: dict[str, str], data: bytes) -> None:
        if not parts and self.command == "POST":
            if p.refuse_jobs:
                self.send({"error": p.refuse_jobs}, 403)
            else:
                self.send(p.create_job(json.loads(data)))
        elif not parts:
            self.send(page(list(p.jobs.values()), query, 20))
        elif parts[0] not in p.jobs:
            self.fail(404, f"Could not find fine tune: {parts[0]}", "fine_tune_not_found")
        elif parts[1:] == ["events"]:
            self.send(page(p.events[parts[0]], query, 20))
        elif parts[1:] == ["checkpoints"]:
            self.send({"object": "list", "has_more": False, "data": [
                {"object": "fine_tuning.job.checkpoint", "id": "ftckpt_1", "created_at": 1750000000, "step_number": 2,
                 "fine_tuned_model_checkpoint": "ft:tiny:org::abcd1234:ckpt-step-2", "fine_tuning_job_id": parts[0],
                 "metrics": {"step": 2, "train_loss": 1.5, "full_valid_loss": 1.75}}]})
        else:
            words = {"cancel": "cancelled", "pause": "paused", "resume": "queued"}
            if parts[1:] and parts[1] in words:
                p.jobs[parts[0]]["status"] = words[parts[1]]
            else:
                p.advance(parts[0])
            self.send(p.jobs[parts[0]])


class Server:
    """Runs a provider on a loopback port; stop() and start() again on the same port play a restart."""

    def __init__(self, provider: Provider) -> None:
        self.provider, self.port = provider, 0
        self.start()

    def start(self) -> None:
        handler = type("BoundHandler", (Handler,), {"provider": self.provider})
        ThreadingHTTPServer.allow_reuse_address = True
        ThreadingHTTPServer.daemon_threads = True
        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        with self.provider.lock:
            for connection in self.provider.connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self.provider.connections.clear()
        self.thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"
