"""Tools, 2: what a server answers steers no terminal, and a token goes where it was sent only."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

STEERS = "\x1b]0;x\x07\x1b[2J\x9b31m\u202e"
_MAIN = "from byoip_cli.main import main; main()"


class Hostile(BaseHTTPRequestHandler):
    asked: list[tuple[str, str]] = []  # noqa: RUF012 - of all requests
    lead = ""
    odd = b""

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers.get("authorization", "")))
        told = {"id": STEERS, "status": STEERS, "account_id": "a" * 32, "scopes": [STEERS]}
        answers: dict[str, Any] = {
            "/client/v4/user/tokens/verify": {"result": told},
            "/client/v4/accounts": {"result": [{"id": "a" * 32, "name": STEERS}]},
        }
        found = answers.get(self.path)
        errors = {"errors": [{"message": STEERS, "name": STEERS, "source": None}]}
        body = json.dumps(found or errors, ensure_ascii=False).encode()
        body = self.odd or body
        self.send_response(307 if self.lead else 200 if found else 400)
        if self.lead:
            self.send_header("location", self.lead)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def hostile() -> Iterator[type[Hostile]]:
    made = type("Made", (Hostile,), {"asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), made) as server:
        made.port = server.server_port  # type: ignore[attr-defined]
        Thread(target=server.serve_forever, daemon=True).start()
        yield made
        server.shutdown()


def said(server: Any, home: Path, *command: str) -> subprocess.CompletedProcess[str]:
    own = {"BYOIP_URL": f"http://127.0.0.1:{server.port}", "BYOIP_TOKEN": "t", "HOME": str(home)}
    program = [sys.executable, "-c", _MAIN, *command]
    env = {**os.environ, **own}
    return subprocess.run(
        program, env=env, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.parametrize("command", [("whoami",), ("whoami", "--json"), ("prefixes", "list")])
def test_2_no_words_of_a_server_steer_a_terminal(
    hostile: type[Hostile], tmp_path: Path, command: tuple[str, ...]
) -> None:
    out = said(hostile, tmp_path, *command)
    assert "Traceback" not in out.stderr
    assert "\\u001b]0;x\\u0007" in out.stdout + out.stderr
    assert not set(STEERS) - set("]0;x[2J31m") & set(out.stdout + out.stderr)


def test_2_a_token_does_not_go_where_a_server_leads(hostile: type[Hostile], tmp_path: Path) -> None:
    hostile.lead = f"http://localhost:{hostile.port}/elsewhere"  # type: ignore[attr-defined]
    assert "is not byoip: 307" in said(hostile, tmp_path, "whoami").stderr
    assert hostile.asked == [("/client/v4/user/tokens/verify", "Bearer t")]


@pytest.mark.parametrize("odd", [b"[1]", b"{}", b"5", b"[" * 200_000, b"\xff"])
@pytest.mark.parametrize("command", [("whoami",), ("prefixes", "list")])
def test_2_what_is_no_answer_is_said_to_be_none(
    hostile: type[Hostile], tmp_path: Path, odd: bytes, command: tuple[str, ...]
) -> None:
    hostile.odd = odd
    out = said(hostile, tmp_path, *command)
    assert out.returncode == 6
    assert "is not byoip: " in out.stderr
    assert "Traceback" not in out.stderr
