"""`byoip operator speakers`: the settings of speakers, looked at, applied and taken back."""

from ipaddress import IPv4Address
from uuid import uuid4

from byoip.domain.asn import AS0
from byoip.domain.routes.route import PathAttributes
from byoip.domain.speakers.revision import SpeakerEntry
from byoip.store.speakers.routes import Routes
from tests.cli.test_operator import WHY, Shell, shell

__all__ = ["shell"]


async def test_settings_of_speakers(shell: Shell) -> None:
    assert "(speaker_revision_rests)" in await shell.refused("speakers", "take-back", *WHY)
    revisions, process = Routes(shell.engine).revisions, uuid4()
    for hop in ("192.0.2.1", "192.0.2.9"):
        attributes = PathAttributes(AS0, IPv4Address(hop))
        entries = (SpeakerEntry("fra1", "127.0.0.1:50051", 1, attributes),)
        await revisions.adopt("worker", entries)
        await revisions.propose(process, "worker:7", entries)
    said = await shell.says("speakers", "plan")
    assert "next_hop4: 192.0.2.1 -> 192.0.2.9" in said
    assert "worker:7" in said
    assert "travelling" in await shell.says("speakers", "apply", *WHY)
    assert "travelling" in await shell.says("speakers", "take-back", *WHY)
    await revisions.withdraw_proposal(process)
    assert "0 proposals, not one" in str((await shell.run("speakers", "apply", *WHY)).exception)
