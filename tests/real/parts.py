"""Which real programs are here, and what to do when one is not."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from enum import Enum
from pathlib import Path

import pytest

from byoip.adapters.postgres.binaries import OLDEST_MAJOR, installations

_SBIN = "/usr/local/sbin:/usr/sbin:/sbin"
_OLDEST_RPKI_CLIENT = 9

# As tools/install-real-parts places it.
IRRD = Path(
    os.environ.get("XDG_CACHE_HOME") or f"{os.environ.get('HOME') or '/var/tmp'}/.cache",  # noqa: S108  # a cache kept between runs
    "byoip/irrd-4.5.4/bin",
)


class Part(Enum):
    """A real part that tests may need; its value is what is needed of the machine."""

    KNOT = "knotd"
    UNBOUND = "unbound"
    RSYNC = "rsync"
    RPKI_CLIENT = "rpki-client"
    STAYRTR = "stayrtr"
    RPKI_ROV = "rpki-rov"
    REDIS = "redis-server"
    POSTGRES = "Debian's postgresql with pgcrypto"
    OLDEST_POSTGRES = f"Postgres {OLDEST_MAJOR}, the oldest promised"
    IRRD = "IRRd 4.5.4"
    POPPLER = "pdfsig"
    GOBGP = "gobgpd"
    BIRD = "bird"
    PGBOUNCER = "pgbouncer"
    PROMTOOL = "promtool"
    CHROMIUM = "chromium-headless-shell"


def program(name: str) -> Path:
    """Where a program is, also one that only root has on the path."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:{_SBIN}")
    if found is None:
        raise FileNotFoundError(name)
    return Path(found)


def postgres_programs() -> Path:
    """The directory of the newest installed Postgres that has pgcrypto."""
    for control in sorted(
        Path("/usr/share/postgresql").glob("*/extension/pgcrypto.control"),
        key=lambda path: int(path.parts[-3]),
        reverse=True,
    ):
        directory = Path("/usr/lib/postgresql", control.parts[-3], "bin")
        if (directory / "postgres").exists():
            return directory
    raise FileNotFoundError("postgres")


def missing(part: Part) -> str | None:
    """What stands in the way of using a part; None when nothing does."""
    try:
        if part is Part.IRRD:
            return None if (IRRD / "irrd").exists() else f"{part.value} (not in {IRRD})"
        if part is Part.OLDEST_POSTGRES:
            here = any(one.major == OLDEST_MAJOR for one in installations())
            return None if here else part.value
        if part is Part.POSTGRES:
            postgres_programs()
        elif part is Part.RPKI_CLIENT:
            return _old_rpki_client(program(part.value))
        else:
            program(part.value)
    except FileNotFoundError:
        return part.value
    return None


def _old_rpki_client(path: Path) -> str | None:
    # It prints "rpki-client-portable 9.7" on its error output.
    said = subprocess.run([path, "-V"], capture_output=True, text=True, check=False).stderr
    found = re.match(r"rpki-client\S* (\d+)", said)
    if found and int(found[1]) >= _OLDEST_RPKI_CLIENT:
        return None
    return f"rpki-client {_OLDEST_RPKI_CLIENT} or newer (found {said.strip() or 'an unknown one'})"


def require(*parts: Part, environment: Mapping[str, str] = os.environ) -> None:
    """Skip the test that needs a missing part; with CI=true fail it, for there all must run."""
    lacking = [said for part in parts if (said := missing(part))]
    if not lacking:
        return
    message = f"missing: {', '.join(lacking)}; `SYSTEM=1 make test` installs it"
    if environment.get("CI") == "true":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)
