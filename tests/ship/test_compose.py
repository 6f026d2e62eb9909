"""Ship: docker-compose.yml as a new user runs it, in a real engine.

From `.env` to a prefix that is approved and bound, an `up` that changes nothing, an upgrade under
load and back, wrong settings, another password, all killed at once, and the engine restarted.
"""

import io
import json
import os
import shutil
import ssl
import subprocess
import tarfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.databases import directory_open_to_all
from tests.ship.engine import REPOSITORY, Engine, engine, what_is_missing

BEFORE = "9deef9d"  # the last commit of the version before: its image is upgraded, and gone back to
KEPT = ("LICENSE", "README.md", "migrations", "src", "tools", "docker-compose.yml", "haproxy.cfg")
KEPT_TOO = ("Dockerfile", ".dockerignore", "pyproject.toml")
LOCKS = ("requirements-build.lock", "requirements-image.lock")
COPIES = ("api", "rpki", "worker")
TRUSTING = ssl._create_unverified_context()  # noqa: S323 - a certificate made for the test
ENV = """POSTGRES_PASSWORD={password}
BYOIP_PUBLIC_URL=https://byoip.example.net
BYOIP_ORIGIN_ASNS=64496
BYOIP_RESOLVERS=192.0.2.53
BYOIP_API_COPIES=3
BYOIP_WORKER_COPIES=3
COMPOSE_PROFILES=proxy
"""


