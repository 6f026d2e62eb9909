"""Webhooks 6: signatures, by a verifier of the specification's that knows nothing of ours."""

import base64
import hashlib
import hmac
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from byoip.adapters.hooks.signing import HookSigner, UnusableHookKey, signer_of_our_own
from byoip.domain.claims.claim import Claim
from byoip.domain.hooks.webhook import Webhook
from byoip.usecases.hooks import webhooks
from byoip.usecases.hooks.webhooks import Issued
from tests.hooks.hooked import Hooked
from tests.hooks.receivers import Got, Receiver

DESCRIBED = "prefix.described"


def signatures(got: Got, version: str) -> list[bytes]:
    """Of one version, in their order."""
    items = [one.split(",", 1) for one in got.headers["webhook-signature"].split(" ")]
    return [base64.b64decode(text, validate=True) for kind, text in items if kind == version]


def signed(got: Got) -> bytes:
    head = f"{got.headers['webhook-id']}.{got.headers['webhook-timestamp']}."
    return head.encode() + got.body


def by_secret(got: Got, secret: str) -> bool:
    """Section "Verifying webhook authenticity", HMAC-SHA256."""
    key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    assert 24 <= len(key) <= 64
    wanted = hmac.new(key, signed(got), hashlib.sha256).digest()
    return any(hmac.compare_digest(wanted, one) for one in signatures(got, "v1"))


def by_key(got: Got, public: str) -> bool:
    """The same, Ed25519."""
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public.removeprefix("whpk_")))
    for one in signatures(got, "v1a"):
        try:
            key.verify(one, signed(got))
        except InvalidSignature:
            continue
        return True
    return False


async def test_each_message_verifies_by_secret_and_by_key(
    hooked: Hooked, claim: Claim, there: Receiver
) -> None:
    hook = await hooked.hook(there)
    await hooked.happen(claim, DESCRIBED)
    await hooked.send()
    secret = hooked.secrets[hook.id]
    assert secret.startswith("whsec_")
    assert hook.public_key.startswith("whpk_")
    assert len(there.got) == 2
    for got in there.got:
        assert by_secret(got, secret)
        assert by_key(got, hook.public_key)
        told = int(got.headers["webhook-timestamp"])
        assert told == int(hooked.clock.at.timestamp())
        assert not by_secret(Got(got.path, got.headers, got.body + b" "), secret)
    [test, _] = there.got
    other = HookSigner(b"x" * 32).secret(hook.id, 1)
    assert not by_secret(test, other.symmetric)


async def rotate(hooked: Hooked, hook: Webhook) -> Issued:
    rotating = partial(webhooks.rotate, terms=hooked.hook_terms)
    made: Issued = await hooked.do(rotating, hook)
    return made


async def test_for_a_day_both_secrets_sign_and_then_the_new_one_alone(
    hooked: Hooked, claim: Claim, there: Receiver
) -> None:
    hook = await hooked.active(there)
    old = hooked.secrets[hook.id]
    made = await rotate(hooked, hook)
    assert made.secret != old
    await hooked.happen(claim, DESCRIBED)
    await hooked.send()
    hooked.clock.advance(timedelta(hours=24))
    await hooked.happen(claim, DESCRIBED)
    await hooked.send()
    both, after = there.got
    assert by_secret(both, old)
    assert by_secret(both, made.secret)
    assert by_key(both, hook.public_key)
    assert by_key(both, made.webhook.public_key)
    assert not by_secret(after, old)
    assert not by_key(after, hook.public_key)
    assert by_secret(after, made.secret)


async def test_under_another_key_of_the_operators_nothing_is_sent_until_a_secret_is_made(
    hooked: Hooked, claim: Claim, there: Receiver
) -> None:
    hook = await hooked.active(there)
    hooked.signer = HookSigner(b"another key of the operator's...")
    await hooked.happen(claim, DESCRIBED)
    await hooked.send()
    assert there.got == [], "its receiver could not verify that"
    made = await rotate(hooked, hook)
    assert made.webhook.former_until is None
    await hooked.send()
    assert by_secret(there.got[0], made.secret)


async def test_the_database_holds_no_secret(hooked: Hooked, there: Receiver) -> None:
    hook = await hooked.hook(there)
    raw = base64.b64decode(hooked.secrets[hook.id].removeprefix("whsec_"))
    async with hooked.store.transaction() as tx:
        found = await tx.connection.exec_driver_sql("SELECT webhooks::text AS row FROM webhooks")
        [kept] = [row.row for row in found]
    assert hooked.secrets[hook.id] not in kept
    assert raw.hex() not in kept


def test_secrets_differ_by_webhook_generation_and_version() -> None:
    signer, one = HookSigner(b"k" * 32), UUID(int=1)
    made = {signer.secret(UUID(int=who), number) for who in (1, 11) for number in (1, 2, 11)}
    assert len({one.symmetric for one in made}) == len({one.public_key for one in made}) == 6
    assert HookSigner(b"k" * 32).secret(one, 1) == signer.secret(one, 1)


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"not base64!", "not base64"), (b"c2hvcnQ=", "has 5 bytes"), (b"", "has 0 bytes")],
)
def test_a_key_that_cannot_be_used(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    with pytest.raises(UnusableHookKey, match=said):
        HookSigner.load(path)
    with pytest.raises(UnusableHookKey, match="No such file"):
        HookSigner.load(tmp_path / "none")


def test_the_services_own_key_stays_and_is_its_owners_alone(tmp_path: Path) -> None:
    first = signer_of_our_own(tmp_path, b"1" * 32)
    assert signer_of_our_own(tmp_path, b"2" * 32).key_id == first.key_id
    assert (tmp_path / "webhook.key").stat().st_mode & 0o777 == 0o600
