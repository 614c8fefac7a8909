"""Starts `attune serve` for a test or a measurement, with a home folder of its own. Standard library only.

    base = make_tiny_model(program, folder)
    server = Server(program, folder / "home", {"tiny": base})
    server.start()                     # server.url is http://127.0.0.1:PORT once it listens
    status, headers, body = server.request("GET", "/v1/models")
    server.stop()                      # or server.kill(), as a power cut would
"""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import select
import signal
import subprocess
import time
import uuid
from pathlib import Path

CHAT_TEMPLATE = (
    "{%- for message in messages -%}{{- '<|im_start|>' + message['role'] + '\\n' -}}"
    "{%- if message['role'] == 'assistant' -%}"
    "{%- generation -%}{{- message['content'] + '<|im_end|>' -}}{%- endgeneration -%}"
    "{%- else -%}{{- message['content'] + '<|im_end|>' -}}{%- endif -%}{{- '\\n' -}}{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}"
)
TINY_CONFIG = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 320, "hidden_size": 48,
    "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 96,
    "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "max_position_embeddings": 512, "tie_word_embeddings": True,
    "hidden_act": "silu", "bos_token_id": None, "eos_token_id": 0, "torch_dtype": "bfloat16",
}


def run(program: Path | str, *arguments: object, timeout: float = 300) -> str:
    done = subprocess.run([str(program), *map(str, arguments)], capture_output=True, text=True, timeout=timeout, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"attune {' '.join(map(str, arguments))}: exit {done.returncode}\n{done.stderr}")
    return done.stdout


def chat_rows(count: int, seed: int = 1) -> list[dict]:
    """Training examples: a sentence about an animal, answered by a small JSON object."""
    source = random.Random(seed)
    rows = []
    for number in range(count):
        animal, loud = source.choice(("cat", "dog", "owl")), source.random() < 0.5
        rows.append({"messages": [
            {"role": "user", "content": f"number {number} is a {'loud' if loud else 'quiet'} {animal}"},
            {"role": "assistant", "content": json.dumps({"animal": animal, "loud": loud}, separators=(",", ":"))}]})
    return rows


def jsonl(rows: list[dict]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def make_tiny_model(program: Path | str, folder: Path, config: dict | None = None, tokens: int = 4000) -> Path:
    """A model folder made with the program itself, in about a second; the same bytes each time."""
    config = {**TINY_CONFIG, **(config or {})}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "template.jinja").write_text(CHAT_TEMPLATE, encoding="utf-8")
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "text.txt").write_text("".join(
        f"{row['messages'][0]['content']},{row['messages'][1]['content']}\n" for row in chat_rows(270)), encoding="utf-8")
    run(program, "tokenizer", "train", folder / "text.txt", "--vocab", config["vocab_size"], "--out", folder / "tokenizer",
        "--special", "<|endoftext|>", "<|im_start|>", "<|im_end|>", "--eos", "<|endoftext|>",
        "--chat-template", folder / "template.jinja")
    run(program, "pretrain", folder / "text.txt", "--config", folder / "config.json", "--tokenizer", folder / "tokenizer",
        "--context", 128, "--tokens", tokens, "--documents-per-step", 4, "--out", folder / "base", "--work", folder / "work")
    return folder / "base"


