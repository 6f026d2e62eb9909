"""Compare facts with those that are kept, one a line."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

FROZEN = Path(__file__).parents[1] / "golden" / "frozen"
_SHOWN = 20

# What people read is free to change.
PROSE = frozenset({"description", "summary", "title", "example", "examples"})
_NAMED = frozenset({"properties", "$defs", "patternProperties"})


def hold(name: str, facts: Iterable[str]) -> None:
    """Fail unless these are the facts of tests/golden/frozen/<name>.txt.

    `WRITE_GOLDEN=1` writes them instead.
    """
    found = set(facts)
    assert found, f"nothing was found for {name}: the net looks in the wrong place"
    assert not [one for one in found if "\n" in one], "a fact is one line"
    file = FROZEN / f"{name}.txt"
    if os.environ.get("WRITE_GOLDEN"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(f"{one}\n" for one in sorted(found)), encoding="utf-8")
    kept = set(file.read_text(encoding="utf-8").split("\n")) - {""}
    differences = [
        *(f"- {one}" for one in sorted(kept - found)),
        *(f"+ {one}" for one in sorted(found - kept)),
    ]
    shown = "\n".join(differences[:_SHOWN])
    assert not differences, f"{file.name} is frozen; {len(differences)} lines differ:\n{shown}"


def line(value: object) -> str:
    """A value as JSON on one line."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


def without_prose(schema: Any) -> Any:
    """A JSON schema without what is written for people; members may be called as they like."""
    if isinstance(schema, list):
        return [without_prose(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {}
    for key, value in schema.items():
        if key in _NAMED:
            kept[key] = {name: without_prose(one) for name, one in value.items()}
        elif key in {"default", "const", "enum"}:
            kept[key] = value
        elif key not in PROSE:
            kept[key] = without_prose(value)
    return kept
