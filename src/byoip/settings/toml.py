"""Settings as a file for BYOIP_CONFIG has them (TOML 1.0, https://toml.io/en/v1.0.0)."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from byoip.settings.model import Settings

_SECRETS = ("database_url", "rpki_feed_url")  # may hold passwords


def settings_toml(settings: Settings) -> str:
    """All of them; a comment stands where one is not set, or must not be shown."""
    return "\n".join(_lines(_plain(settings))) + "\n"


def _plain(value: Any) -> Any:
    """What is of a class of ours as its text."""
    if isinstance(value, BaseModel):
        return {name: _plain(one) for name, one in value}
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def _lines(shown: Mapping[str, Any]) -> Iterator[str]:
    """Scalars first: what follows a table's head belongs to the table."""
    tables = [name for name, value in shown.items() if _is_table(value)]
    for name, value in shown.items():
        if value is None:
            yield f"# {name} is not set"
        elif name in _SECRETS:
            yield f"# {name} is set"
        elif name not in tables:
            yield f"{name} = {_value(value)}"
    for name in tables:
        several = isinstance(shown[name], list)
        for table in shown[name] if several else [shown[name]]:
            yield f"\n[[{name}]]" if several else f"\n[{name}]"
            yield from (f"{key} = {_value(it)}" for key, it in table.items() if it is not None)


def _is_table(value: object) -> bool:
    listed = isinstance(value, list) and value and isinstance(value[0], dict)
    return bool(listed or (isinstance(value, dict) and value))


def _value(value: Any) -> str:
    if isinstance(value, dict):
        inside = (
            f"{json.dumps(key)} = {_value(it)}" for key, it in value.items() if it is not None
        )
        return f"{{{', '.join(inside)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, str):  # JSON escapes as TOML does, and DEL must be, too
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value)
