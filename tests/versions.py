"""Versions before this one, out of the repository's history: their processes, by their own code."""

import io
import subprocess
import tarfile
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
# The last commits that know no newer database revision than these.
AT = {"0013": "9deef9d", "0022": "6e127f5"}


def lay_tree(commit: str, directory: Path) -> Path:
    """Write a commit's files below a directory; gives that."""
    packed = subprocess.check_output(["git", "-C", REPOSITORY, "archive", commit])
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(directory, filter="data")
    return directory
