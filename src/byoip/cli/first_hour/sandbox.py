"""`byoip sandbox`: plays the registries' portals of `make demo` for a customer."""

from ipaddress import ip_network
from typing import Annotated, Any

import httpx
import typer

from byoip_cli.account import of_account, where
from byoip_cli.client import ask
from byoip_cli.faults import CommandFailed, Status
from byoip_cli.output import say, show_json
from byoip_cli.places import PrefixId, path_of

sandbox_app = typer.Typer(
    no_args_is_help=True, help="What a customer does at registries, in the sandbox."
)
sandbox_app.callback()(where)

_SECONDS = 10


@sandbox_app.command("publish")
def publish(
    ctx: typer.Context,
    prefix: PrefixId,
    control: Annotated[
        str, typer.Option(envvar="SANDBOX", help="Its control API; `byoip up` prints it.")
    ],
    registry: Annotated[str, typer.Option(help="Whose space it is there.")] = "RIPE",
) -> None:
    """Publish a new token in reverse DNS, a route object and a ROA for a prefix."""
    found = ask(of_account(ctx), "GET", path_of(prefix))["result"]
    made = ask(ctx, "POST", f"{path_of(prefix)}/validation_tokens", {"method": "rdns"})["result"]
    names = [one["name"] for one in made["instructions"]]
    for name in names:
        _put(control, f"/dns/txt/{name}", json=[made["token"]])
    cidr, asn = found["cidr"], found["asn"]
    kind = "route6" if ":" in cidr else "route"
    route = f"{kind}: {cidr}\norigin: AS{asn}\nmnt-by: MY-MNT\nsource: {registry}\n"
    _put(control, f"/irr/{registry}", content=route.encode())
    there = [one for one in _asked("GET", control, "/rpki/vrps").json() if one["prefix"] != cidr]
    length = ip_network(cidr).prefixlen
    roa = {"prefix": cidr, "asn": asn, "maxLength": length, "ta": registry.lower()}
    _put(control, "/rpki/vrps", json=[*there, roa])
    if not show_json({"names": names, "route": cidr, "roa": roa}):
        say(f"The token is at {', '.join(names)}; {cidr} has a route object at {registry}, a ROA.")


def _put(control: str, path: str, **sent: Any) -> None:
    _asked("PUT", control, path, **sent)


def _asked(method: str, control: str, path: str, **sent: Any) -> httpx.Response:
    try:
        answer = httpx.request(method, f"{control}{path}", timeout=_SECONDS, **sent)
        return answer.raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as fault:
        raise CommandFailed(f"{control} (see --control): {fault}", Status.UNREACHABLE) from None
