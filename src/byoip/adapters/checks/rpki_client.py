"""Runs rpki-client, the relying party, for a new export of validated ROA payloads."""

import asyncio
import base64
import fcntl
import os
import re
import signal
from asyncio.subprocess import Process
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from subprocess import DEVNULL, PIPE

from cryptography.hazmat.primitives.serialization import load_der_public_key

from byoip.adapters.child_process import start_child_async
from byoip.ports.checks.rpki import NoExport, VrpExport

# Debian 12 still ships 8.2, which crashes on a stale manifest and cannot read current ASPAs.
OLDEST = 9
# The program hears of its own, earlier deadline, so that it ends with a reason if it can.
_OWN_DEADLINE = 0.9
_VERSION_DEADLINE = 10.0
_LAST_WORDS = 2000  # bytes of its error output that are worth keeping
_VERSION = re.compile(rb"rpki-client\S* (\d+)(\.\d+)*", re.ASCII)
_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"}


class _Failed(Exception):  # noqa: N818 - becomes a NoExport, never leaves this module
    """The run ended without an export."""


@dataclass(frozen=True, slots=True)
class RpkiClient:
    """Runs rpki-client, version 9 or newer: fetches all repositories and validates them.

    It runs as our own user. Started as root it drops to its own (`_rpki-client`), which then must
    own both directories; without that, or any other trouble, there is no export and a reason.

    Attributes:
        program: for example /usr/sbin/rpki-client.
        cache_dir: repositories, kept between runs; one run at a time.
        output_dir: where it writes the export.
        tals: trust anchor locators; their file names without `.tal` name the anchors.
        timeout: then it is killed, with all its children.
        options: further options, before the output directory.
        user: the account it runs as where we are root: if it dropped root itself, it could
            outlive us.
        environment: all of its environment; an HTTP proxy goes here.
    """

    program: Path
    cache_dir: Path
    output_dir: Path
    tals: Sequence[Path]
    timeout: timedelta = timedelta(hours=1)
    options: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=lambda: dict(_ENVIRONMENT))
    user: str | None = None

    async def fetch(self) -> VrpExport | NoExport:
        """Run it once. Exit status 0 and a new file make an export; the gates judge what it says.

        Exit status 0 says little: with no trust anchor to be reached it ends so, too.
        """
        try:
            with self._alone():
                version = await self._version()
                return await self._run(version)
        except (_Failed, OSError) as fault:
            return NoExport(f"{self.program}: {fault}")

    async def version(self) -> str | NoExport:
        """Which one this is, if it can be used."""
        try:
            return await self._version()
        except (_Failed, OSError) as fault:
            return NoExport(f"{self.program}: {fault}")

    async def _version(self) -> str:
        if not os.access(self.program, os.X_OK):
            raise _Failed("cannot be run")
        status, said = await self._execute("-V", seconds=_VERSION_DEADLINE)
        found = _VERSION.match(said)
        if status != 0 or not found:
            raise _Failed(f"does not tell its version (status {status}): {_text(said)}")
        if int(found[1]) < OLDEST:
            raise _Failed(f"version {OLDEST} or newer is needed, this is {_text(found[0])}")
        return _text(found[0])

    async def _run(self, version: str) -> VrpExport:
        export = self.output_dir / "json"
        # A run that fails leaves the last run's file: only what appears from now on is new.
        export.unlink(missing_ok=True)
        seconds = self.timeout.total_seconds()
        status, said = await self._execute(*self._arguments(seconds), seconds=seconds)
        if status != 0:
            raise _Failed(f"ended with status {status}: {_text(said)}")
        if not export.is_file():
            raise _Failed(f"ended well, but wrote nothing: {_text(said)}")
        return VrpExport(export, version, frozenset(tal.stem for tal in self.tals))

    def _arguments(self, seconds: float) -> list[str]:
        locators = [word for tal in self.tals for word in ("-t", str(tal))]
        limit = ["-s", str(max(1, int(seconds * _OWN_DEADLINE)))]
        places = ["-d", str(self.cache_dir), *locators]
        return ["-j", *limit, *places, *self.options, str(self.output_dir)]

    @contextmanager
    def _alone(self) -> Iterator[None]:
        # On the directory itself: rpki-client removes files from its cache that it does not know.
        directory = os.open(self.cache_dir, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _Failed(f"another run uses {self.cache_dir}") from None
        else:
            yield
        finally:
            os.close(directory)

    async def _execute(self, *arguments: str, seconds: float) -> tuple[int, bytes]:
        child = await start_child_async(
            [str(self.program), *arguments],
            user=self.user,
            env=self.environment,
            stdout=DEVNULL,
            stderr=PIPE,
        )
        try:
            async with asyncio.timeout(seconds):
                said = await _last_words(child)
                return await child.wait(), said
        except TimeoutError:
            raise _Failed(f"killed after {seconds:g} s") from None
        finally:
            await _end(child)


async def _last_words(child: Process) -> bytes:
    if child.stderr is None:  # asked for above; for the type checker
        return b""
    said = b""
    while chunk := await child.stderr.read(2**16):
        said = (said + chunk)[-_LAST_WORDS:]
    return said


async def _end(child: Process) -> None:
    """Kill the whole group: it fetches and validates in children of its own."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    # In its first moments it has no group of its own yet.
    with suppress(ProcessLookupError):
        child.kill()
    await child.wait()


def _text(said: bytes) -> str:
    return said.decode("ascii", "replace").strip() or "no message"


def locator_complaint(locator: Path) -> str | None:
    """What is wrong with a trust anchor locator (RFC 8630, section 2.2); None: it can be used."""
    try:
        lines = locator.read_text("ascii").splitlines()
    except (OSError, UnicodeDecodeError) as fault:
        return f"{locator} cannot be read: {fault}"
    told = [line.strip() for line in lines if not line.startswith("#")]
    where, _, key = "\n".join(told).partition("\n\n")
    if not re.search(r"^(https|rsync)://", where, re.MULTILINE):
        return f"{locator} names no https or rsync address"
    try:
        load_der_public_key(base64.b64decode("".join(key.split()), validate=True))
    except ValueError:
        return f"{locator} holds no public key"
    return None
