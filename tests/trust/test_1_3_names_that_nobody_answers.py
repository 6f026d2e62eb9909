"""Trust, 1.3: the silent name servers of one party keep us from finding no other."""

import asyncio
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from byoip.adapters.event_loop import EventLoop
from byoip.cli import stopping
from tests.trust.silent_names import KNOWN, SILENT, scenario

REPOSITORY = Path(__file__).parents[2]
# In a network and with files of its own: the system's resolver cannot be led elsewhere.
ELSEWHERE = """
ip link set lo up && cd "$1" && for one in *; do mount --bind $one /etc/$one || exit 77; done
cd "$2" && exec "$3" -c "$4"
"""
AT_A_SILENT_SERVER = """
import socket
from byoip.cli import stopping
from tests.trust.silent_names import scenario

silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
silent.bind(("127.0.0.1", 53))
raise SystemExit(stopping.run(scenario()))
"""


def test_1_3_a_name_server_that_is_silent_holds_up_no_other_name(tmp_path: Path) -> None:
    """Of the system's own resolver; who may not have one elsewhere has the tests below."""
    # The resolver gives up when the test has: the process ends without it.
    waits = "options timeout:30 attempts:5\n"
    (tmp_path / "resolv.conf").write_text(f"nameserver 127.0.0.1\n{waits}")
    (tmp_path / "hosts").write_text(f"127.0.0.1 localhost {KNOWN}\n")
    (tmp_path / "nsswitch.conf").write_text("hosts: files dns\n")
    apart = ["unshare", "--map-root-user", "--mount", "--net", "sh", "-c", ELSEWHERE, "sh"]
    argv = [*apart, str(tmp_path), str(REPOSITORY)]
    if subprocess.run([*argv, "true"], check=False, capture_output=True).returncode:
        pytest.skip("no other network here")
    ran = subprocess.run(
        [*argv, sys.executable, AT_A_SILENT_SERVER], check=False, capture_output=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr.decode()


class Resolver:
    """The system's, of which one name gets no answer while it is silent."""

    def __init__(self) -> None:
        self.known = socket.getaddrinfo
        self.speaks = threading.Event()
        self.asked: list[str] = []

    def found(self, host: Any, *more: Any, **given: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        self.asked.append(name)
        if name == SILENT:
            self.speaks.wait(20)
        if name == "nowhere.example":
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return self.known("127.0.0.1", *more, **given)


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Resolver]:
    made = Resolver()
    monkeypatch.setattr(socket, "getaddrinfo", made.found)
    yield made
    made.speaks.set()


@pytest.mark.parametrize(
    "run",
    [
        pytest.param(lambda: stopping.run(scenario()), id="run"),
        pytest.param(lambda: stopping.run_until_stopped(lambda _: scenario()), id="serve"),
    ],
)
def test_1_3_a_name_that_hangs_holds_up_no_registry_and_no_upload(
    resolver: Resolver, run: Callable[[], int]
) -> None:
    begun = time.monotonic()
    assert run() == 0
    assert time.monotonic() - begun < 10, "the process waits for no resolver"
    assert resolver.asked.count(SILENT) == 2, "one question for all who wait, of each port"


def in_the_loop(main: Callable[[], Any]) -> Any:
    with asyncio.Runner(loop_factory=EventLoop) as runner:
        return runner.run(main())


def test_1_3_who_waits_no_longer_takes_the_answer_from_no_other(resolver: Resolver) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        first, *rest = [asyncio.create_task(loop.getaddrinfo(SILENT, 43)) for _ in range(5)]
        await asyncio.sleep(0.1)
        first.cancel()
        await asyncio.sleep(0.1)
        assert first.cancelled()
        assert not any(one.done() for one in rest)
        resolver.speaks.set()
        for found in await asyncio.gather(*rest):
            assert found[0][4] == ("127.0.0.1", 43)
        assert resolver.asked == [SILENT]
        await loop.getaddrinfo(SILENT, 43)
        assert resolver.asked == [SILENT] * 2, "nothing is kept"

    in_the_loop(main)


def test_1_3_what_a_resolver_refuses_all_who_wait_hear(resolver: Resolver) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        asking = [loop.getaddrinfo("nowhere.example", 43) for _ in range(3)]
        heard = await asyncio.gather(*asking, return_exceptions=True)
        assert [type(one) for one in heard] == [socket.gaierror] * 3

    in_the_loop(main)
    assert set(resolver.asked) == {"nowhere.example"}
