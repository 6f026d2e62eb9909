"""Time: `make demo` brings one prefix with the customer's own AS number; twice, so it cleans up."""

import re
import subprocess

from tests.databases import directory_open_to_all, fast_place
from tests.end_to_end.running import BYOIP, environment

CODE = 64  # hex digits of what signs in


def test_one_prefix_has_the_customers_own_number() -> None:
    with directory_open_to_all(fast_place()) as directory:
        for columns in ("60", "80"):
            done = subprocess.run(
                [BYOIP, "demo", "--exit", "--port", "0", "--data-dir", directory],
                env=environment(COLUMNS=columns),
                capture_output=True,
                text=True,
                check=False,
                timeout=150,
            )
            assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
            assert "asn_ownership: valid  AS64501" in done.stdout
            for shown in ("198.18.2.0/23        AS64500", "198.18.100.0/24      AS64501"):
                assert f"{shown}  advertisable: true" in done.stdout
            assert "desired.advertised: true  198.18.100.0/24" in done.stdout
            link = re.search(r"^  http://localhost:\d+/ui/enter#(\S+)$", done.stdout, re.MULTILINE)
            assert link, done.stdout[-2000:]
            assert len(link[1]) == CODE, done.stdout[-2000:]
