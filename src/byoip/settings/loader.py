"""Read file and environment into one frozen Settings."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from byoip.settings.model import Settings
from byoip.settings.names import CONFIG_VARIABLE, DATABASE_VARIABLE, SettingsError
from byoip_cli.names import OF_CLIENTS

_PREFIX = "BYOIP_"
_APART = OF_CLIENTS | {CONFIG_VARIABLE}


def read_settings(environment: Mapping[str, str] | None = None, **given: Any) -> Settings:
    """Read file and environment; `given` (from the command line) wins over both.

    Raises:
        SettingsError: a file that cannot be read, unknown keys, or values that cannot be used.
    """
    known = os.environ if environment is None else environment
    scalars = {
        name.removeprefix(_PREFIX).lower(): value
        for name, value in known.items()
        if name.startswith(_PREFIX) and name not in _APART
    }
    if url := known.get(DATABASE_VARIABLE):
        scalars["database_url"] = url
    chosen = {name: value for name, value in given.items() if value is not None}
    try:
        return Settings.model_validate(_file(known.get(CONFIG_VARIABLE)) | scalars | chosen)
    except ValidationError as fault:
        raise SettingsError(_explain(fault)) from None


def _file(path: str | None) -> dict[str, Any]:
    if not path:
        return {}
    try:
        with Path(path).open("rb") as file:
            return tomllib.load(file)
    except (OSError, tomllib.TOMLDecodeError) as fault:
        raise SettingsError(f"{CONFIG_VARIABLE}={path}: {fault}") from None


def _explain(fault: ValidationError) -> str:
    lines = [
        f"{'.'.join(str(part) for part in one['loc']) or 'settings'}: {one['msg']}"
        for one in fault.errors(include_input=False, include_url=False)
    ]
    return "These settings cannot be used:\n" + "\n".join(f"  {line}" for line in lines)
