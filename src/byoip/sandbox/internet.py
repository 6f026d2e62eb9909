"""The small Internet on loopback: registries and a name server on several addresses."""

from byoip.sandbox.name_server import NameServer
from byoip.sandbox.places import SandboxPlaces
from byoip.sandbox.rdap_server import RdapServer
from byoip.sandbox.whois_server import WhoisServer

# The first plays the validating resolver, the others are the zones' name servers.
_NAME_SERVERS = ("127.0.0.1", "127.0.0.2", "127.0.0.3")


class SandboxInternet:
    """The parties that checks ask; for trials, never for production."""

    def __init__(self) -> None:
        self.whois = WhoisServer()
        self.rdap = RdapServer()
        self.names = NameServer()
        self.places = SandboxPlaces(self.names, self.whois, _NAME_SERVERS)
        self.whois_port = 0
        self.resolver = ("127.0.0.1", 0)

    async def start(self) -> None:
        """Listen, on free ports."""
        self.whois_port = await self.whois.start()
        await self.rdap.start()
        self.resolver = ("127.0.0.1", await self.names.start(_NAME_SERVERS))

    async def stop(self) -> None:
        """Stop listening."""
        await self.places.stop()
        await self.whois.stop()
        await self.rdap.stop()
        await self.names.stop()
