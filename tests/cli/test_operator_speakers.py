"""`byoip operator speakers`: the settings of speakers, and what is drained."""

from datetime import timedelta
from ipaddress import IPv4Address
from uuid import uuid4

from byoip.domain.asn import AS0
from byoip.domain.routes.route import PathAttributes
from byoip.domain.speakers.revision import SpeakerEntry
from byoip.store.speakers.routes import Routes
from tests.cli.test_operator import WHY, Shell, first_id, shell

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


async def test_drains(shell: Shell) -> None:
    attributes = PathAttributes(AS0, IPv4Address("192.0.2.1"))
    entries = tuple(
        SpeakerEntry(name, "127.0.0.1:50051", stage, attributes)
        for stage, name in enumerate(("fra1", "ams1"), 1)
    )
    await Routes(shell.engine).revisions.adopt("worker", entries)
    end = ("--until", (shell.backend.clock.now() + timedelta(hours=1)).isoformat())
    assert "draining" in await shell.says("speakers", "drain", "fra1", *end, *WHY)
    made = first_id(await shell.says("speakers", "drain-stage", "2", *end, *WHY, "--wait", "9"))
    assert "fra1" in await shell.says("speakers", "drains")
    assert "lifting" in await shell.says("speakers", "lift", made, *WHY)
    assert "(drain_not_found)" in await shell.refused("speakers", "lift", made, *WHY)
    stranger = ("fra1", "--neighbour", "192.0.2.9", *end, *WHY)
    assert "(drain_target_not_found)" in await shell.refused("speakers", "drain", *stranger)
