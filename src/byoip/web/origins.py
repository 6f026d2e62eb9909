"""From where a browser may act here: from our own pages, over a connection that nobody reads."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from byoip.web.site import NotServed

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def own_origin(public_url: str, scheme: str, hosts: Sequence[str]) -> str:
    """The origin under which the browser has this page.

    At the public name what ends TLS stands before us, and the scheme is that of the public URL;
    anywhere else it is the connection's.

    Args:
        public_url: of the service.
        scheme: of the connection.
        hosts: values of the header Host.

    Raises:
        NotServed: it came in plain text, and not from this machine: anyone on the way could read
            the link that signs in, and browsers do not keep our cookie.
    """
    host = hosts[0].lower() if len(hosts) == 1 else ""
    public = urlsplit(public_url)
    if host and host == public.netloc.lower():
        scheme = public.scheme
    if scheme != "https" and _name_of(host) not in _LOOPBACK:
        raise NotServed(
            403,
            "Not over plain HTTP",
            "Nobody signs in here over plain HTTP: anyone on the way could read along. Use the "
            f"public address, {public_url}, which has to begin with https.",
        )
    return f"{scheme}://{host}"


def require_own_form(origin: str, fetch_sites: Sequence[str], origins: Sequence[str]) -> None:
    """Refuse a form that another site has made a browser send.

    Another port of this host is another site (`same-site`): it may be anybody's. Browsers send
    Sec-Fetch-Site only where nobody can read along; without it Origin has to be ours.

    Raises:
        NotServed: it comes from elsewhere, or says not from where.
    """
    if fetch_sites:
        ours = list(fetch_sites) in (["same-origin"], ["none"])
    else:
        ours = list(origins) == [origin]
    if not ours:
        raise NotServed(
            403,
            "Not from here",
            "This request was made by a page of another site, and nothing was done. Open the page "
            "here, and send its form.",
        )


def _name_of(host: str) -> str:
    if "@" in host:  # no host, though the parser finds one behind it
        return ""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
