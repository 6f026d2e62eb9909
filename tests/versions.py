"""Versions before this one, out of the repository's history: their processes, by their own code."""

import io
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path

from tests.end_to_end.running import BYOIP

REPOSITORY = Path(__file__).parents[1]
# The last commits that know no newer database revision than these.
AT = {"0013": "9deef9d", "0022": "6e127f5"}
_OWN_COMMAND = "from byoip.cli.commands import main; main()"


def command_of(environment: Mapping[str, str]) -> list[str]:
    """How `byoip` of these settings starts: at first the command was no package of its own."""
    code = environment.get("PYTHONPATH", "")
    own = code and not (Path(code) / "byoip_cli").is_dir()
    return [sys.executable, "-c", _OWN_COMMAND] if own else [str(BYOIP)]


def lay_tree(commit: str, directory: Path) -> Path:
    """Write a commit's files below a directory; gives that."""
    packed = subprocess.check_output(["git", "-C", REPOSITORY, "archive", commit])
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(directory, filter="data")
    return directory
