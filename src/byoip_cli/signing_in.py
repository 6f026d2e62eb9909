"""`byoip login` and `byoip whoami`: whose token is used."""

import os
import sys
import webbrowser
from dataclasses import replace
from typing import Annotated

import typer

from byoip_cli.account import where
from byoip_cli.client import Service, parsed, send
from byoip_cli.faults import Unusable
from byoip_cli.names import DEFAULT_URL, OPERATOR_TOKEN_VARIABLE, TOKEN_VARIABLE
from byoip_cli.options import Token, Url
from byoip_cli.output import say, show_json, show_object
from byoip_cli.profiles import CUSTOMERS, keep, name_of, operator

_TOKENS = "/ui/tokens"


def login(
    ctx: typer.Context,
    url: Url = DEFAULT_URL,
    open_page: Annotated[
        bool, typer.Option("--open", help="Open the page that makes a token, in a browser.")
    ] = False,
) -> None:
    """Keep a token in a profile; it is pasted, or read from stdin.

    The service is asked whether it is good. A customer's and an operator's have a place each.
    """
    page = f"{url.rstrip('/')}{_TOKENS}"
    if open_page and not webbrowser.open(page):
        say("No browser was found here.")
    if sys.stdin.isatty():
        token = typer.prompt(f"Token ({page} makes one)", hide_input=True, err=True)
    else:
        token = sys.stdin.readline()
    service = Service(url, token.strip(), CUSTOMERS, TOKEN_VARIABLE)
    found = parsed(service, send(service, "GET", "/user/tokens/verify"))["result"]
    member = "token" if found["account_id"] else "operator_token"
    name = name_of(ctx)
    path = keep(name, {"url": url, member: token.strip()})
    if not show_json({"profile": name, "file": str(path), **found}):
        whose = f"account {found['account_id']}" if found["account_id"] else "an operator"
        say(f"Profile {name} in {path}: {url}, {whose}.")


def whoami(ctx: typer.Context, url: Url = DEFAULT_URL, token: Token = "") -> None:
    """Show which account the token is for, what it may do, and when it ends."""
    where(ctx, url, token)
    service: Service = ctx.obj
    if not service.token:
        known = operator(ctx, url, os.environ.get(OPERATOR_TOKEN_VARIABLE, ""))
        service = replace(service, token=known.token)
    if not service.token:
        raise Unusable(f"{TOKEN_VARIABLE} is required; `byoip login` keeps one.")
    found = parsed(service, send(service, "GET", "/user/tokens/verify"))["result"]
    listed = parsed(service, send(service, "GET", "/accounts"))["result"]
    names = [one["name"] for one in listed]
    account = names[0] if found["account_id"] and names else None
    show_object({"url": service.url, "account": account, **found})
