"""A web server on loopback that answers what it was told to, and remembers what it was asked."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(slots=True)
class Page:
    content: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    cut: int = 0  # bytes promised and not sent


@dataclass(slots=True)
class WebServer:
    """Pages by path; `asked` holds the headers of every request."""

    url: str
    pages: dict[str, Page] = field(default_factory=dict)
    asked: list[Mapping[str, str]] = field(default_factory=list)


@contextmanager
def web_server() -> Iterator[WebServer]:
    world = WebServer("")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            world.asked.append({name.lower(): value for name, value in self.headers.items()})
            page = world.pages.get(self.path, Page(status=404))
            time.sleep(page.delay)
            self.send_response(page.status)
            for name, value in page.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(page.content) + page.cut))
            self.end_headers()
            self.wfile.write(page.content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign] # clients that hang up
    world.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield world
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
