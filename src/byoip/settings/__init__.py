"""Settings: one TOML file for structures, the environment for scalars; read once, then frozen.

The file is named by `BYOIP_CONFIG`. A scalar `name` may stand in the file or be given as
`BYOIP_NAME`, which wins; lists of scalars are separated by commas there. Unknown keys, in the file
or with the prefix `BYOIP_` in the environment, are errors: a misspelt setting must not pass
silently.
"""

from typing import Literal

from byoip.settings.loader import (
    CONFIG_VARIABLE,
    DATABASE_VARIABLE,
    OPERATOR_TOKEN_VARIABLE,
    URL_VARIABLE,
    read_settings,
)
from byoip.settings.model import (
    Settings,
    SettingsError,
    letter_notes,
    require_origins,
    speaker_notes,
)
from byoip.settings.parts import ServiceSettings, on_loopback, resolver_address

Mode = Literal["sandbox", "production"]

__all__ = [
    "CONFIG_VARIABLE",
    "DATABASE_VARIABLE",
    "OPERATOR_TOKEN_VARIABLE",
    "URL_VARIABLE",
    "Mode",
    "ServiceSettings",
    "Settings",
    "SettingsError",
    "letter_notes",
    "on_loopback",
    "read_settings",
    "require_origins",
    "resolver_address",
    "speaker_notes",
]
