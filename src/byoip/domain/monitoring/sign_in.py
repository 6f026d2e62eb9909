"""The alert about the identity provider: people notice first, and an operator cannot wait."""

from typing import Final

from byoip.domain.monitoring.alert import Alert, Severity

_AWAY: Final = 'byoip_http_requests_total{route=~"/ui/enter/provider.*",status="503"}'

SIGN_IN: Final = (
    Alert(
        "ByoipIdentityProviderAway",
        f"sum by (job) (increase({_AWAY}[15m])) > 0",
        "10m",
        Severity.TICKET,
        "The identity provider cannot be asked: nobody signs in there.",
        "Nobody can sign in at the identity provider",
    ),
)
