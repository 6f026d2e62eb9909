"""A folder with docker-compose.yml as an operator has it, what runs from it, and its customers."""

import json
import os
import re
import shutil
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.ship import routers
from tests.ship.engine import REPOSITORY, Engine

TREE = (
    *(".dockerignore", "Dockerfile", "docker-compose.yml", "haproxy.cfg", "tools"),
    # And what an image is built from: all that is let into its context.
    *re.findall(r"^!(\S+)$", (REPOSITORY / ".dockerignore").read_text(), re.MULTILINE),
)
COPIES = ("api", "rpki", "worker")
CHECK = ("run", "--rm", "-T", "--no-deps", "worker", "config", "check")
PATIENCE_SECONDS = 240
TRUSTING = ssl._create_unverified_context()  # noqa: S323 - a certificate made for the test
_ENV = """POSTGRES_PASSWORD={password}
BYOIP_PUBLIC_URL=https://byoip.example.net
BYOIP_ORIGIN_ASNS=64496
BYOIP_RESOLVERS=192.0.2.53
BYOIP_API_COPIES=3
BYOIP_WORKER_COPIES=3
COMPOSE_PROFILES=proxy
"""
_ROAS = """BYOIP_RPKI_FEED_FILE=/etc/byoip/roas/export.json
BYOIP_RPKI_ANCHORS=ripe
BYOIP_RPKI_FLOOR=1
"""