def processes_of(home: Path) -> dict[int, list[str]]:
    """Process id -> command line of every live process that works in this home folder."""
    found = {}
    wanted = f"ATTUNE_HOME={home}".encode()
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            if wanted not in Path(f"/proc/{entry}/environ").read_bytes().split(b"\0"):
                continue
            command = Path(f"/proc/{entry}/cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
        except OSError:
            continue
        if command:
            found[int(entry)] = command
    return found


def memory_of(process: int) -> dict[str, int]:
    """Resident bytes of a process: now ("VmRSS") and at most ("VmHWM")."""
    text = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    return {name: int(kib) * 1024 for name, kib in re.findall(r"^(VmRSS|VmHWM):\s+(\d+) kB$", text, re.MULTILINE)}


class Server:
    def __init__(self, program: Path | str, home: Path, models: dict[str, Path], arguments: list[str] | None = None,
                 environment: dict[str, str] | None = None, port: int = 0):
        self.program, self.home, self.models = program, Path(home), models
        self.arguments, self.environment, self.port = list(arguments or []), dict(environment or {}), port
        self.process: subprocess.Popen | None = None
        self.host, self.url = "127.0.0.1", ""
        self.log = self.home.parent / f"{self.home.name}.log"

    def start(self, timeout: float = 60) -> str:
        self.home.mkdir(parents=True, exist_ok=True)
        command = [str(self.program), "serve", "--port", str(self.port), *self.arguments]
        for name, folder in self.models.items():
            command += ["--model", f"{name}={folder}"]
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("OPENAI_", "ATTUNE_")) or k == "ATTUNE_ISA"}
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                                            env={**kept, "ATTUNE_HOME": str(self.home), **self.environment})
        self.url = self._listening(time.monotonic() + timeout)
        self.host, port = re.fullmatch(r"https?://(.+):(\d+)", self.url).groups()
        self.port = int(port)  # the next start takes the same one
        return self.url

    def _listening(self, deadline: float) -> str:
        """Reads what the server prints until it says its address; the pipe stays open and is small."""
        output = b""
        while time.monotonic() < deadline:
            ready, _, _ = select.select([self.process.stdout], [], [], 0.1)
            if not ready:
                continue
            chunk = os.read(self.process.stdout.fileno(), 4096)
            output += chunk
            said = re.search(rb"listening on (https?://\S+)\s", output)
            if said:
                return said[1].decode()
            if not chunk:
                break
        self.process.kill()
        self.process.wait()
        raise RuntimeError(f"the server did not say that it listens; it printed {output!r}\n{self.tail()}")

    def tail(self, size: int = 4000) -> str:
        return self.log.read_bytes()[-size:].decode(errors="replace") if self.log.exists() else ""

    def request(self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None,
                timeout: float = 60) -> tuple[int, dict[str, str], bytes]:
        """One request on a connection of its own; `body` is bytes, or anything that JSON can say."""
        headers = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        try:
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def json(self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None,
             timeout: float = 60) -> dict:
        status, _, answer = self.request(method, path, body, headers, timeout)
        if status != 200:
            raise RuntimeError(f"{method} {path}: {status} {answer.decode(errors='replace')}")
        return json.loads(answer)

    def upload(self, content: bytes, filename: str = "rows.jsonl", purpose: str = "fine-tune",
               headers: dict[str, str] | None = None) -> dict:
        """POST /v1/files; the File object."""
        edge = uuid.uuid4().hex
        body = (f"--{edge}\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\n{purpose}\r\n--{edge}\r\n"
                f"Content-Disposition: form-data; name=\"file\"; filename=\"{filename}\"\r\n"
                f"Content-Type: application/octet-stream\r\n\r\n").encode() + content + f"\r\n--{edge}--\r\n".encode()
        return self.json("POST", "/v1/files", body,
                         {"Content-Type": f"multipart/form-data; boundary={edge}", **(headers or {})})

    def wait_for_job(self, job: str, statuses: tuple[str, ...] = ("succeeded", "failed", "cancelled"),
                     timeout: float = 120, headers: dict[str, str] | None = None) -> dict:
        deadline = time.monotonic() + timeout
        while True:
            state = self.json("GET", f"/v1/fine_tuning/jobs/{job}", headers=headers)
            if state["status"] in statuses:
                return state
            if time.monotonic() > deadline:
                raise TimeoutError(f"job {job} is still {state['status']} after {timeout} s\n{self.tail()}")
            time.sleep(0.05)

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """kill -9 of the server alone; its workers are left to themselves."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.process = None

    def stop(self, timeout: float = 30) -> int | None:
        """Asks the server to end, and ends what is left of it in this home folder."""
        code = None
        if self.process is not None:
            self.process.terminate()
            try:
                code = self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process.stdout.close()
            self.process = None
        for process in processes_of(self.home):
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                pass
        return code
