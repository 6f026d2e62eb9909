"""From `validate` to approved, as a customer in the sandbox sees it: `byoip up --sandbox`."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
from benchmarks.bare_statements import seconds_of
from benchmarks.customers import ORIGIN
from benchmarks.databases import Asked, Server, database, statements
from benchmarks.figures import Figure, Tell
from benchmarks.processes import sandbox
from benchmarks.proofs import rpsl, txt, vrp

from byoip.cli.ready import Ready

_POLL_SECONDS = 0.005
_PATIENCE_SECONDS = 30.0
_GOAL = 0.2


@dataclass(frozen=True, slots=True)
class _Sizes:
    """Prefixes, one after the other."""

    warming: int = 5
    counted: int = 10
    measured: int = 60


_QUICK = _Sizes(warming=1, counted=2, measured=4)


@dataclass(frozen=True, slots=True)
class _Customer:
    client: httpx.Client
    ready: Ready

    def api(self, method: str, path: str, body: object = None) -> Any:
        url = f"{self.ready.base_url}/accounts/{self.ready.account_id}/addressing{path}"
        token = {"authorization": f"Bearer {self.ready.api_token}"}
        sent = None if body is None else json.dumps(body)
        kind = {} if body is None else {"content-type": "application/json"}
        answer = self.client.request(method, url, headers=token | kind, content=sent)
        return answer.raise_for_status().json()["result"]

    def publish(self, method: str, path: str, **body: Any) -> None:
        url = f"{self.ready.sandbox_control_url}{path}"
        self.client.request(method, url, **body).raise_for_status()

    def prepare(self, count: int) -> Iterator[str]:
        """Bring prefixes and publish what proves them, half by name and half by route object."""
        cidrs = [f"198.18.{third}.0/24" for third in range(count)]
        roas = [vrp({"cidr": cidr}, "ripe") for cidr in cidrs]
        self.publish("PUT", "/rpki/vrps", json=roas)
        brought = [self.api("POST", "/prefixes", {"cidr": cidr, "asn": ORIGIN}) for cidr in cidrs]
        for number, prefix in enumerate(brought):
            by_name = number % 2 == 0
            if not by_name:
                self.wait_for_look(prefix["id"])
            self.publish("PUT", "/irr/RIPE", content=rpsl(prefix, "RIPE", token=not by_name))
            for name, values in txt(prefix) if by_name else ():
                self.publish("PUT", f"/dns/txt/{name}", json=values)
            yield prefix["id"]

    def wait_for_look(self, prefix_id: str) -> None:
        """Publish no token before the registry was seen without it: a moment."""
        after, give_up = 0, time.perf_counter() + _PATIENCE_SECONDS
        while time.perf_counter() < give_up:
            events = self.api("GET", f"/prefixes/{prefix_id}/events?after={after}&wait=1")
            if any(one["kind"] == "token.absent" for one in events):
                return
            after = max((one["number"] for one in events), default=after)
        raise RuntimeError(f"the registry was not looked at for {prefix_id}")

    def approved_in(self, prefix_id: str) -> float:
        """Seconds from asking for the validation to reading that it is approved."""
        started = time.perf_counter()
        self.api("POST", f"/prefixes/{prefix_id}/validate")
        while self.api("GET", f"/prefixes/{prefix_id}")["approved"] != "V":
            if time.perf_counter() - started > _PATIENCE_SECONDS:
                raise RuntimeError(f"{prefix_id} was not approved")
            time.sleep(_POLL_SECONDS)
        return time.perf_counter() - started


def measure(on: Server, tell: Tell, *, quick: bool) -> None:
    """One prefix after the other, over HTTP."""
    sizes = _QUICK if quick else _Sizes()
    with (
        database(on, "sandbox") as url,
        sandbox(url, on.directory) as ready,
        httpx.Client(timeout=_PATIENCE_SECONDS) as client,
    ):
        customer = _Customer(client, ready)
        ids = list(customer.prepare(sizes.warming + sizes.counted + sizes.measured))
        for one in ids[: sizes.warming]:
            customer.approved_in(one)
        with statements(on, url) as counted:
            for one in ids[sizes.warming :][: sizes.counted]:
                customer.approved_in(one)
        times = sorted(customer.approved_in(one) for one in ids[-sizes.measured :])
        asked = counted[0]
        each = Asked(asked.statements // sizes.counted, asked.transactions // sizes.counted)
        ceiling = seconds_of(url, each, sizes.measured, at_once=1) / sizes.measured
    tell(_figure(times, ceiling, each))


def _figure(times: list[float], ceiling: float, each: Asked) -> Figure:
    middle, slowest = times[len(times) // 2], times[len(times) * 99 // 100]
    return Figure(
        "`validate` to approved in the sandbox, polled over HTTP",
        f"p50 {middle * 1000:.0f} ms, p99 {slowest * 1000:.0f} ms",
        f"as many statements ({each.statements}, polling included) by the bare driver: "
        f"{ceiling * 1000:.0f} ms",
        f"{ceiling / middle:.0%}",
        f"p50 below {_GOAL * 1000:.0f} ms",
        middle < _GOAL,
    )
