"""A network behind a real socket on the loopback: every answer is scripted, every acceptance is logged.

The adapter is a plain one: what it knows to prove refusal it says; everything else it lets happen, as an adapter that
nobody finished would. What the product makes of that is the test.
"""

import http.client
import json
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import UUID

from posts.networks.base import Order, Permanent, Receipt, Retryable, Unknown


class FakeNetwork:
    """`script` is one way of answering per call, the last one for ever: ok, late:<s>, reset, html, empty, or a status."""

    def __init__(self, *script: str, finds: bool = True) -> None:
        self.script = list(script)
        self.finds = finds
        self.accepted: list[str] = []
        self.calls: Counter[str] = Counter()
        self.arrived = threading.Event()
        self.port = 0

    def next(self) -> str:
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]


class _Handler(BaseHTTPRequestHandler):
    network: FakeNetwork

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        network, how = self.network, self.network.next()
        network.calls["send"] += 1
        refuses = how.isdecimal() and how != "500"
        if not refuses and not (how == "500" and body["key"] in network.accepted):
            network.accepted.append(body["key"])
        network.arrived.set()
        if how.startswith("late:"):
            time.sleep(float(how.removeprefix("late:")))
            how = "ok"
        if how == "reset":
            # No lingering: the peer gets a RST instead of an end.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            return
        answers = {"ok": b'{"id": "1"}', "html": b"<html>Welcome!</html>", "empty": b""}
        self._answer(int(how) if how.isdecimal() else 200, answers.get(how, b"{}"))

    def do_GET(self) -> None:
        self.network.calls["find"] += 1
        key = self.path.rsplit("/", 1)[1]
        if not self.network.finds:
            self._answer(500, b"")
        elif key in self.network.accepted:
            self._answer(200, b'{"id": "1"}')
        else:
            self._answer(404, b"{}")

    def _answer(self, status: int, body: bytes) -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            pass  # whoever asked has gone: that is what "late" means


@contextmanager
def serving(network: FakeNetwork) -> Iterator[FakeNetwork]:
    handler = type("Handler", (_Handler,), {"network": network})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        network.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield network
        finally:
            server.shutdown()
            thread.join()


class HttpAdapter:
    """What an adapter of a real network looks like, with a time-out of its own or none."""

    port = 0
    timeout: float | None = 5.0

    def send(self, order: Order) -> Receipt:
        body = json.dumps({"key": order.key, "text": order.text})
        try:
            status, raw = self._ask("POST", "/posts", body)
        except ConnectionRefusedError as error:
            raise Retryable("refused") from error
        if status in (401, 429):
            raise Retryable(f"http_{status}")
        if status in (400, 403, 422):
            raise Permanent(f"http_{status}")
        return Receipt(str(json.loads(raw)["id"]))

    def find(self, channel: UUID, key: str) -> Receipt | None:
        status, raw = self._ask("GET", f"/posts/{key}", None)
        if status == 404:
            return None
        if status != 200:
            raise Unknown(f"http_{status}")
        return Receipt(str(json.loads(raw)["id"]))

    def remove(self, channel: UUID, key: str) -> str:
        return "Removed."

    def _ask(self, method: str, path: str, body: str | None) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()
