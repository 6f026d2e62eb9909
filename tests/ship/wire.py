"""A TCP port in front of a server: a test cuts or silences it as networks do, or lets it start."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_BLOCK = 65536
_GREETING = 1024
_MAY_WE_ENCRYPT = bytes.fromhex("0000000804d2162f")
_FIELDS = b"SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0"
_STARTING = b"E" + (len(_FIELDS) + 4).to_bytes(4) + _FIELDS


class Wire:
    """Hands bytes on, both ways, until it is cut or silenced; `port` is where it listens."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._ends: list[socket.socket] = []
        self._open = threading.Event()
        self._open.set()
        self._starting = False
        self.port = int(self._listening.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """End all connections, and refuse new ones."""
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._end()

    def say_starting(self) -> None:
        """End all connections, and refuse new ones as Postgres does that is just starting."""
        self._starting = True
        self._end()

    def _end(self) -> None:
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def silence(self) -> None:
        """Hand nothing on any more; connections stay, and new ones are taken."""
        self._open.clear()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                self._ends.append(near)
                if self._starting:
                    threading.Thread(target=_refuse, args=(near,), daemon=True).start()
                    continue
                if not self._open.is_set():
                    continue
                far = socket.create_connection(self._server)
                self._ends.append(far)
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while block := source.recv(_BLOCK):
                if self._open.is_set():
                    sink.sendall(block)
        if self._open.is_set():
            with suppress(OSError):
                sink.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.cut()
        for end in self._ends:
            end.close()


def _refuse(near: socket.socket) -> None:
    with suppress(OSError), near:
        if near.recv(_GREETING) == _MAY_WE_ENCRYPT:
            near.sendall(b"N")
            near.recv(_GREETING)
        near.sendall(_STARTING)


@contextmanager
def wire(host: str, port: int) -> Iterator[Wire]:
    """A wire to a server, for the block."""
    made = Wire(host, port)
    try:
        yield made
    finally:
        made.close()
