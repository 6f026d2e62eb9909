"""Which servers may be asked for registration data, and whose they are."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TypeAlias

import httpx

from byoip.domain.checks.registry import Dialect, Registry
from byoip.domain.rdap.servers import KnownServer

# Scheme, host in lower case, and port.
Origin: TypeAlias = tuple[str, str, int]

_PORTS = {"http": 80, "https": 443}


class RdapServers:
    """The registries by the servers that speak for them.

    What is not among them is not asked, wherever a redirect leads: no server chooses whom the
    operator's machine connects to.
    """

    def __init__(
        self, registries: Mapping[str, Registry], known: Iterable[KnownServer] = ()
    ) -> None:
        """Take those of the settings, and others that they may redirect to."""
        owners: dict[Origin, Registry] = {}
        for server in known:
            registry = registries.get(server.key) or _unconfigured(server)
            if server.per_minute:
                least = min(registry.budget.per_minute, server.per_minute)
                registry = replace(registry, budget=replace(registry.budget, per_minute=least))
            owners["https", server.host, _PORTS["https"]] = registry
        for registry in registries.values():
            if registry.rdap_url and (origin := origin_of(httpx.URL(registry.rdap_url))):
                owners.setdefault(origin, registry)
        self._owners = MappingProxyType(owners)

    def owner(self, url: httpx.URL) -> Registry | None:
        """Whose server it is; None: it is not to be asked."""
        if url.userinfo:
            return None
        origin = origin_of(url)
        return None if origin is None else self._owners.get(origin)


def origin_of(url: httpx.URL) -> Origin | None:
    """The origin of a URL; None where it has none that could be asked."""
    default = _PORTS.get(url.scheme)
    if default is None or not url.host:
        return None
    return url.scheme, url.host.lower().rstrip("."), url.port or default


def _unconfigured(server: KnownServer) -> Registry:
    # Only its key and budget are read: nothing but RDAP is asked there.
    return Registry(server.key, server.key.upper(), server.host, Dialect.RIPE)
