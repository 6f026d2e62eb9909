"""Where the service is and whose token is used: options, then the environment, then a profile.

Profiles stand in a file of their owner's (`~/.config/byoip/config.toml`, mode 0600), which `login`
writes. A profile's token goes to the profile's address only.
"""

import json
import os
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import typer

from byoip_cli.client import Service
from byoip_cli.faults import Unusable
from byoip_cli.names import (
    DEFAULT_URL,
    OPERATOR_TOKEN_VARIABLE,
    PROFILE_VARIABLE,
    TOKEN_VARIABLE,
)

CUSTOMERS: Final = "/client/v4"
DEFAULT: Final = "default"
_FOR_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def customer(ctx: typer.Context, url: str, token: str, account: str | None) -> Service:
    """Where a customer's commands ask.

    Raises:
        Unusable: the profile is not there, or its file cannot be used.
    """
    of = _profile(ctx)
    where, token = _both(ctx, of, url, token, "token")
    owner = account or (of.get("account") if where == of.get("url") else None)
    root = addressing(owner) if owner else CUSTOMERS
    return Service(where, token, root, TOKEN_VARIABLE, owner)


def operator(ctx: typer.Context, url: str, token: str) -> Service:
    """Where an operator's commands ask.

    Raises:
        Unusable: the profile is not there, or its file cannot be used.
    """
    where, token = _both(ctx, _profile(ctx), url, token, "operator_token")
    return Service(where, token, variable=OPERATOR_TOKEN_VARIABLE)


def addressing(account: str) -> str:
    """Below which path an account's objects are."""
    return f"{CUSTOMERS}/accounts/{account}/addressing"


def name_of(ctx: typer.Context) -> str:
    """The profile that was chosen; without a choice `default`."""
    return ctx.find_root().params.get("profile") or DEFAULT


def keep(name: str, members: Mapping[str, str | None]) -> Path:
    """Put these members into a profile, whose others stay; gives the file."""
    every = read()
    every[name] = {**every.get(name, {}), **{key: one for key, one in members.items() if one}}
    lines = []
    for profile, kept in every.items():
        lines.append(f"[profiles.{json.dumps(profile)}]")
        lines += [f"{key} = {json.dumps(one)}" for key, one in kept.items()]
    path = _file()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    draft.replace(path)
    return path


def read() -> dict[str, dict[str, str]]:
    """All profiles; none where there is no file.

    Raises:
        Unusable: the file is no TOML, has something else in it, or others may read it.
    """
    path = _file()
    try:
        if path.stat().st_mode & _FOR_OTHERS:
            raise Unusable(f"{path} holds tokens, and others may read it: chmod 600 {path}")
        found: Any = tomllib.loads(path.read_text(encoding="utf-8")).get("profiles", {})
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise Unusable(f"{path}: {fault}") from None
    if not all(_is_profile(one) for one in found.values()):
        raise Unusable(f"{path}: a profile has texts only: url, token, operator_token, account.")
    return dict(found)


def _is_profile(found: Any) -> bool:
    return isinstance(found, dict) and all(isinstance(one, str) for one in found.values())


def _profile(ctx: typer.Context) -> dict[str, str]:
    name = name_of(ctx)
    every = read()
    if name not in every and name != DEFAULT:
        known = ", ".join(sorted(every)) or "none"
        raise Unusable(f"There is no profile {name} (see {PROFILE_VARIABLE}); there are: {known}.")
    return every.get(name, {})


def _both(
    ctx: typer.Context, of: Mapping[str, str], url: str, token: str, member: str
) -> tuple[str, str]:
    source = ctx.get_parameter_source("url")
    chosen = source is not None and source.name not in {"DEFAULT", "DEFAULT_MAP"}
    where = url if chosen else of.get("url", DEFAULT_URL)
    own = of.get(member, "") if where.rstrip("/") == of.get("url", "").rstrip("/") else ""
    return where, token or own


def _file() -> Path:
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "byoip" / "config.toml"
