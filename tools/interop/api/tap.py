"""A tap on the wire: hands bytes between a client and the server untouched, and keeps them to be read as HTTP later.

Any client can be recorded this way, in any language, and the server is spoken to exactly as without it. The tap can also
lose an answer on purpose, as a bad network does.
"""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import threading


@dataclasses.dataclass
class Exchange:
    method: str
    target: str
    request_headers: dict[str, str]
    request_body: bytes
    status: int
    headers: dict[str, str]
    body: bytes


def read_head(data: bytes, start: int) -> tuple[str, dict[str, str], int] | None:
    end = data.find(b"\r\n\r\n", start)
    if end < 0:
        return None
    first, *lines = data[start:end].decode("latin-1").split("\r\n")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return first, headers, end + 4


def read_chunks(data: bytes, start: int) -> tuple[bytes, int] | None:
    body = b""
    while True:
        end = data.find(b"\r\n", start)
        if end < 0:
            return None
        size = int(data[start:end].split(b";")[0], 16)
        if size == 0:
            last = data.find(b"\r\n", end + 2)  # no trailers are sent
            return (body, last + 2) if last >= 0 else None
        if len(data) < end + 2 + size + 2:
            return None
        body += data[end + 2:end + 2 + size]
        start = end + 2 + size + 2


def read_body(headers: dict[str, str], data: bytes, start: int, closed: bool, is_answer: bool) -> tuple[bytes, int] | None:
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return read_chunks(data, start)
    if "content-length" in headers or not is_answer:
        size = int(headers.get("content-length", "0"))
        return (data[start:start + size], start + size) if len(data) >= start + size else None
    return (data[start:], len(data)) if closed else None  # an answer without a length ends with the connection


class Connection:
    def __init__(self):
        self.sent, self.received = bytearray(), bytearray()
        self.sent_read, self.received_read = 0, 0
        self.closed = False

    def exchanges(self) -> list[Exchange]:
        """The complete exchanges that were not handed out before."""
        found = []
        while True:
            one = self._next()
            if one is None:
                return found
            found.append(one)

    def _next(self) -> Exchange | None:
        request = read_head(self.sent, self.sent_read)
        answer = read_head(self.received, self.received_read)
        while answer is not None and answer[0].split(" ")[1].startswith("1"):  # 100 Continue
            self.received_read = answer[2]
            answer = read_head(self.received, self.received_read)
        if request is None or answer is None:
            return None
        method, target = request[0].split(" ")[:2]
        asked = read_body(request[1], self.sent, request[2], self.closed, is_answer=False)
        status = int(answer[0].split(" ")[1])
        if method == "HEAD" or status in (204, 304):
            got = (b"", answer[2])
        else:
            got = read_body(answer[1], self.received, answer[2], self.closed, is_answer=True)
        if asked is None or got is None:
            return None
        self.sent_read, self.received_read = asked[1], got[1]
        return Exchange(method, target, request[1], bytes(asked[0]), status, answer[1], bytes(got[0]))


class Tap:
    def __init__(self, host: str, port: int):
        self.target = (host, port)
        self.connections: list[Connection] = []
        self.unread: list[Exchange] = []
        self.losses = 0  # answers still to be lost
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def lose_answers(self, count: int) -> None:
        """The next `count` requests reach the server, but their answers are lost and the connection is cut."""
        with self.lock:
            self.losses = count

    def exchanges(self) -> list[Exchange]:
        """The complete exchanges since the last call."""
        with self.lock:
            connections = list(self.connections)
        ended = [connection for connection in connections if connection.closed]
        found = [exchange for connection in connections for exchange in connection.exchanges()]
        with self.lock:
            self.connections = [connection for connection in self.connections if connection not in ended]
        self.unread += found
        return found

    def unchecked(self) -> list[Exchange]:
        """Those that were not handed out here before, whoever else has seen them."""
        self.exchanges()
        found, self.unread = self.unread, []
        return found

    def close(self) -> None:
        self.listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
                server = socket.create_connection(self.target)
            except OSError:
                if self.listener.fileno() < 0:
                    return
                client.close()  # the server is away
                continue
            connection = Connection()
            with self.lock:
                self.connections.append(connection)
            threading.Thread(target=self._pump, args=(client, server, connection, True), daemon=True).start()
            threading.Thread(target=self._pump, args=(server, client, connection, False), daemon=True).start()

    def _pump(self, source: socket.socket, drain: socket.socket, connection: Connection, asks: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                if not asks and self._loses():
                    break
                (connection.sent if asks else connection.received).extend(data)
                drain.sendall(data)
        connection.closed = True
        for end in (source, drain):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _loses(self) -> bool:
        with self.lock:
            if self.losses > 0:
                self.losses -= 1
                return True
            return False
