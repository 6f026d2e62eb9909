"""What a client is told before it starts: whom to speak to, as whom, and with which prefix."""

import json
import os
import subprocess
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeAlias

import httpx

from tests.end_to_end.running import BYOIP, Running, environment
from tests.pdfs import pdf, stream

LONGEST_SECONDS = 100
LETTER = pdf(stream(bytes(range(256))))
"""A letter of agency as customers have it: no text, so in base64 where only text can be sent."""


@dataclass(frozen=True, slots=True)
class Story:
    """One customer with a prefix of its own in the sandbox, and another who is delegated to.

    Every client does the same with it: uploads a letter of its own, claims the prefix with it and
    asks for ours, proves it, binds, delegates, reads both letters, and takes everything down.
    """

    root: str
    base_url: str
    control_url: str
    account_id: str
    api_token: str
    operator_token: str
    other_account_id: str
    other_token: str
    cidr: str
    zone: str
    letter: str = b64encode(LETTER).decode()

    def publish(self, token: str) -> None:
        """Route object, ROA and token: what the customer does elsewhere."""
        with httpx.Client(base_url=self.control_url, timeout=60) as control:
            route = f"route: {self.cidr}\norigin: AS64500\nmnt-by: A-MNT\nsource: RIPE\n"
            control.put("/irr/RIPE", content=route).raise_for_status()
            roa = {"prefix": self.cidr, "asn": 64500, "maxLength": 24, "ta": "ripe"}
            known = control.get("/rpki/vrps").json()
            control.put("/rpki/vrps", json=[*known, roa]).raise_for_status()
            owner = f"/dns/txt/byoip-validation.{self.zone}"
            control.put(owner, json=[token]).raise_for_status()

    def write(self, directory: Path) -> Path:
        """As the file that a client in another language reads."""
        path = directory / "story.json"
        path.write_text(json.dumps(asdict(self)))
        return path


Tell: TypeAlias = Callable[[int], Story]
"""Tells the story of 198.18.<number>.0/24; every test takes a number of its own."""


def teller(service: Running) -> Tell:
    """Stories about a running service."""
    other_account_id = byoip(service, "account", "create", "The delegate")
    other_token = byoip(service, "token", "create", "ci", "--account", other_account_id)
    base_url: str = service.ready["base_url"]

    def tell(number: int) -> Story:
        return Story(
            root=base_url.removesuffix("/client/v4"),
            base_url=base_url,
            control_url=service.ready["sandbox_control_url"],
            account_id=service.ready["account_id"],
            api_token=service.ready["api_token"],
            operator_token=service.ready["operator_token"],
            other_account_id=other_account_id,
            other_token=other_token,
            cidr=f"198.18.{number}.0/24",
            zone=f"{number}.18.198.in-addr.arpa",
        )

    return tell


def byoip(service: Running, *arguments: str) -> str:
    """Run a command of ours around the service's database; what it printed."""
    around = environment(DATABASE_URL=service.ready["database_url"])
    return run(BYOIP, *arguments, env=around).strip()


def run(
    *argv: str | Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float = LONGEST_SECONDS,
) -> str:
    """Run a program that must succeed; what it printed."""
    done = subprocess.run(
        [str(one) for one in argv],
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
        env=alone() if env is None else env,
        cwd=cwd,
    )
    assert done.returncode == 0, f"{argv[0]}: {done.stdout}{done.stderr}"
    return done.stdout


def alone() -> dict[str, str]:
    """Our environment without a path to our own modules: other programs are not us."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
