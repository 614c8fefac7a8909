"""`attune serve` as a user runs it: upload, job, live events, tuned model, chat; keys; TLS; stopping."""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from typing import Any

from tiny_base import ATTUNE, TinyBaseCase


class Server:
    """A running `attune serve` with a folder of its own."""

    def __init__(self, home: Path, *more: str) -> None:
        self.environment = {**os.environ, "ATTUNE_HOME": str(home)}
        self.log = open(home / "serve.log", "a", encoding="utf-8")
        self.process = subprocess.Popen([ATTUNE, "serve", "--port", "0", *more], env=self.environment, text=True,
                                        stdout=subprocess.PIPE, stderr=self.log)
        line = self.process.stdout.readline()
        if not line.startswith("listening on "):
            raise AssertionError(f"{line!r}; {(home / 'serve.log').read_text(encoding='utf-8')}")
        self.base = line.split()[-1]

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        self.process.stdout.close()
        self.log.close()
        return code

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None,
            context: ssl.SSLContext | None = None) -> tuple[int, Any]:
        data = None
        headers = dict(headers or {})
        if isinstance(body, bytes):
            data = body
        elif body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(self.base + path, data=data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60, context=context) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def upload(self, content: bytes, purpose: str = "fine-tune") -> dict[str, Any]:
        boundary = uuid.uuid4().hex
        body = (f'--{boundary}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\n{purpose}\r\n--{boundary}\r\n'
                f'Content-Disposition: form-data; name="file"; filename="rows.jsonl"\r\n\r\n').encode()
        body += content + f"\r\n--{boundary}--\r\n".encode()
        status, file = self.ask("POST", "/v1/files", body,
                                {"Content-Type": f"multipart/form-data; boundary={boundary}"})
        assert status == 200, file
        return file

    def events(self, job: str, last: str = "") -> list[tuple[str, Any]]:
        """The live stream to its end, as (id, event)."""
        headers = {"Accept": "text/event-stream", **({"Last-Event-ID": last} if last else {})}
        request = urllib.request.Request(f"{self.base}/v1/fine_tuning/jobs/{job}/events", headers=headers)
        seen, number = [], ""
        with urllib.request.urlopen(request, timeout=120) as stream:
            for raw in stream:
                line = raw.decode().rstrip("\n")
                if line.startswith("id: "):
                    number = line[4:]
                elif line == "data: [DONE]":
                    return seen
                elif line.startswith("data: "):
                    seen.append((number, json.loads(line[6:])))
        raise AssertionError(f"the stream ended without [DONE]: {seen}")


def chat_rows(count: int) -> bytes:
    rows = []
    for i in range(count):
        animal = ("cat", "dog")[i % 2]
        rows.append({"messages": [{"role": "user", "content": f"number {i} is a quiet {animal}"},
                                  {"role": "assistant", "content": json.dumps({"animal": animal})}]})
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


