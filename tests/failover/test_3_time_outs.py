"""Failover 3: the limits that operators read of are those of the code."""

from pathlib import Path

import pytest

from byoip.store import connecting, silence
from byoip.store.database_url import parameters
from byoip.store.engine import SESSION, PoolSize
from byoip.worker import recognising

OPERATING = (Path(__file__).parents[2] / "docs" / "operating.md").read_text()
CHAPTER = " ".join(OPERATING.split("\n## High availability\n")[1].split("\n## ")[0].split())
URL = parameters("postgresql://a/b")
IDLE, INTERVAL, COUNT = (URL[f"keepalives_{one}"] for one in ("idle", "interval", "count"))
WORDS = {2: "two", 3: "three", 7: "seven"}
GIVEN_UP = connecting._DOUBT_SECONDS + silence._SPEAK_TIMES * silence._SPEAK_SECONDS


def whole(seconds: float) -> int:
    assert seconds == int(seconds)
    return int(seconds)


def of_session(name: str) -> int:
    return whole(int(SESSION[name]) / 1000)


@pytest.mark.parametrize(
    "said",
    [
        (
            f"| connecting | {URL['connect_timeout']} s for each address, "
            f"{whole(connecting._HOST_SECONDS)} s for each host |"
        ),
        (
            f"| a host that says nothing | {whole(int(URL['tcp_user_timeout']) / 1000)} s | "
            f"`keepalives_idle`, `_interval`, `_count` ({IDLE}, {INTERVAL}, {COUNT} s) and "
            f"`tcp_user_timeout` ({URL['tcp_user_timeout']} ms)"
        ),
        (
            f"| a statement | {of_session('statement_timeout')} s by the server, "
            f"{whole(connecting.STATEMENT_SECONDS)} s by our own clock |"
        ),
        f"| waiting for a lock | {of_session('lock_timeout')} s |",
        f"| a connection from the pool | {whole(PoolSize().wait_seconds)} s |",
        f"After {WORDS[whole(connecting._DOUBT_SECONDS)]} seconds without an answer",
        f"for {WORDS[whole(silence._SPEAK_SECONDS)]} seconds. If it does not, all connections",
        f"is given up after about {WORDS[whole(GIVEN_UP)]} seconds",
        f"A write gets 503 within {whole(connecting.STATEMENT_SECONDS)} s",
        f"waits for their words, {whole(recognising._TESTIMONY_SECONDS)} s at most",
    ],
)
def test_a_limit_in_the_chapter_is_the_one_in_force(said: str) -> None:
    assert said in CHAPTER
