"""`byoip up --sandbox` sends what happens to a receiver, signed by a key of its own."""

import base64
import hashlib
import hmac
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.end_to_end.running import Running, eventually

Got = list[tuple[dict[str, str], bytes]]


@contextmanager
def receiver() -> Iterator[tuple[str, Got]]:
    got: Got = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            got.append(({name.lower(): text for name, text in self.headers.items()}, body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", got
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_customer_is_told_of_what_happens(service: Running) -> None:
    with receiver() as (url, got):
        hook = service.result("POST", "/webhooks", json={"url": url, "kinds": ["prefix.created"]})
        assert eventually(lambda: _state(service, hook["id"]) == "active")
        prefix = service.result("POST", "/prefixes", json={"cidr": "198.18.98.0/23", "asn": 64500})
        assert eventually(lambda: len(got) == 2)
        service.result("DELETE", f"/webhooks/{hook['id']}")
    headers, body = got[1]
    assert prefix["id"].encode() in body
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(hook["secret"].removeprefix("whsec_"))
    wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert f"v1,{wanted}" in headers["webhook-signature"].split(" ")


def _state(service: Running, webhook_id: str) -> str:
    return str(service.result("GET", f"/webhooks/{webhook_id}")["state"])
