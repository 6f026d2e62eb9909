"""A small network of real network namespaces on a bridge; loopback where this is not root.

The bridge has a namespace of its own: in ours the machine's packet filter could be in the way.
"""

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Self

from tests.real.processes import free_port

_PORT = 5432


@dataclass(frozen=True)
class Plug:
    """Where one server is, and what to run so that a program is inside."""

    host: str
    port: int
    enter: tuple[str, ...] = ()
    bridge: str = ""
    cable: str = ""

    def pull(self) -> None:
        """Cut it off: packets are lost in both directions, and neither end is told."""
        _ip("-n", self.bridge, "link", "set", self.cable, "down")

    def put_back(self) -> None:
        _ip("-n", self.bridge, "link", "set", self.cable, "up")


@dataclass
class Lan:
    """Made and removed as a whole; a /24 of 10.213 that no other has, drawn by lot."""

    separate: bool
    name: str = field(default_factory=lambda: f"by{secrets.token_hex(3)}")
    net: int = 0
    spaces: list[str] = field(default_factory=list)

    @classmethod
    @contextmanager
    def made(cls) -> Iterator[Self]:
        lan = cls(separate=_may_separate())
        try:
            if lan.separate:
                lan._begin()
            yield lan
        finally:
            for space in lan.spaces:
                _ip("netns", "delete", space)

    def _begin(self) -> None:
        self._space(self.name)
        _ip("-n", self.name, "link", "add", "lan", "type", "bridge")
        _ip("-n", self.name, "link", "set", "lan", "up")
        _ip("link", "add", self.name, "type", "veth", "peer", "name", "us", "netns", self.name)
        _ip("-n", self.name, "link", "set", "us", "master", "lan", "up")
        self._draw()
        _ip("link", "set", self.name, "up")

    def _draw(self) -> None:
        """Take one, and see whether another run has it, or one that was killed has left it."""
        for _ in range(100):
            self.net = secrets.randbelow(250) + 1
            ours = f"10.213.{self.net}.254/24"
            _ip("address", "add", ours, "dev", self.name)
            if len(_ip("-o", "address", "show", "to", ours).splitlines()) == 1:
                return
            _ip("address", "delete", ours, "dev", self.name)
        raise AssertionError("no /24 of 10.213 is free")

    def _space(self, name: str) -> None:
        _ip("netns", "add", name)
        self.spaces.append(name)

    def plug(self) -> Plug:
        """One more place for a server."""
        if not self.separate:
            return Plug("127.0.0.1", free_port("127.0.0.1"))
        number = len(self.spaces)
        space = f"{self.name}n{number}"  # its namespace, and the bridge's end of its cable
        enter = ("ip", "netns", "exec", space)
        plug = Plug(f"10.213.{self.net}.{number}", _PORT, enter, self.name, space)
        self._space(space)
        _ip("-n", space, "link", "add", "eth0", "type", "veth", "peer", space, "netns", self.name)
        _ip("-n", self.name, "link", "set", space, "master", "lan", "up")
        _ip("-n", space, "address", "add", f"{plug.host}/24", "dev", "eth0")
        _ip("-n", space, "link", "set", "eth0", "up")
        _ip("-n", space, "link", "set", "lo", "up")
        return plug


def _may_separate() -> bool:
    if os.geteuid() or not shutil.which("ip") or not shutil.which("setpriv"):
        return False
    probe = f"by{secrets.token_hex(3)}"
    made = subprocess.run(["ip", "netns", "add", probe], capture_output=True, check=False)
    if made.returncode == 0:
        _ip("netns", "delete", probe)
    return made.returncode == 0


def _ip(*arguments: str) -> str:
    done = subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)
    return done.stdout
