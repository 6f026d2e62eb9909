"""What making and running other clients needs, as tools/install-real-parts places it."""

import os
import shutil
from collections.abc import Mapping
from enum import Enum
from pathlib import Path

import pytest

HERE = Path(__file__).parent
_CACHE = Path(
    os.environ.get("XDG_CACHE_HOME") or f"{os.environ.get('HOME') or '/var/tmp'}/.cache",  # noqa: S108  # a cache kept between runs
    "byoip",
)
TOOLS = _CACHE / "client-tools" / "bin"  # a virtual environment: generators, fuzzer
NODE_MODULES = _CACHE / "client-npm" / "node_modules"


class Part(Enum):
    """Something a test may need; its value is what is said when it is missing."""

    NODE = "node"
    JAVA = "java"
    TOOLS = "the generators and the fuzzer of tests/clients/tools.lock"
    PACKAGES = "the packages of tests/clients/npm/package-lock.json"


def _is_there(part: Part) -> bool:
    match part:
        case Part.NODE | Part.JAVA:
            return shutil.which(part.value) is not None
        case Part.TOOLS:
            return _same(TOOLS.parent / "installed.lock", HERE / "tools.lock")
        case Part.PACKAGES:
            installed = NODE_MODULES.parent / "installed-package-lock.json"
            return _same(installed, HERE / "npm" / "package-lock.json")


def _same(installed: Path, wanted: Path) -> bool:
    return installed.exists() and installed.read_bytes() == wanted.read_bytes()


def require(*parts: Part, environment: Mapping[str, str] = os.environ) -> None:
    """Skip the test that needs a missing part; with CI=true fail it, for there all must run."""
    lacking = [part.value for part in parts if not _is_there(part)]
    if not lacking:
        return
    message = f"missing: {', '.join(lacking)}; `SYSTEM=1 make test` installs it"
    if environment.get("CI") == "true":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)