class ServeTest(TinyBaseCase):
    def serve(self, *more: str) -> Server:
        home = Path(tempfile.mkdtemp(dir=self.at))
        server = Server(home, "--model", f"tiny={self.at / 'base'}", *more)
        self.addCleanup(server.stop)
        return server

    def test_from_upload_to_a_tuned_model_that_answers(self) -> None:
        server = self.serve()
        file = server.upload(chat_rows(24))
        self.assertEqual(file["status"], "processed")
        status, job = server.ask("POST", "/v1/fine_tuning/jobs", {
            "model": "tiny", "training_file": file["id"], "suffix": "mine", "seed": 3,
            "method": {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 2, "batch_size": 4}}}})
        self.assertEqual(status, 200, job)
        events = server.events(job["id"])
        self.assertEqual([number for number, _ in events], [str(i + 1) for i in range(len(events))])
        messages = [event["message"] for _, event in events]
        self.assertEqual(messages[0], f"Created fine-tuning job: {job['id']}")
        self.assertTrue(any("New fine-tuned model created" in message for message in messages), messages)
        self.assertEqual(server.events(job["id"], last=events[-3][0]), events[-2:])
        _, job = server.ask("GET", f"/v1/fine_tuning/jobs/{job['id']}")
        self.assertEqual(job["status"], "succeeded", job)
        self.assertTrue(job["fine_tuned_model"].startswith("ft:tiny:"))
        _, models = server.ask("GET", "/v1/models")
        names = [model["id"] for model in models["data"]]
        self.assertIn("tiny", names)
        self.assertIn(job["fine_tuned_model"], names)
        _, checkpoints = server.ask("GET", f"/v1/fine_tuning/jobs/{job['id']}/checkpoints")
        self.assertGreaterEqual(len(checkpoints["data"]), 1)
        status, answer = server.ask("POST", "/v1/chat/completions", {
            "model": job["fine_tuned_model"], "max_completion_tokens": 8,
            "messages": [{"role": "user", "content": "number 1 is a quiet dog"}]})
        self.assertEqual(status, 200, answer)
        self.assertEqual(answer["choices"][0]["message"]["role"], "assistant")
        self.assertEqual(server.stop(), 0)

    def test_bases_of_few_bits_train_and_answer(self) -> None:
        server = self.serve("--dtype", "nf4")
        file = server.upload(chat_rows(12))
        _, job = server.ask("POST", "/v1/fine_tuning/jobs", {
            "model": "tiny", "training_file": file["id"],
            "method": {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 1, "batch_size": 4}}}})
        server.events(job["id"])
        _, job = server.ask("GET", f"/v1/fine_tuning/jobs/{job['id']}")
        self.assertEqual(job["status"], "succeeded", job)
        status, answer = server.ask("POST", "/v1/chat/completions", {
            "model": job["fine_tuned_model"], "max_completion_tokens": 8,
            "messages": [{"role": "user", "content": "number 1 is a quiet dog"}]})
        self.assertEqual(status, 200, answer)
        refused = subprocess.run([ATTUNE, "serve", "--port", "0", "--dtype", "int3"], timeout=60, env=server.environment,
                                 capture_output=True, text=True, check=False)
        self.assertEqual(refused.returncode, 2, refused.stderr)
        self.assertIn("nf4", refused.stderr)

    def test_a_short_file_fails_the_job_in_the_apis_words(self) -> None:
        server = self.serve()
        file = server.upload(chat_rows(3))
        _, job = server.ask("POST", "/v1/fine_tuning/jobs", {"model": "tiny", "training_file": file["id"]})
        server.events(job["id"])
        _, job = server.ask("GET", f"/v1/fine_tuning/jobs/{job['id']}")
        self.assertEqual(job["status"], "failed")
        self.assertEqual(job["error"]["code"], "invalid_n_examples")
        self.assertEqual(job["error"]["message"],
                         "Training file has 3 example(s), but must have at least 10 examples")

    def test_keys_are_made_listed_and_revoked(self) -> None:
        server = self.serve("--no-jobs")
        make = subprocess.run([ATTUNE, "keys", "create", "ci", "--scope", "files", "--json"], env=server.environment,
                              capture_output=True, text=True, check=True)
        made = json.loads(make.stdout)
        time.sleep(1.2)
        self.assertEqual(server.ask("GET", "/v1/files")[0], 401)
        header = {"Authorization": f"Bearer {made['key']}"}
        self.assertEqual(server.ask("GET", "/v1/files", headers=header)[0], 200)
        self.assertEqual(server.ask("GET", "/v1/fine_tuning/jobs", headers=header)[0], 403)
        listed = subprocess.run([ATTUNE, "keys", "list"], env=server.environment, capture_output=True, text=True, check=True)
        self.assertIn(made["id"], listed.stdout)
        self.assertNotIn(made["key"], listed.stdout)
        subprocess.run([ATTUNE, "keys", "revoke", made["id"]], env=server.environment, capture_output=True, check=True)
        time.sleep(1.2)
        self.assertEqual(server.ask("GET", "/v1/files", headers=header)[0], 401)

    def test_other_machines_are_served_only_when_there_is_a_key(self) -> None:
        home = Path(tempfile.mkdtemp(dir=self.at))
        refused = subprocess.run([ATTUNE, "serve", "--host", "0.0.0.0", "--port", "0"], timeout=60, capture_output=True,
                                 env={**os.environ, "ATTUNE_HOME": str(home)}, text=True, check=False)
        self.assertEqual(refused.returncode, 2, refused.stderr)
        self.assertIn("attune keys create", refused.stderr)

    def test_it_speaks_tls(self) -> None:
        certificate, key = self.at / "certificate.pem", self.at / "key.pem"
        try:
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                            "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", str(key), "-out",
                            str(certificate)], check=True, capture_output=True)
        except FileNotFoundError:
            self.skipTest("there is no openssl to make a certificate with")
        server = self.serve("--no-jobs", "--tls-cert", str(certificate), "--tls-key", str(key))
        self.assertTrue(server.base.startswith("https://"))
        context = ssl.create_default_context(cafile=str(certificate))
        self.assertEqual(server.ask("GET", "/healthz", context=context), (200, {"status": "ok"}))
        self.assertEqual(server.stop(), 0)
        refused = subprocess.run([ATTUNE, "serve", "--port", "0", "--tls-cert", str(key), "--tls-key", str(key)], timeout=60,
                                 env=server.environment, capture_output=True, text=True, check=False)
        self.assertEqual(refused.returncode, 2, refused.stderr)


if __name__ == "__main__":
    unittest.main()
