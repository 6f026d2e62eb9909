"""Trust, 4.2: a full disk is said as such, and costs uploads only."""

import logging
from pathlib import Path
from typing import Any

import pytest

from byoip.api.border import uploads
from tests.pdfs import pdf
from tests.trust.served import served

FULL = Path("/dev/full")  # each write to it fails as on a full disk, full(4)


def _on_a_full_disk(**_: Any) -> Any:
    return FULL.open("r+b", buffering=0)


async def test_a_full_disk_refuses_uploads_and_nothing_else(
    database_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with served(database_url) as api:
        customer = await api.customer()
        with monkeypatch.context() as full:
            full.setattr(uploads, "TemporaryFile", _on_a_full_disk)
            for document in (pdf(), pdf() + b"\0" * 200_000):  # at the end, and under way
                refused = await customer.upload(document)
                assert refused.status_code == 503, refused.text
                assert refused.json()["errors"][0]["name"] == "no_room_for_uploads"
                assert refused.headers["retry-after"] == "60"
            assert (await customer.ask("GET", "/prefixes")).status_code == 200
        assert not api.backend.uploads.of
        said = [one for one in caplog.records if one.levelno >= logging.ERROR]
        assert {"No space left on device"} == {one.getMessage().rpartition(": ")[2] for one in said}
        assert (await customer.upload(pdf())).status_code == 201
