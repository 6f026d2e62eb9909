"""Tools 3.3: the specification's own verifiers, in Python and on node, accept each delivery."""

import json
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from byoip.domain.claims.claim import Claim
from byoip.usecases.hooks import webhooks
from tests.clients.parts import HERE, NODE_MODULES, TOOLS, Part, require
from tests.hooks.conftest import claim, database_url, hooked, there
from tests.hooks.hooked import Hooked
from tests.hooks.receivers import Got, Receiver, answering

__all__ = ["claim", "database_url", "hooked", "there"]  # fixtures

pytestmark = pytest.mark.real

Verify = Callable[[str, Sequence[Got]], int]


def verified(program: Sequence[str | Path], secret: str, deliveries: Sequence[Got]) -> int:
    """How many of them a library takes as signed by this secret."""
    shown = [{"body": one.body.decode(), "headers": dict(one.headers)} for one in deliveries]
    told = json.dumps({"secret": secret, "deliveries": shown})
    ran = subprocess.run(program, input=told, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return int(ran.stdout)


@pytest.fixture(params=["python", "node"])
def verify(request: pytest.FixtureRequest, tmp_path: Path) -> Verify:
    if request.param == "python":
        require(Part.TOOLS)
        return partial(verified, [TOOLS / "python", HERE / "python" / "verifying.py"])
    require(Part.NODE, Part.PACKAGES)
    program = shutil.copy(HERE / "npm" / "verifying.mjs", tmp_path)
    (tmp_path / "node_modules").symlink_to(NODE_MODULES)
    return partial(verified, ["node", program])


async def test_each_delivery_is_accepted_and_none_that_was_changed(
    hooked: Hooked, claim: Claim, there: Receiver, verify: Verify
) -> None:
    hook = await hooked.hook(there)
    await hooked.happen(claim, "prefix.described", "rpki.drifted", seen="häß\u2028lich")
    await hooked.send()
    await hooked.do(webhooks.redeliver, await hooked.read(hook), number=1)
    there.answer = answering(503)
    await hooked.happen(claim, "rpki.recovered")
    await hooked.send()
    kinds = {one.shown["type"] for one in there.got}
    assert kinds >= {"endpoint.test", "prefix.described", "rpki.drifted", "rpki.recovered"}
    assert verify(hooked.secrets[hook.id], there.got) == len(there.got) >= 5
    changed = [replace(one, body=one.body.replace(b"data", b"dada")) for one in there.got]
    moved = [replace(one, headers={**one.headers, "webhook-id": "evt_1"}) for one in there.got]
    assert verify(hooked.secrets[hook.id], [*changed, *moved]) == 0


async def test_while_a_secret_is_replaced_the_old_one_and_the_new_one_verify(
    hooked: Hooked, claim: Claim, there: Receiver, verify: Verify
) -> None:
    hook = await hooked.active(there)
    issued = await hooked.do(partial(webhooks.rotate, terms=hooked.hook_terms), hook)
    await hooked.happen(claim, "rpki.drifted")
    await hooked.send()
    for secret in (hooked.secrets[hook.id], issued.secret):
        assert verify(secret, there.got) == len(there.got) >= 1
