"""The walk of README, line by line, and a customer's other commands, against a running sandbox."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from byoip_cli.faults import Status
from tests.end_to_end.running import Running, environment

README = Path(__file__).parents[2] / "README.md"
BYOIP = [sys.executable, "-c", "from byoip.cli.commands import main; main()"]
CIDR = "198.18.4.0/22"
WALK = [
    line
    for line in re.findall(r"^byoip (prefixes .*|sandbox .*)$", README.read_text(), re.MULTILINE)
    if CIDR in line
]


@pytest.fixture
def given(service: Running, tmp_path: Path) -> Mapping[str, str]:
    """What `make demo` has its reader export."""
    return {
        "BYOIP_URL": service.ready["base_url"].removesuffix("/client/v4"),
        "BYOIP_TOKEN": service.ready["api_token"],
        "SANDBOX": service.ready["sandbox_control_url"],
        "XDG_CONFIG_HOME": str(tmp_path),
    }


def ended(
    given: Mapping[str, str], words: str, where: Path, status: Status = Status.DONE
) -> tuple[str, str]:
    """Data and talk of a command."""
    done = subprocess.run(
        [*BYOIP, *words.split()],
        env=environment(**given),
        cwd=where,
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )
    assert done.returncode == status, (words, done.stdout, done.stderr)
    return done.stdout, done.stderr


def test_the_walk_of_readme_is_six_lines_and_leads_to_an_announced_prefix(
    service: Running, given: Mapping[str, str], tmp_path: Path
) -> None:
    assert len(WALK) == 6
    told = [ended(given, line, tmp_path) for line in WALK]
    added, checked, announced = told[0][1], told[2][1], told[4][0]
    assert "byoip-validation.4.18.198.in-addr.arpa. 300 IN TXT" in added, "a line to paste"
    assert "Next: byoip prefixes check 198.18.4.0/22 --wait" in added
    assert "It is approved." in checked
    assert "Next: byoip prefixes bind 198.18.4.0/22 SERVICE" in checked
    assert re.search(r"^wanted +yes$", announced, re.MULTILINE)
    assert (tmp_path / "letter-198.18.4.0-22.pdf").read_bytes().startswith(b"%PDF")

    shown, _ = ended(given, "prefixes show 198.18.5.9 --json", tmp_path)
    prefix = json.loads(shown)
    assert (prefix["cidr"], prefix["approved"]) == (CIDR, "V")
    watched, _ = ended(given, f"prefixes watch {CIDR} --after 0 --count 1 --json", tmp_path)
    assert json.loads(watched)["kind"] == "prefix.created"
    page, _ = ended(given, f"prefixes open {CIDR} --json", tmp_path)
    assert json.loads(page)["url"].endswith(f"/ui/prefixes/{prefix['id']}")
    making = "operator accounts create Other --reason test --json"
    operators = {**given, "BYOIP_OPERATOR_TOKEN": service.ready["operator_token"]}
    other = json.loads(ended(operators, making, tmp_path)[0])
    words = f"prefixes delegate {CIDR} {other['id']} --cidr 198.18.5.0/24 --json"
    delegated = json.loads(ended(given, words, tmp_path)[0])
    expected = ("198.18.5.0/24", other["id"])
    assert (delegated["cidr"], delegated["delegated_account_id"]) == expected
    _, talk = ended(given, words, tmp_path, Status.REFUSED)
    assert "delegat" in talk, "nothing is delegated twice"
    _, talk = ended(given, f"prefixes withdraw {CIDR}", tmp_path)
    assert f"{CIDR} is announced; bound: CDN." in talk, "26: it says first what that touches"
    _, talk = ended(given, f"prefixes offboard {CIDR}", tmp_path)
    assert f"{CIDR}: announced: nothing; bindings: 1." in talk
    restored, _ = ended(given, f"prefixes restore {CIDR} --json", tmp_path)
    assert json.loads(restored)["standing"] == "ok"


def test_what_waits_for_the_customer_ends_with_3(given: Mapping[str, str], tmp_path: Path) -> None:
    cidr = "198.18.12.0/22"
    words = f"prefixes add {cidr} --asn 64500 --wait --timeout 5 --json"
    data, talk = ended(given, words, tmp_path, Status.WAITS)
    assert json.loads(data)["approved"] == "P"
    assert talk.count("* rpki_missing") == 1, "said once, not at each look"
    assert "max length 22" in talk
    ended(given, f"prefixes check {cidr}", tmp_path, Status.WAITS)
    ended(given, f"prefixes add {cidr} --asn 64500", tmp_path, Status.REFUSED)
    ended(given, f"prefixes announce {cidr}", tmp_path, Status.NOT_FOUND)
    ended(given, f"prefixes letter get {cidr}", tmp_path, Status.NOT_FOUND)
    ended(given, f"prefixes bind {cidr} Nothing", tmp_path, Status.NOT_FOUND)
    listed, _ = ended(given, "prefixes list", tmp_path)
    assert all(one in listed for one in (cidr, "pending", "rpki_missing"))
