"""An independent judge of route origins (RFC 6811): rpki-rov, fed by stayrtr over RTR."""

import json
import signal
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

from tests.real import parts, processes

ADDRESS = "127.0.0.1"
Verdict = Literal["valid", "invalid", "notfound"]
Vrp = tuple[str, int, int]
"""Prefix, maximum length, origin ASN."""
Route = tuple[str, int]
"""Prefix, origin ASN."""

# As rpki-rov (RTRlib's pfxv_state) prints them.
_VERDICTS: dict[str, Verdict] = {"0": "valid", "1": "notfound", "2": "invalid"}
_NEVER = 2**32 - 1


def vrp_json(vrps: Iterable[Vrp], *, built: str = "2026-01-01T00:00:00Z") -> str:
    """VRPs as the JSON export of rpki-client, none of which ever expires."""
    roas = [
        {"asn": asn, "prefix": prefix, "maxLength": length, "ta": "test", "expires": _NEVER}
        for prefix, length, asn in vrps
    ]
    return json.dumps({"metadata": {"buildtime": built}, "roas": roas})


class RouteOriginJudge:
    """Judges routes by the VRPs that a running stayrtr serves."""

    def __init__(self, port: int) -> None:
        self._port = port

    def judge(self, routes: Sequence[Route]) -> list[Verdict]:
        """The verdict on each route, in order; 10,000 take well under a second."""
        questions = [f"{prefix.replace('/', ' ')} {asn}" for prefix, asn in routes]
        # It calls the end of its input an error, after having answered everything before it.
        said = processes.run(
            parts.program("rpki-rov"),
            ADDRESS,
            str(self._port),
            text="".join(f"{question}\n" for question in questions),
            good=(0, 1),
        )
        answers = [line.split("|") for line in said.splitlines() if "|" in line]
        if [_as_asked(answer[0]) for answer in answers] != questions:
            raise processes.ProgramFailedError(f"rpki-rov answered other questions\n{said[-2000:]}")
        return [_VERDICTS[answer[-1].strip()] for answer in answers]


def _as_asked(echo: str) -> str:
    # It prints 32-bit AS numbers as if they were signed.
    address, length, asn = echo.split()
    return f"{address} {length} {int(asn) % 2**32}"


@contextmanager
def route_origin_judge(vrps: Iterable[Vrp]) -> Iterator[RouteOriginJudge]:
    """Serve these VRPs over RTR until the block ends."""
    with processes.workplace("stayrtr") as directory:
        export = directory / "vrps.json"
        export.write_text(vrp_json(vrps))
        port, metrics = processes.free_port(ADDRESS), processes.free_port(ADDRESS)
        words = ("-bind", f"{ADDRESS}:{port}", "-metrics.addr", f"{ADDRESS}:{metrics}")
        server = processes.Program(
            [parts.program("stayrtr"), *words, "-cache", export, "-checktime=false"],
            log=directory / "log",
        )
        try:
            server.wait_until(lambda: processes.accepts(ADDRESS, port))
            yield RouteOriginJudge(port)
        finally:
            server.stop(signal.SIGTERM)
