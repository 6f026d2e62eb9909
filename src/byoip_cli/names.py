"""Names that stand in the environment of a client."""

from typing import Final

URL_VARIABLE: Final = "BYOIP_URL"
TOKEN_VARIABLE: Final = "BYOIP_TOKEN"  # noqa: S105 - a name; of a customer's commands
ACCOUNT_VARIABLE: Final = "BYOIP_ACCOUNT"
OPERATOR_TOKEN_VARIABLE: Final = "BYOIP_OPERATOR_TOKEN"  # noqa: S105 - a name
PROFILE_VARIABLE: Final = "BYOIP_PROFILE"
OF_CLIENTS: Final = frozenset(
    {URL_VARIABLE, TOKEN_VARIABLE, ACCOUNT_VARIABLE, OPERATOR_TOKEN_VARIABLE, PROFILE_VARIABLE}
)
DEFAULT_URL: Final = "http://127.0.0.1:8080"
