"""Trust, 4.3: hostile PDFs of one account cost little, and keep no other account waiting."""

import asyncio
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from tempfile import TemporaryFile
from uuid import UUID, uuid4

import pytest

from byoip.adapters.letters import pdf_contents
from byoip.adapters.letters.pdf_inspector import ChildPdfInspector, Turns
from byoip.domain.letters import loa_document
from byoip.ports.letters.letters import PdfAccepted, PdfRefused, PdfVerdict
from tests.pdfs import bomb, pdf, stream
from tests.trust.served import Served, served

SMALL = pdf()
LABORIOUS = pdf(*[b"<< /A 1 /B [(x) (y)] >>"] * 40_000)  # seconds of work


class WatchedTurns(Turns):
    """Counts the children that look at the same time, and all looks."""

    def __init__(self, at_once: int) -> None:
        super().__init__(at_once)
        self.inside: Counter[UUID] = Counter()
        self.most = 0
        self.taken = 0
        self.order: list[UUID] = []

    @asynccontextmanager
    async def of(self, account_id: UUID) -> AsyncIterator[None]:
        async with super().of(account_id):
            self.taken += 1
            self.order.append(account_id)
            self.inside[account_id] += 1
            self.most = max(self.most, self.inside[account_id])
            try:
                yield
            finally:
                self.inside[account_id] -= 1


async def inspected(inspector: ChildPdfInspector, account_id: UUID, document: bytes) -> PdfVerdict:
    with TemporaryFile(buffering=0) as file:
        file.write(document)
        return await inspector.inspect(account_id, file)


# Of a process of its own: a child's memory is counted from that of the process that starts it.
MEASURE = """
import json, os, sys
pid = os.posix_spawn(sys.executable, [sys.executable, "-I", *sys.argv[1:]], {})
_, status, used = os.wait4(pid, 0)
ended = os.waitstatus_to_exitcode(status)
print()
print(json.dumps([ended, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024]))
"""


def looked_into(document: bytes) -> tuple[int, float, int]:
    """How the child ended (minus a signal's number), its processor seconds and bytes of memory."""
    argv = [sys.executable, "-c", MEASURE, pdf_contents.__file__]
    measured = subprocess.run(argv, input=document, capture_output=True, check=True)
    said, *_, figures = measured.stdout.splitlines()
    assert said == b"reading"
    ended, cpu, memory = json.loads(figures)
    return ended, cpu, memory


async def test_another_accounts_pdf_does_not_wait_for_sixteen_hostile_ones() -> None:
    turns, hostile, other = WatchedTurns(2), uuid4(), uuid4()
    inspector = ChildPdfInspector(turns=turns)
    attack = [asyncio.create_task(inspected(inspector, hostile, LABORIOUS)) for _ in range(16)]
    await asyncio.sleep(0)  # all of them stand before the other
    assert await inspected(inspector, other, SMALL) == PdfAccepted(1)
    assert turns.order.index(other) <= 2, "it begins beside the first of theirs"
    for task in attack:
        task.cancel()
    await asyncio.gather(*attack, return_exceptions=True)


async def test_an_account_has_one_inspected_at_a_time() -> None:
    turns, account_id = WatchedTurns(2), uuid4()
    inspector = ChildPdfInspector(turns=turns)
    every = [inspected(inspector, account_id, SMALL) for _ in range(4)]
    assert await asyncio.gather(*every) == [PdfAccepted(1)] * 4
    assert turns.most == 1


@pytest.mark.parametrize("hostile", [lambda: LABORIOUS, bomb], ids=["laborious", "a bomb"])
def test_it_costs_a_second_of_processor_and_256_mb(hostile: Callable[[], bytes]) -> None:
    document = hostile()
    ended, cpu, memory = looked_into(document)
    print(f"{len(document)} bytes: ended {ended}, {cpu:.2f} s of processor, {memory} bytes")  # noqa: T201 - a figure
    assert ended != 0
    assert cpu < 3  # with what starting takes; it was 8
    assert memory < 256 * 2**20


def test_no_document_makes_the_child_take_more_memory() -> None:
    """The reader has limits of its own for what it unpacks: these are for what it overlooks."""
    taking = "pdf_contents._limit(); bytearray({} * 2**20)"
    program = f"from byoip.adapters.letters import pdf_contents; {taking}"
    for megabytes, ends in ((50, 0), (256, 1)):
        argv = [sys.executable, "-c", program.format(megabytes)]
        ended = subprocess.run(argv, capture_output=True, check=False)
        assert ended.returncode == ends, ended.stderr


async def test_what_takes_too_much_is_refused_and_told_so() -> None:
    answer = await inspected(ChildPdfInspector(), uuid4(), LABORIOUS)
    assert answer == PdfRefused("it takes too long or too much memory to read")


async def test_a_letter_of_ten_megabytes_is_within_it() -> None:
    scanned = pdf(stream(os.urandom(9_000_000)))
    assert await inspected(ChildPdfInspector(), uuid4(), scanned) == PdfAccepted(1)


@pytest.fixture
def turns() -> WatchedTurns:
    return WatchedTurns(2)


@pytest.fixture
async def api(database_url: str, turns: WatchedTurns) -> AsyncIterator[Served]:
    async with served(database_url, inspector=ChildPdfInspector(turns=turns)) as running:
        yield running


async def test_the_quota_comes_before_the_inspection(
    api: Served, turns: WatchedTurns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loa_document, "DOCUMENTS_PER_ACCOUNT", 1)
    customer = await api.customer()
    assert (await customer.upload(SMALL)).status_code == 201
    answer = await customer.upload(LABORIOUS)
    assert answer.status_code == 409
    assert answer.json()["errors"][0]["name"] == "loa_document_quota_reached"
    assert turns.taken == 1


async def test_refused_ones_count(
    api: Served, turns: WatchedTurns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loa_document, "INSPECTED_PER_DAY", 3)
    hostile, other = await api.customer(), await api.customer()
    statuses = [(await hostile.upload(b"%PDF-1.7\n")).status_code for _ in range(5)]
    assert statuses == [422, 422, 422, 429, 429]
    assert turns.taken == 3
    answer = await hostile.upload(SMALL)
    assert int(answer.headers["retry-after"]) > 3600
    assert '"inspect";q=3;w=86400' in answer.headers["ratelimit-policy"]
    assert (await other.upload(SMALL)).status_code == 201


async def test_a_repeated_request_is_not_inspected_again(api: Served, turns: WatchedTurns) -> None:
    customer = await api.customer()
    files, key = {"loa_document": ("letter.pdf", SMALL)}, {"idempotency-key": "once"}
    answers = [
        await customer.ask("POST", "/loa_documents", files=files, headers=key) for _ in range(2)
    ]
    assert answers[0].content == answers[1].content
    assert turns.taken == 1


async def test_sixteen_hostile_uploads_at_once_keep_no_other_customer_waiting(
    api: Served, turns: WatchedTurns
) -> None:
    hostile, other = await api.customer(), await api.customer()
    attack = [asyncio.create_task(hostile.upload(LABORIOUS)) for _ in range(16)]
    while not turns.taken:  # noqa: ASYNC110 - the first is being inspected
        await asyncio.sleep(0.01)
    assert (await other.upload(SMALL)).status_code == 201
    assert turns.order.index(other.account_id) <= 4
    statuses = Counter(answer.status_code for answer in await asyncio.gather(*attack))
    assert set(statuses) == {422, 429}
