"""Names that stand in the environment, and the error: for commands that read no settings."""

from byoip.domain.errors import Fixable

CONFIG_VARIABLE = "BYOIP_CONFIG"
DATABASE_VARIABLE = "DATABASE_URL"


class SettingsError(Fixable):
    """The settings cannot be used; the message names each offending key."""