@dataclass
class Site:
    """A folder with the compose file, and the engine that runs it."""

    engine: Engine
    folder: Path

    def compose(self, *words: str) -> str:
        done = self.try_compose(*words)
        assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}{done.stderr}"
        return done.stdout

    def try_compose(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.engine.try_docker("compose", *words, cwd=self.folder)

    def byoip(self, *words: str, **more: str) -> str:
        known = [word for name, value in more.items() for word in ("--env", f"{name}={value}")]
        return self.compose("exec", "-T", *known, "api", "byoip", *words).strip()

    def running(self) -> set[str]:
        return set(self.compose("ps", "--quiet", *COPIES).split())

    def healthy(self) -> bool:
        shown = self.compose("ps", "--format", "{{.Service}} {{.Status}}").splitlines()
        api = [one for one in shown if one.startswith("api")]
        return len(api) == 3 and all("(healthy)" in one for one in api)

    def settle(self) -> None:
        give_up = time.monotonic() + 240
        while not self.healthy():
            assert time.monotonic() < give_up, self.compose("ps", "--all")
            time.sleep(1)

    def write(self, **settings: str) -> None:
        lines = ENV.format(password=settings.pop("password", "first0password"))
        (self.folder / ".env").write_text(
            lines + "".join(f"{name}={value}\n" for name, value in settings.items())
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


@contextmanager
def load(path: str, token: str) -> Iterator[None]:
    """Reads and writes, one after the other, while the block runs; fails if one fails for good."""
    stop, faults, served = threading.Event(), [], []

    def work() -> None:
        while not stop.is_set():
            try:
                ask(path, token)
                ask(path, token, "PATCH", {"description": uuid4().hex})
                served.append(1)
            except OSError as fault:
                faults.append(str(fault))
            time.sleep(2)  # a credential has 1200 requests in five minutes

    threads = [threading.Thread(target=work) for _ in range(3)]
    for one in threads:
        one.start()
    try:
        yield
    finally:
        stop.set()
        for one in threads:
            one.join()
    assert not faults
    assert served


@pytest.fixture
def site() -> Iterator[Site]:
    if missing := what_is_missing():
        pytest.skip(missing)
    with directory_open_to_all() as directory, engine(directory) as made:
        folder = directory / "site"
        folder.mkdir()
        for name in (*KEPT, *KEPT_TOO, *LOCKS):
            source = REPOSITORY / name
            copy = shutil.copytree if source.is_dir() else shutil.copy
            copy(source, folder / name)
        certificate(folder / "tls")
        found = Site(made, folder)
        yield found
        found.try_compose("down", "--volumes")


def certificate(folder: Path) -> None:
    folder.mkdir()
    key, made = folder / "key.pem", folder / "made.pem"
    words = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj"
    subprocess.run(
        [*words.split(), "/CN=byoip", "-keyout", key, "-out", made], check=True, capture_output=True
    )
    (folder / "site.pem").write_text(made.read_text() + key.read_text())


def build_the_version_before(site: Site) -> None:
    packed = subprocess.check_output(["git", "-C", REPOSITORY, "archive", BEFORE])
    tree = site.folder.parent / "before"
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(tree, filter="data")
    site.engine.docker("build", "--tag", "byoip:before", str(tree))


def first_customer(site: Site) -> tuple[str, str]:
    """A prefix that is approved and bound; its path, and a token."""
    account = site.byoip("account", "create", "Example Networks")
    token = site.byoip("token", "create", "--account", account, "automation")
    operator = site.byoip("token", "create", "Jo Doe")
    base = f"/accounts/{account}/addressing"
    made = ask(f"{base}/prefixes", token, "POST", {"cidr": "193.0.0.0/21", "asn": 64496})
    path = f"{base}/prefixes/{made['id']}"
    approve = ("operator", "prefixes", "approve", made["id"], "--reason", "on paper")
    site.byoip(*approve, BYOIP_URL="http://127.0.0.1:8080", BYOIP_OPERATOR_TOKEN=operator)
    service = ask(f"{base}/services", token)[0]["id"]
    ask(f"{path}/bindings", token, "POST", {"cidr": "193.0.0.0/21", "service_id": service})
    assert ask(path, token)["approved"] == "V"
    return path, token


def upgrade(site: Site) -> None:
    known = site.engine.known() | {"PATH": os.environ["PATH"]}
    program = str(site.folder / "tools" / "compose-upgrade")
    done = subprocess.run(
        [program, "--offline"], env=known, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.long
@pytest.mark.timeout(3000)
def test_the_compose_file_as_a_new_user_runs_it(site: Site) -> None:
    site.write()
    site.compose("up", "--detach", "--build")
    site.settle()
    path, token = first_customer(site)

    before = site.running()
    site.compose("up", "--detach")
    assert site.running() == before, "an unchanged `up` recreated copies"

    build_the_version_before(site)
    for version in ("before", "0.1.0"):  # back, and forward again
        site.write(BYOIP_VERSION=version)
        with load(path, token):
            upgrade(site)
        assert not site.running() & before
        before = site.running()

    check = ("run", "--rm", "-T", "--no-deps", "migrate", "config", "check")
    (site.folder / "byoip.env").write_text("BYOIP_TOKEN_DAYS=99\n")
    assert "token_days" in site.try_compose(*check).stderr
    (site.folder / "byoip.env").unlink()
    site.write(password="wrong")
    refused = site.try_compose(*check)
    assert refused.returncode == 1
    assert "password authentication failed" in refused.stderr
    assert site.running() == before
    assert ask(path, token)["approved"] == "V"

    change = "ALTER ROLE byoip PASSWORD 'second0password'"
    site.compose("exec", "-T", "postgres", "psql", "--username", "byoip", "--command", change)
    site.write(password="second0password")
    site.compose("up", "--detach")
    site.settle()
    assert ask(path, token)["approved"] == "V"

    all_of_them = site.engine.docker("ps", "--format", "{{.ID}}").split()
    pids = site.engine.docker("inspect", "--format", "{{.State.Pid}}", *all_of_them).split()
    subprocess.run(["kill", "-9", *pids], check=True)
    time.sleep(1)
    site.settle()
    assert ask(path, token)["approved"] == "V"

    site.engine.stop()
    site.engine.start()
    site.settle()
    assert ask(path, token)["approved"] == "V"
    assert "using the force" not in (site.engine.directory / "log").read_text(), "one was killed"
