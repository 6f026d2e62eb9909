"""Names that stand in the environment, and the error: for commands that read no settings."""

from byoip.domain.errors import Fixable

CONFIG_VARIABLE = "BYOIP_CONFIG"
DATABASE_VARIABLE = "DATABASE_URL"
# Read by `byoip operator`, which is a client of a running service and has no settings.
URL_VARIABLE = "BYOIP_URL"
OPERATOR_TOKEN_VARIABLE = "BYOIP_OPERATOR_TOKEN"  # noqa: S105 - a name


class SettingsError(Fixable):
    """The settings cannot be used; the message names each offending key."""
