"""Words and numbers that are stored or sent, and stand in the sources as literals only."""

import ast
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from tests.net import today
from tests.net.held import hold
from tests.net.literals import Sources, last_name, matching, sources

# What looks like the kind of an event, and is none: columns, files, options of libraries.
_NO_EVENT = re.compile(
    r"(byoip|grpc|http)\..*|[a-z_]+\.(id|json|log|pid|typ|unfinished|sock|toml|pem|svg|html|css|js|jwt)"
    r"|(prefixes|bindings|findings|withdrawals|letters|services|loa_documents)\..*"
)
_SQL_CALL = re.compile(r"(?i)\b(pg_\w*(?:advisory|notify)\w*)\s*\(([^()]*)")
_LISTEN = re.compile(r"\b(?:UN)?LISTEN\s+\S+|\bNOTIFY\s+\S+")
_NUMBER = re.compile(r"\b0x[0-9A-Fa-f]+\b|\b\d+\b")
_LEAST_LETTERS = 3
_ENDS = ("Exit", "exit", "_exit")


@pytest.fixture(scope="module")
def package() -> Sources:
    return sources(*today.SOURCES)


def event_facts(package: Sources) -> Iterator[str]:
    for text in matching(package.texts(), r"[a-z_]+\.(?:[a-z_]+|\{\})"):
        if not _NO_EVENT.fullmatch(text):
            yield f"kind {text}"
    for call, around in package.around(today.EVENT_MAKERS):
        yield from (f"says {key}" for key in package.members(call, around))


def actor_facts(package: Sources) -> Iterator[str]:
    """Who did it, and the request or job: both are stored with every event."""
    for call in package.calls(today.ACTOR_MAKERS):
        given = [*call.args, *(one.value for one in call.keywords)]
        for actor, request in product(*(sorted(package.values(one)) or ["?"] for one in given[:2])):
            yield f"{actor} for {request}"


def spells(number: int) -> bool:
    """Whether it is letters, or begins with "by": locks are numbered so."""
    text = number.to_bytes(8, "big").lstrip(b"\0")
    letters = text.isalpha() and text.islower() and len(text) >= _LEAST_LETTERS
    return letters or f"{number:x}".startswith("6279")


def lock_facts(package: Sources) -> Iterator[str]:
    """Numbers wherever they stand, and the calls as SQL has them."""
    numbers = set(package.numbers())
    for text in package.texts():
        for name, given in _SQL_CALL.findall(text):
            calls = [int(one, 0) for one in _NUMBER.findall(given)]
            numbers.update(calls)
            yield f"{name}({', '.join(map(str, calls)) or '...'})"
    for node in package.nodes:
        if re.fullmatch(r"pg_\w*(advisory|notify)\w*", last_name(node) or ""):
            yield f"{last_name(node)}(...)"
    yield from (f"number {one}" for one in numbers if one < 2**63 and spells(one))


def name_facts(package: Sources) -> Iterator[str]:
    """Channels, metrics, loggers, variables: what bears the program's name."""
    texts = list(package.texts())
    yield from matching(texts, r"byoip_[a-z_]+")
    yield from matching(texts, r"BYOIP_[A-Z_]*|DATABASE_URL|XDG_[A-Z_]+|PG[A-Z]+")
    for text in texts:
        yield from _LISTEN.findall(text)
    for call in package.calls({"getLogger"}):
        yield from (f"logger {text}" for one in call.args for text in package.values(one))


def deferred_facts(package: Sources) -> Iterator[str]:
    """Jobs as they are enqueued: their names, queues and arguments."""
    for call in package.calls({"configure_task"}):
        names = package.values(call.args[0]) if call.args else set()
        queues = [one.value for one in call.keywords if one.arg == "queue"]
        queue = sorted({text for one in queues for text in package.values(one)})
        yield f"enqueues {' '.join(sorted(names))} in {' '.join(queue)}"
    for call in package.calls({"defer", "defer_async"}):
        yield f"gives {' '.join(str(one.arg) for one in call.keywords)}"
    for call in package.calls({"put_off"}):  # by the queue's own function
        for given in [_members(one) for one in call.args]:
            if "task" in given:
                told = [" ".join(sorted(package.values(given[one]))) for one in ("task", "queue")]
                yield f"enqueues {' in '.join(told)}"
                args = given["args"]
                assert isinstance(args, ast.Call)
                yield f"gives {' '.join(_members(args.args[0]))}"


def _members(node: ast.expr) -> dict[str, ast.expr]:
    if not isinstance(node, ast.Dict):
        return {}
    pairs = zip(node.keys, node.values, strict=True)
    return {str(key.value): value for key, value in pairs if isinstance(key, ast.Constant)}


def logged_facts(package: Sources) -> Iterator[str]:
    """What lines of the log carry beside their message."""
    for call, around in package.around({"debug", "info", "warning", "error", "exception", "log"}):
        extra = [one for one in call.keywords if one.arg == "extra"]
        if extra:
            given = ast.Call(func=call.func, args=[], keywords=extra)
            yield from (f"extra {key}" for key in package.members(given, around))


def ending_facts(package: Sources) -> Iterator[str]:
    for call in package.calls(_ENDS):
        for node in call.args:
            texts = package.values(node) if not isinstance(node, ast.JoinedStr) else {"text"}
            yield from (f"ends with {one}" for one in texts if re.fullmatch(r"-?\d+", one))


def test_kinds_of_events_and_what_they_say_stay(package: Sources) -> None:
    hold("events", event_facts(package))


def test_actors_and_requests_in_stored_history_stay(package: Sources) -> None:
    hold("actors", actor_facts(package))


def test_numbers_of_advisory_locks_stay(package: Sources) -> None:
    hold("locks", lock_facts(package))


def test_names_that_bear_the_programs_name_stay(package: Sources) -> None:
    hold("names", name_facts(package))


def test_jobs_are_enqueued_by_the_same_names(package: Sources) -> None:
    hold("deferred", deferred_facts(package))


def test_members_of_log_lines_stay(package: Sources) -> None:
    hold("logged", logged_facts(package))


def test_exit_codes_stay(package: Sources) -> None:
    hold("endings", ending_facts(package))


def test_the_values_of_enumerations_stay(package: Sources) -> None:
    """Most are stored or sent; of those that are neither, this may be written again."""
    hold("enumerations", (" | ".join(one) for one in package.enumerations() if one[1:]))


_BEFORE = """
def one(by):
    add(MAKER("worker", f"job-{by.id}"), "prefix.made")
    ask("SELECT pg_advisory_lock(0x6279, 0x656467)")
"""
_AFTER = """
from enum import StrEnum
class Kind(StrEnum):
    MADE = "prefix.made"
class Other(StrEnum):
    WORKER = "other"
class Who(StrEnum):
    WORKER = "worker"
SPACE, EDGES = 0x6279, 0x656467
class Moved:
    def renamed(self, by):
        self.add(moved.MAKER(Who.WORKER.value, f"job-{by.number}"), Kind.MADE)
        self.ask(f"SELECT pg_advisory_lock({SPACE}, {EDGES})")
"""


def test_a_literal_may_move_and_become_a_constant_or_a_member(tmp_path: Path) -> None:
    (maker,) = today.ACTOR_MAKERS
    found = []
    for name, text in (("before", _BEFORE), ("after", _AFTER)):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.py").write_text(text.replace("MAKER", maker))
        package = Sources(tmp_path / name)
        collected = (event_facts(package), actor_facts(package), lock_facts(package))
        found.append([set(one) for one in collected])
    before, after = found
    assert before == after
    assert {"worker for job-{}"} in before
