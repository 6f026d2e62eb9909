"""What a process remembers of the database, on disk: it outlives the process and a power cut.

A file has a line for each thing learnt: first all, then what changed since, each flushed to disk
before the next look. A line ends with a code over it and the line before (HMAC, RFC 2104). Its key
is in the database alone (`witnesses.key`): so a file vouches only for a database that knew its
process. A line that was cut off, or is not ours, counts as not written, and so do all after it.
"""

import fcntl
import hmac
import logging
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec

from byoip.domain.speakers.succession import WRITES_KEPT, Identity, Remembered, Write

_LOG = logging.getLogger(__name__)

_CODE: Final = 32  # bytes of a code, in hexadecimal digits twice as many
_ROOM: Final = 2**20  # bytes that may be appended before a file is written anew


class _Line(msgspec.Struct, omit_defaults=True):
    flushed: int
    at: datetime
    identity: str = ""  # in the first line
    changes: dict[UUID, int] = {}
    writes: list[Write] = []


@dataclass(slots=True)
class Memory:
    """The file of one process; locked as long as it is open, so that no other process takes it."""

    path: Path
    process: UUID
    key: bytes = field(default_factory=lambda: secrets.token_bytes(_CODE), repr=False)
    _descriptor: int = -1
    _last: str = ""  # the code of the last line
    _room: int = 0
    _written: list[Write] = field(default_factory=list)

    @classmethod
    def of(cls, directory: Path, process: UUID) -> "Memory":
        """Of this process; nothing is written before `keep_all`."""
        return cls(directory / f"{process.hex}.memory", process)

    def keep_all(self, known: Remembered) -> None:
        """Write all that is known to a new file, which takes the place of the old one."""
        self._written, self._last = list(known.writes), ""
        line = _Line(known.flushed, known.at, known.identity, dict(known.changes), self._written)
        descriptor = os.open(self._fresh, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self.close()
        self._descriptor = descriptor
        self._room = _ROOM + self._append(line)
        self._fresh.replace(self.path)
        _flush_directory(self.path.parent)

    def keep(self, known: Remembered, learnt: Mapping[UUID, int]) -> None:
        """Append what was learnt since; once the file is long, write it anew."""
        if self._room <= 0:
            self.keep_all(known)
            return
        writes = [one for one in known.writes if one not in self._written]
        self._written = list(known.writes)
        self._room -= self._append(
            _Line(known.flushed, known.at, changes=dict(learnt), writes=writes)
        )

    def is_about(self, here: str) -> bool:
        """Whether it is about this database, of whatever timeline, or about none that it names."""
        try:
            with self.path.open(encoding="ascii") as file:
                line = msgspec.json.decode(file.readline().rpartition(" ")[0], type=_Line)
        except (OSError, UnicodeError, msgspec.MsgspecError):
            return True
        return Identity.parse(line.identity).lineage == Identity.parse(here).lineage

    def remembered(self, key: bytes) -> Remembered | None:
        """What the file says, as far as it was written with this key; None: nothing."""
        known, last = None, ""
        try:
            lines = self.path.read_text(encoding="ascii", errors="replace").splitlines()
        except OSError as fault:
            _LOG.warning("What was known of the database cannot be read: %s", fault)
            return None
        for line in lines:
            text, _, code = line.rpartition(" ")
            last = _code(key, last, text)
            if not hmac.compare_digest(last.encode(), code.encode()):
                break
            known = _with(known, msgspec.json.decode(text, type=_Line))
        return known

    def forget(self) -> None:
        """Remove the file: what is not kept up to date must not vouch for anything.

        Where the disk takes no changes, it stays; without its key in the database it says nothing.
        """
        for path in (self.path, self._fresh):
            with suppress(OSError):
                path.unlink()
        self.close()

    def close(self) -> None:
        """Leave the file to the next process."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    @property
    def _fresh(self) -> Path:
        return self.path.with_suffix(".new")

    def _append(self, line: _Line) -> int:
        text = msgspec.json.encode(line).decode("ascii")
        self._last = _code(self.key, self._last, text)
        written = f"{text} {self._last}\n".encode("ascii")
        rest = memoryview(written)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
        os.fsync(self._descriptor)
        return len(written)


def left_behind(directory: Path, here: str, *, but: UUID | None = None) -> list[Memory]:
    """The files of processes that are gone, and knew this database; they are this process's now.

    Not that of `but`, which is this process.
    """
    found = []
    for path in sorted(directory.glob("*.memory")):
        try:
            process = UUID(hex=path.stem)
            descriptor = os.open(path, os.O_RDONLY)
        except (ValueError, OSError):
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            taken = not os.path.samestat(os.fstat(descriptor), path.stat())
        except OSError:
            taken = True
        one = Memory(path, process, b"", descriptor)
        if taken or process == but or not one.is_about(here):
            one.close()
        else:
            found.append(one)
    return found


def _with(known: Remembered | None, line: _Line) -> Remembered:
    if known is None:
        return Remembered(line.identity, line.changes, line.writes, line.flushed, line.at)
    return replace(
        known,
        changes={**known.changes, **line.changes},
        writes=[*known.writes, *line.writes][-WRITES_KEPT:],
        flushed=line.flushed,
        at=line.at,
    )


def _code(key: bytes, before: str, text: str) -> str:
    return hmac.digest(key, f"{before} {text}".encode(), "sha256").hex()


def _flush_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
