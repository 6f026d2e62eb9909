from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.claims.claim import Claim
from tests.mail.mailed import Mailed
from tests.mail.servers import MailServer, mail_server


@pytest.fixture
def database_url(restored_url: str) -> str:
    return restored_url


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    async with mail_server() as made:
        yield made


@pytest.fixture
async def mailed(engine: AsyncEngine, tmp_path: Path, server: MailServer) -> Mailed:
    made = Mailed(engine, tmp_path, port=server.port)
    made.account_id = await made.new_account()
    return made


@pytest.fixture
async def claim(mailed: Mailed) -> Claim:
    """Something that events are about."""
    return await mailed.claim()
