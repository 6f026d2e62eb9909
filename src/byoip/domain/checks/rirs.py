"""The five regional Internet registries and their routing registries, with their defaults.

Hosts, dialects and sources as each RIR documents them; an operator may replace any of them, and
add national registries (JPIRR, IDNIC, ...), in the settings. `rr.arin.net` and `irr.lacnic.net` are
the routing registries; `whois.arin.net` and `whois.lacnic.net` are not.
"""

from typing import Final

from byoip.domain.checks.registry import Dialect, Registry

# The holder rule applies where the maintainer of a covering route object, an old transit provider
# for example, may create more specific ones (RIPE database, RouteIpAddressAuthentication).
# LACNIC's routing registry is made from ROAs; ARIN's makes objects from them unless told not to.
RIRS: Final = (
    Registry("afrinic", "AFRINIC", "whois.afrinic.net", Dialect.RIPE, holder_rule=True),
    Registry("apnic", "APNIC", "whois.apnic.net", Dialect.RIPE, holder_rule=True),
    Registry("arin", "ARIN", "rr.arin.net", Dialect.IRRD, objects_from_roas=True),
    Registry("lacnic", "LACNIC", "irr.lacnic.net", Dialect.IRRD, objects_from_roas=True),
    Registry(
        "ripencc",
        "RIPE",
        "whois.ripe.net",
        Dialect.RIPE,
        rest_url="https://rest.db.ripe.net",
        holder_rule=True,
    ),
)
