"""The file by which a started service tells scripts where it is."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Ready:
    """Where the service is and how to talk to it. Holds secrets: mode 0600.

    Attributes:
        base_url: ends in `/client/v4`.
        account_id, api_token, operator_token: None where credentials were not minted here.
        sandbox_control_url: None outside the sandbox.
        sign_in_link: signs in once, within an hour; None where people sign in already.
        lacking: which capabilities there are not, as `/readyz?verbose` names them; not in the file.
    """

    base_url: str
    account_id: str | None
    api_token: str | None
    operator_token: str | None
    database_url: str
    sandbox_control_url: str | None = None
    sign_in_link: str | None = None
    lacking: tuple[str, ...] = ()

    def write(self, path: Path) -> None:
        """Write the file whole or not at all, readable by its owner only."""
        told = asdict(self)
        del told["lacking"]
        for name in ("sandbox_control_url", "sign_in_link"):
            if told[name] is None:
                del told[name]
        write_secret(path, told)


def write_secret(path: Path, told: Mapping[str, object]) -> None:
    """Write a JSON file whole or not at all, readable by its owner only."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(told, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
