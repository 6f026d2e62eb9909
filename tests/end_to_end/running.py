"""`byoip` as customers meet it: processes of its own, spoken to over HTTP."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx

from tests.processes import children_of

BYOIP = Path(sys.executable).with_name("byoip")
READY_SECONDS = 60
_T = TypeVar("_T")


def environment(**more: str) -> dict[str, str]:
    """Ours, without what would set up another byoip."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("BYOIP_") and name != "DATABASE_URL"
    }
    return {**kept, **more}


def eventually(look: Callable[[], _T | None], *, within: float = 60.0) -> _T:
    """Look again until something is there."""
    give_up = time.monotonic() + within
    while not (found := look()):
        assert time.monotonic() < give_up, "it did not happen in time"
        time.sleep(0.05)
    return found


def family_of(pid: int) -> list[int]:
    """A process and all its descendants."""
    return [pid, *(one for child in children_of(pid) for one in family_of(child))]


@dataclass
class Running:
    """A service started with `byoip up --sandbox`, and a customer with a credential."""

    process: subprocess.Popen[bytes]
    ready_file: Path
    ready: Mapping[str, Any]
    http: httpx.Client

    def url(self, path: str) -> str:
        return f"{self.ready['base_url']}/accounts/{self.ready['account_id']}/addressing{path}"

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.ready['api_token']}"}
        return self.http.request(method, self.url(path), headers=headers, **more)

    def result(self, method: str, path: str, **more: Any) -> Any:
        answer = self.ask(method, path, **more)
        assert answer.is_success, f"{answer.text}\n{self._why(answer)}"
        return answer.json()["result"]

    def _why(self, answer: httpx.Response) -> str:
        """What the service logged about a failure of its own: the directory is gone afterwards."""
        if not answer.is_server_error:
            return ""
        lines = self.ready_file.with_name("log").read_text().splitlines()
        return "\n".join(one for one in lines if '"error"' in one or "Traceback" in one)

    def control(self, method: str, path: str, **more: Any) -> Any:
        answer = self.http.request(method, f"{self.ready['sandbox_control_url']}{path}", **more)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def publish(self, prefix: Mapping[str, Any], *, owners: list[str]) -> None:
        """Route object, ROA, and the token at these names."""
        cidr, token = prefix["cidr"], prefix["ownership_validation_token"]
        kind = "route6" if ":" in cidr else "route"
        route = f"{kind}: {cidr}\norigin: AS64500\nmnt-by: A-MNT\nsource: RIPE\n"
        self.control("PUT", "/irr/RIPE", content=route)
        roa = {"prefix": cidr, "asn": 64500, "maxLength": int(cidr.split("/")[1]), "ta": "ripe"}
        known = [one for one in self.control("GET", "/rpki/vrps") if one["prefix"] != cidr]
        self.control("PUT", "/rpki/vrps", json=[*known, roa])
        for owner in owners:
            self.control("PUT", f"/dns/txt/{owner}", json=[token])

    def looked(self, prefix_id: str) -> bool:
        """Whether the registry was seen without the token: what is published now counts."""
        events = self.result("GET", f"/prefixes/{prefix_id}/events")
        return "token.absent" in {one["kind"] for one in events}

    def approved(self, prefix_id: str) -> dict[str, Any] | None:
        shown: dict[str, Any] = self.result("GET", f"/prefixes/{prefix_id}")
        return shown if shown["approved"] == "V" else None

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)


@contextmanager
def up(
    directory: Path, *arguments: str, production: bool = False, **more: str
) -> Iterator[Running]:
    """`byoip up --sandbox` (or for production) in a directory, until the block ends."""
    ready_file = directory / "ready.json"
    mode = [] if production else ["--sandbox"]
    argv = [str(BYOIP), "up", *mode, "--port", "0", "--data-dir", str(directory / "data")]
    argv += ["--ready-file", str(ready_file), *arguments]
    log = directory / "log"
    with log.open("ab") as written, httpx.Client(timeout=20) as http:
        process = subprocess.Popen(argv, env=environment(**more), stderr=written, stdout=written)

        def ready() -> dict[str, Any] | None:
            assert process.poll() is None, log.read_text()
            told: dict[str, Any] | None
            told = json.loads(ready_file.read_text()) if ready_file.exists() else None
            return told

        try:
            told = eventually(ready, within=READY_SECONDS)
            yield Running(process, ready_file, told, http)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(timeout=40)
