"""Trust, 2.1: an operator's own entry for an RIR, for a budget say, does not end its holder rule.

The settings are a file, the registry is a whois server on loopback.
"""

from pathlib import Path

import pytest

from byoip.domain.checks.evidence import Check, Failed, Reason
from byoip.domain.checks.rirs import RIRS
from byoip.domain.checks.validation_run import RunResult
from byoip.sandbox.whois_server import WhoisServer
from byoip.settings.loader import read_settings
from tests.trust.parties import Parties, whois_at
from tests.trust.test_2_3_no_dead_ends import JAPANESE, block, brought, route

KEYS = {one.key: one for one in RIRS}


def replaced(tmp_path: Path, key: str, *more: str, host: str = "127.0.0.1") -> Path:
    """A settings file with no more than the entry must have, and these lines."""
    rir = KEYS[key]
    lines = [
        "origin_asns = [64500]",
        "[[registries]]",
        f'key = "{key}"',
        f'source = "{rir.source}"',
    ]
    lines += [f'host = "{host}"', f'dialect = "{rir.dialect}"', *more]
    path = tmp_path / "byoip.toml"
    path.write_text("\n".join(lines))
    return path


@pytest.mark.parametrize(
    ("more", "result"),
    [
        pytest.param([], RunResult.FAILED, id="kept"),
        pytest.param(["holder_rule = false"], RunResult.APPROVED, id="the operator's word"),
    ],
)
async def test_2_1_a_transit_provider_proves_nothing_at_a_replaced_registry(
    registry_world: tuple[Parties, WhoisServer], tmp_path: Path, more: list[str], result: RunResult
) -> None:
    world, _ = registry_world
    async with whois_at(KEYS["apnic"]) as (apnic, there):
        port = f"port = {there['apnic'].port}"
        path = replaced(tmp_path, "apnic", port, "budget = { per_minute = 600 }", *more)
        world.known |= read_settings({"BYOIP_CONFIG": str(path)}).all_registries
        claim = await brought(world, JAPANESE)
        apnic.put("APNIC", block(claim.prefix, "MAINT-HOLDER-AP"))
        token = (await world.token(claim)).value
        apnic.put("APNIC", route(claim.prefix, "APNIC", token, "MAINT-TRANSIT-AP"))
        run = await world.validate(claim)
    assert run.run.result is result
    if result is RunResult.FAILED:
        outcome = {one.check: one.outcome for one in run.findings}[Check.OWNERSHIP_IRR]
        assert isinstance(outcome, Failed)
        assert outcome.reason is Reason.MAINTAINER_NOT_HOLDER


@pytest.mark.parametrize("key", KEYS)
def test_2_1_an_entry_that_names_the_least_changes_nothing(tmp_path: Path, key: str) -> None:
    path = replaced(tmp_path, key, host=KEYS[key].host)
    assert read_settings({"BYOIP_CONFIG": str(path)}).all_registries == KEYS


def test_2_1_another_host_is_not_asked_over_tls_at_the_old_one(tmp_path: Path) -> None:
    path = replaced(tmp_path, "ripencc")
    registry = read_settings({"BYOIP_CONFIG": str(path)}).all_registries["ripencc"]
    assert registry.holder_rule
    assert registry.rest_url is None
