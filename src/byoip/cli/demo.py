"""The demonstration: three prefixes brought and announced, every request shown as curl."""

import asyncio
import json
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

import httpx
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.panel import Panel

from byoip.cli.ready import Ready

_ORIGIN = 64500
_IPV4, _IPV6 = "198.18.2.0/23", "2001:db8:4d2::/48"
# Of the customer's own AS number, which the sandbox's statistics give to a holder.
_OWN_ASN, _BEHIND = 64501, "198.18.100.0/24"
_PATIENCE_SECONDS = 60
_CREDENTIAL = '-H "Authorization: Bearer $TOKEN"'


class DemoFailed(Exception):  # noqa: N818 - an outcome, for the person at the terminal
    """A step did not end as it should; the message says which."""


@dataclass(frozen=True, slots=True)
class Demo:
    """Plays the customer, and the registries where the customer would use their portals."""

    ready: Ready
    client: httpx.AsyncClient
    console: Console

    async def __call__(self) -> None:
        """Onboard the prefixes, and have them announced.

        Raises:
            DemoFailed: a step did not end as it should.
        """
        self._introduce()
        await self._clean_up()
        first = await self._by_reverse_dns(_IPV4)
        second = await self._by_route_object(_IPV6)
        third = await self._by_own_asn(_BEHIND)
        self._farewell([first, second, third])

    async def _by_reverse_dns(self, cidr: str) -> dict[str, Any]:
        self.console.rule(f"[bold]{cidr}[/], proven by reverse DNS")
        prefix = await self._claim(cidr)
        asked = await self._api(
            "Ask where to publish a token",
            "POST",
            f"/{prefix['id']}/validation_tokens",
            {"method": "rdns"},
        )
        for record in asked["instructions"]:
            await self._registry(
                f"Publish it in the {record['where']}",
                "PUT",
                f"/dns/txt/{record['name']}",
                [asked["token"]],
            )
        await self._route_object(cidr, None)
        return await self._prove_and_bind(prefix)

    async def _by_route_object(self, cidr: str, asn: int = _ORIGIN) -> dict[str, Any]:
        self.console.rule(f"[bold]{cidr}[/], proven in the routing registry")
        prefix = await self._claim(cidr, asn)
        await self._looked(prefix["id"])
        await self._route_object(cidr, prefix["ownership_validation_token"], asn)
        return await self._prove_and_bind(prefix)

    async def _by_own_asn(self, cidr: str) -> dict[str, Any]:
        self.console.rule(f"[bold]{cidr}[/], with the customer's own AS{_OWN_ASN} as its origin")
        made = await self._api("Bring the AS number", "POST", "", {"asn": _OWN_ASN}, at="/asns")
        aut_num = f"aut-num: AS{_OWN_ASN}\nas-name: DEMO\n{made['publish']}\nsource: RIPE\n"
        await self._registry("Publish its token in the aut-num object", "PUT", "/irr/RIPE", aut_num)
        proven = await self._api(
            "Have it proven", "POST", f"/{made['id']}/validate", None, at="/asns"
        )
        state = proven["asn_ownership_validation_state"]
        if state != "valid":
            raise DemoFailed(f"AS{_OWN_ASN}: {state} {proven['seen']} {proven['doubt']}")
        self.console.print(f"  asn_ownership: [green]{state}[/]  AS{_OWN_ASN}")
        listed = [{"customer_asid": _OWN_ASN, "providers": [_ORIGIN]}]
        await self._registry(
            "Publish an ASPA that lists the operator", "PUT", "/rpki/aspas", listed
        )
        return await self._by_route_object(cidr, _OWN_ASN)

    async def _looked(self, prefix_id: str) -> None:
        """Publish nothing before a worker has seen the registry without it: a moment."""
        after = 0
        with self.console.status("  waiting until the registry was looked at ..."):
            for _ in range(_PATIENCE_SECONDS):
                path = f"/prefixes/{prefix_id}/events?after={after}&wait=1"
                events = await self._call("GET", self._account(path), None)
                if any(one["kind"] == "token.absent" for one in events):
                    return
                after = max((one["number"] for one in events), default=after)

    async def _claim(self, cidr: str, asn: int = _ORIGIN) -> dict[str, Any]:
        body = {"cidr": cidr, "asn": asn, "description": "demo"}
        prefix = await self._api("Claim the prefix", "POST", "", body)
        for blocker in prefix["blockers"]:
            told = f"[yellow]{blocker['name']}[/]  {escape(blocker['message'])}"
            self.console.print(Padding(told, (0, 0, 0, 4)), highlight=False)
        return dict(prefix)

    async def _route_object(self, cidr: str, token: str | None, asn: int = _ORIGIN) -> None:
        kind = "route6" if ":" in cidr else "route"
        space = "inet6num" if ":" in cidr else "inetnum"
        status = "ASSIGNED" if ":" in cidr else "ASSIGNED PA"
        block = ip_network(cidr)
        holder = cidr if ":" in cidr else f"{block[0]} - {block[-1]}"
        remarks = f"remarks: byoip-validation: {token}\n" if token else ""
        text = (
            f"{space}: {holder}\nnetname: DEMO\nstatus: {status}\n"
            "mnt-by: DEMO-MNT\nsource: RIPE\n\n"
            f"{kind}: {cidr}\norigin: AS{asn}\n{remarks}mnt-by: DEMO-MNT\nsource: RIPE\n"
        )
        await self._registry("Create the route object", "PUT", "/irr/RIPE", text)

    async def _prove_and_bind(self, prefix: dict[str, Any]) -> dict[str, Any]:
        await self._publish_roa(prefix["cidr"], prefix["asn"])
        await self._api("Ask for validation", "POST", f"/{prefix['id']}/validate", None)
        await self._approved(prefix["id"])
        services = await self._call("GET", self._account("/services"), None)
        binding = {"cidr": prefix["cidr"], "service_id": services[0]["id"]}
        await self._api(
            f"Bind {services[0]['name']} to all of it, so that no address is left without one",
            "POST",
            f"/{prefix['id']}/bindings",
            binding,
        )
        shown = await self._api("Look at the result", "GET", f"/{prefix['id']}", None)
        if not shown["advertisable"]:
            raise DemoFailed(f"{prefix['cidr']} is not advertisable: {shown['blockers']}")
        self.console.print(f"  [bold green]advertisable: true[/]  {prefix['cidr']}\n")
        await self._advertise(shown)
        return dict(shown)

    async def _advertise(self, prefix: dict[str, Any]) -> None:
        [route] = await self._routes(prefix["id"])
        path = f"/{prefix['id']}/bgp/prefixes/{route['id']}"
        body = {"on_demand": {"advertised": True}}
        story = "Announce it, now that it is proven, served and valid"
        self._show(story, "PATCH", f"$API/prefixes{path}", body, _CREDENTIAL)
        answer = await self._answer("PATCH", self._account(f"/prefixes{path}"), body)
        for message in answer["messages"]:
            self.console.print(Padding(f"[yellow]{escape(message['message'])}[/]", (0, 0, 0, 4)))
        wanted = json.dumps(answer["result"]["desired"]["advertised"])
        self.console.print(f"  desired.advertised: [bold green]{wanted}[/]  {prefix['cidr']}\n")

    async def _publish_roa(self, cidr: str, asn: int) -> None:
        url = f"{self.ready.sandbox_control_url}/rpki/vrps"
        there = (await self.client.get(url)).raise_for_status().json()
        others = [one for one in there if one["prefix"] != cidr]
        length = int(cidr.partition("/")[2])
        roa = {"prefix": cidr, "asn": asn, "maxLength": length, "ta": "ripe"}
        await self._registry("Publish a ROA", "PUT", "/rpki/vrps", [*others, roa])

    async def _approved(self, prefix_id: str) -> None:
        with self.console.status("  waiting for the checks ..."):
            for _ in range(_PATIENCE_SECONDS * 20):
                shown = await self._call("GET", self._account(f"/prefixes/{prefix_id}"), None)
                if shown["approved"] == "V":
                    break
                await asyncio.sleep(0.05)
            else:
                raise DemoFailed(f"{shown['cidr']} was not approved: {shown['blockers']}")
        states = {
            check: shown[f"{check}_validation_state"] for check in ("ownership", "irr", "rpki")
        }
        told = "  ".join(f"{check}: [green]{state}[/]" for check, state in states.items())
        self.console.print(f"  {told}  approved: [bold green]{shown['approved']}[/]")

    async def _clean_up(self) -> None:
        """Remove what an earlier demonstration left, as the customer would."""
        for prefix in await self._call("GET", self._account("/prefixes"), None):
            if prefix["cidr"] not in {_IPV4, _IPV6, _BEHIND}:
                continue
            one = self._account(f"/prefixes/{prefix['id']}")
            for route in await self._routes(prefix["id"]):
                gone = {"on_demand": {"advertised": False}}
                await self._call("PATCH", f"{one}/bgp/prefixes/{route['id']}", gone)
            bindings = await self._call("GET", f"{one}/bindings", None)
            for binding in sorted(bindings, key=lambda bound: bound["cidr"] == prefix["cidr"]):
                await self._call("DELETE", f"{one}/bindings/{binding['id']}", None)
            await self._call("DELETE", one, None)
        for own in await self._call("GET", self._account("/asns"), None):
            if own["asn"] == _OWN_ASN:
                await self._call("DELETE", self._account(f"/asns/{own['id']}"), None)

    async def _routes(self, prefix_id: str) -> list[dict[str, Any]]:
        """Return the parts of a prefix that may be announced."""
        url = self._account(f"/prefixes/{prefix_id}/bgp/prefixes")
        return list(await self._call("GET", url, None))

    async def _api(
        self, story: str, method: str, path: str, body: Any, at: str = "/prefixes"
    ) -> Any:
        self._show(story, method, f"$API{at}{path}", body, _CREDENTIAL)
        return await self._call(method, self._account(f"{at}{path}"), body)

    async def _registry(self, story: str, method: str, path: str, body: Any) -> None:
        url = f"{self.ready.sandbox_control_url}{path}"
        self._show(f"{story} (in the sandbox)", method, f"$SANDBOX{path}", body, "")
        sent = {"content": body} if isinstance(body, str) else {"json": body}
        answer = await self.client.request(method, url, **sent)
        if answer.is_error:
            raise DemoFailed(f"{method} {url}: {answer.status_code} {answer.text}")

    async def _call(self, method: str, url: str, body: Any) -> Any:
        return (await self._answer(method, url, body))["result"]

    async def _answer(self, method: str, url: str, body: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.ready.api_token}"}
        answer = await self.client.request(method, url, headers=headers, json=body)
        if answer.is_error:
            raise DemoFailed(f"{method} {url}: {answer.status_code} {answer.text}")
        return dict(answer.json())

    def _account(self, path: str) -> str:
        return f"{self.ready.base_url}/accounts/{self.ready.account_id}/addressing{path}"

    def _introduce(self) -> None:
        self.console.print("To paste a request elsewhere, or for `byoip prefixes`, first set:")
        for name, value in (
            ("API", self._account("")),
            ("TOKEN", self.ready.api_token),
            ("SANDBOX", self.ready.sandbox_control_url),
            ("BYOIP_URL", self.ready.base_url.removesuffix("/client/v4")),
            ("BYOIP_TOKEN", self.ready.api_token),
        ):
            self.console.print(f"  export {name}={value}", highlight=False, soft_wrap=True)
        self.console.print()

    def _show(self, story: str, method: str, url: str, body: Any, credential: str) -> None:
        self.console.print(f"[bold cyan]>[/] {escape(story)}")
        parts = [f"curl -sX {method} {url}", credential, *_curl_body(body)]
        command = " \\\n    ".join(part for part in parts if part)
        # Lines are never broken for the terminal's sake: they must survive being pasted.
        self.console.print(
            f"  {command}", style="dim", markup=False, highlight=False, soft_wrap=True
        )

    def _farewell(self, prefixes: list[dict[str, Any]]) -> None:
        root = self.ready.base_url.removesuffix("/client/v4")
        brought = [f"{one['cidr']:<20} AS{one['asn']}  advertisable: true" for one in prefixes]
        self.console.print(Panel("\n".join(brought), title="byoip", expand=False))
        for line in (
            f"base URL    {self.ready.base_url}",
            f"docs        {root}/docs",
            f"account     {self.ready.account_id}",
            f"credential  {self.ready.api_token}",
            f"sandbox     {self.ready.sandbox_control_url}  (to try things, never for production)",
            "",
            "To look at it in a browser, once and within an hour:",
            f"  {self.ready.sign_in_link}",
        ):  # whole, in whatever terminal: they are copied
            self.console.print(line, markup=False, highlight=False, soft_wrap=True)


def _curl_body(body: Any) -> list[str]:
    if body is None:
        return []
    if isinstance(body, str):
        quoted = body.replace("\n", "\\n")
        return ["-H 'Content-Type: text/plain'", f"--data-binary $'{quoted}'"]
    return ["-H 'Content-Type: application/json'", f"-d '{json.dumps(body)}'"]
