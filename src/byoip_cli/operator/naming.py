"""Accounts and actors by their names, as people read them; JSON keeps the API's ids."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import typer

from byoip_cli.client import pages

_CREDENTIALS = frozenset({"credential", "operator"})  # `credential:<id>`, `operator:<id>`


class Names:
    """The names that a list needs; each kind is asked for once, and only if it is needed."""

    def __init__(self, ctx: typer.Context) -> None:
        self._ctx = ctx

    def of_account(self, row: Mapping[str, Any]) -> dict[str, str]:
        """Whose this object is."""
        owner = row["account_id"]
        return {"account": self._accounts.get(owner, owner) if owner else "the operator"}

    def of_trip(self, row: Mapping[str, Any]) -> dict[str, str]:
        """Whose withdrawals a breaker has stopped, where it is one account's."""
        known, who = self._accounts if row["scope"] == "account" else {}, row["subject"]
        return {"subject": f"{known[who]} ({who})" if who in known else who}

    def of_actor(self, row: Mapping[str, Any]) -> dict[str, str]:
        """Who did this: the name, and how the API writes it."""
        kind, _, who = row["actor"].partition(":")
        known = self._accounts if kind == "account" else {}
        known = self._credentials if kind in _CREDENTIALS else known
        return {"actor": f"{known[who]} ({row['actor']})" if who in known else row["actor"]}

    @cached_property
    def _accounts(self) -> dict[str, str]:
        return {one["id"]: one["name"] for one in pages(self._ctx, "/accounts")}

    @cached_property
    def _credentials(self) -> dict[str, str]:
        return {one["id"]: one["name"] for one in pages(self._ctx, "/credentials")}