@dataclass
class Site:
    """A folder with the compose file, and the engine that runs it."""

    engine: Engine
    folder: Path

    def lay(self, tree: Path = REPOSITORY, *, all_of_it: bool = True) -> None:
        """A version's files; and, once, what an operator puts beside them."""
        for name in TREE:
            if (tree / name).is_dir():
                shutil.rmtree(self.folder / name, ignore_errors=True)
                shutil.copytree(tree / name, self.folder / name)
            elif (tree / name).exists():
                (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(tree / name, self.folder / name)
        if all_of_it:
            self.write()
            _certificate(self.folder / "tls")
            _roas(self.folder / "roas")
            (self.folder / "byoip.env").write_text(_ROAS)

    def add_routers(self) -> None:
        """A speaker and a router, and the settings that name the speaker."""
        routers.lay(self.folder)
        (self.folder / "byoip.toml").write_text(routers.SETTINGS + routers.PLAINTEXT)
        self.take_the_toml()

    def take_the_toml(self) -> None:
        """Uncomment the three lines, as the head of the file says."""
        file = self.folder / "docker-compose.yml"
        text, count = re.subn(
            r"^( *)# (.* # byoip\.toml)$", r"\1\2", file.read_text(), flags=re.MULTILINE
        )
        assert count == 3
        file.write_text(text)

    def write(self, **settings: str) -> None:
        """The file `.env`."""
        lines = _ENV.format(password=settings.pop("password", "first0password"))
        lines += "".join(f"{name}={value}\n" for name, value in settings.items())
        (self.folder / ".env").write_text(lines)

    def compose(self, *words: str) -> str:
        done = self.try_compose(*words)
        assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}{done.stderr}"
        return done.stdout

    def try_compose(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.engine.try_docker("compose", *words, cwd=self.folder)

    def upgrade(self) -> None:
        known = self.engine.known() | {"PATH": os.environ["PATH"]}
        words = [str(self.folder / "tools" / "compose-upgrade"), "--offline"]
        done = subprocess.run(words, env=known, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def byoip(self, *words: str, **more: str) -> str:
        known = [word for name, value in more.items() for word in ("--env", f"{name}={value}")]
        return self.compose("exec", "-T", *known, "api", "byoip", *words).strip()

    def running(self, *services: str) -> set[str]:
        return set(self.compose("ps", "--quiet", *(services or COPIES)).split())

    def settle(self) -> None:
        """Wait until three copies of the API are healthy."""
        self.until(self._healthy)

    def _healthy(self) -> bool:
        shown = self.compose("ps", "--format", "{{.Service}} {{.Status}}", "api").splitlines()
        return len(shown) == 3 and all("(healthy)" in one for one in shown)

    def until(self, look: Callable[[], object]) -> None:
        give_up = time.monotonic() + PATIENCE_SECONDS
        while not look():
            assert time.monotonic() < give_up, self.compose("ps", "--all")
            time.sleep(1)

    def routes(self) -> dict[str, str]:
        """Prefix -> when it came, as the router has it."""
        said = self.try_compose("exec", "-T", "bird", "birdc", "-s", routers.CONTROL, "show route")
        found = re.findall(r"^(\S+/\d+) +\w+ \[one (\S+ \S+?)\]", said.stdout, re.MULTILINE)
        return dict(found)


def _certificate(folder: Path) -> None:
    folder.mkdir()
    key, made = folder / "key.pem", folder / "made.pem"
    words = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj"
    subprocess.run(
        [*words.split(), "/CN=byoip", "-keyout", key, "-out", made], check=True, capture_output=True
    )
    (folder / "site.pem").write_text(made.read_text() + key.read_text())


def _roas(folder: Path) -> None:
    folder.mkdir()
    built = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    roa = {"prefix": "193.0.0.0/16", "asn": 64496, "maxLength": 24, "ta": "ripe"}
    (folder / "export.json").write_text(
        json.dumps({"metadata": {"buildtime": built}, "roas": [roa]})
    )


def ask(path: str, token: str, method: str = "GET", body: object = None) -> Any:
    """The result of a call through the proxy, repeated for ten seconds as official clients do."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    headers["Idempotency-Key"] = uuid4().hex
    data = None if body is None else json.dumps(body).encode()
    give_up = time.monotonic() + 10
    while True:
        url = f"https://127.0.0.1/client/v4{path}"
        request = urllib.request.Request(url, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20, context=TRUSTING) as answer:  # noqa: S310
                return json.load(answer)["result"]
        except OSError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.3)


@dataclass
class Customer:
    """An account with a token, and an operator's token to approve what it claims."""

    site: Site
    account: str
    token: str
    operator: str

    def ask(self, path: str, method: str = "GET", body: object = None) -> Any:
        return ask(f"/accounts/{self.account}/addressing{path}", self.token, method, body)

    def wait_until_served(self, path: str) -> None:
        """Until the API answers about a prefix, and the prefix is as it was: approved."""

        def served() -> bool:
            try:
                return bool(self.ask(path)["approved"] == "V")
            except OSError:
                return False

        self.site.until(served)

    def operate(self, *words: str) -> str:
        where = {"BYOIP_URL": "http://127.0.0.1:8080", "BYOIP_OPERATOR_TOKEN": self.operator}
        return self.site.byoip("operator", *words, **where)

    def onboard(self, cidr: str) -> str:
        """Claim, approve, bind; the prefix's path, once it may be announced."""
        made = self.ask("/prefixes", "POST", {"cidr": cidr, "asn": 64496})
        path = f"/prefixes/{made['id']}"
        self.operate("prefixes", "approve", made["id"], "--reason", "on paper")
        service = self.ask("/services")[0]["id"]
        self.ask(f"{path}/bindings", "POST", {"cidr": cidr, "service_id": service})
        self.site.until(lambda: self.ask(path)["advertisable"])
        return path

    def announce(self, path: str) -> None:
        (route,) = self.ask(f"{path}/bgp/prefixes")
        body = {"on_demand": {"advertised": True}}
        self.ask(f"{path}/bgp/prefixes/{route['id']}", "PATCH", body)


def customer(site: Site) -> Customer:
    account = site.byoip("account", "create", "Example Networks")
    token = site.byoip("token", "create", "--account", account, "automation")
    return Customer(site, account, token, site.byoip("token", "create", "Jo Doe"))
