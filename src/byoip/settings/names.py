"""Names that stand in the environment, and the error: for commands that read no settings."""

from byoip.domain.errors import Fixable

CONFIG_VARIABLE = "BYOIP_CONFIG"
DATABASE_VARIABLE = "DATABASE_URL"
# Read by `byoip operator` and `byoip webhooks`: clients of a running service, without settings.
URL_VARIABLE = "BYOIP_URL"
TOKEN_VARIABLE = "BYOIP_TOKEN"  # noqa: S105 - a name; of a customer's commands
ACCOUNT_VARIABLE = "BYOIP_ACCOUNT"
OPERATOR_TOKEN_VARIABLE = "BYOIP_OPERATOR_TOKEN"  # noqa: S105 - a name


class SettingsError(Fixable):
    """The settings cannot be used; the message names each offending key."""
