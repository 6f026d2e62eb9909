"""DATABASE_URL, read by one parser, in the one form that every part of byoip connects with.

The parser is libpq's own, which psql and pg_dump use too. What another reader of such a URL could
take for other servers is refused, as is what byoip cannot work with.
"""

import ipaddress
import re
from collections.abc import Mapping
from typing import Final

import sqlalchemy as sa
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict, make_conninfo

_FORM: Final = "postgresql://user:password@host:port/name"
_SCHEME: Final = re.compile(r"postgres(?:ql)?(?:\+\w+)?://(.*)", re.DOTALL | re.IGNORECASE)
_WRITABLE: Final = ("read-write", "primary")

# In seconds, the last in ms. A host that says nothing is given up after two seconds when we
# connect, and after eight when we are connected. The URL may say otherwise.
_LIMITS: Final = {
    "connect_timeout": "2",
    "keepalives": "1",
    "keepalives_idle": "4",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "8000",
}
_PLACE: Final = ("host", "hostaddr", "port")


class UnusableDatabaseUrl(ValueError):  # noqa: N818 - an answer for the operator
    """It does not say for every part of byoip which servers are meant; the message is a sentence.

    It quotes nothing of the URL, which holds a password.
    """


def parameters(database_url: str) -> dict[str, str]:
    """What the URL says, as parameters of libpq; several hosts each have their port.

    Raises:
        UnusableDatabaseUrl: it cannot be used.
    """
    said = _parsed(database_url)
    _refuse_unclear_places(said)
    _require_numbers(said)
    if said.setdefault("target_session_attrs", _WRITABLE[0]) not in _WRITABLE:
        raise UnusableDatabaseUrl(
            "byoip works only on the server that takes writes: leave target_session_attrs out, or "
            "set it to read-write."
        )
    return _LIMITS | said


def plain(database_url: str) -> str:
    """The same as a connection string of libpq, for psycopg and the queue."""
    return make_conninfo("", **parameters(database_url))


def with_driver(database_url: str) -> sa.URL:
    """The same for SQLAlchemy, which hands parameters in the query to the driver as they are."""
    said = parameters(database_url)
    user, password, name = (said.pop(one, None) for one in ("user", "password", "dbname"))
    return sa.URL.create("postgresql+psycopg", user, password, database=name, query=said)


def joined_options(said: Mapping[str, object], ours: str) -> str:
    """The server's settings that the URL has in `options`, and ours, which win."""
    return f"{said.get('options') or ''} {ours}".strip()


def places(said: dict[str, str]) -> list[dict[str, str]]:
    """Its hosts one by one, each with its port; one without either where the URL names none."""
    lists = {name: said[name].split(",") for name in _PLACE if said.get(name)}
    count = max(map(len, lists.values()), default=1)
    every = {name: many * count if len(many) == 1 else many for name, many in lists.items()}
    return [{name: many[place] for name, many in every.items()} for place in range(count)]


def _parsed(database_url: str) -> dict[str, str]:
    scheme = _SCHEME.fullmatch(database_url.strip())
    if scheme is None:
        raise UnusableDatabaseUrl(f"It must have the form {_FORM}.")
    before, _, query = scheme[1].partition("?")
    names = [one.partition("=")[0] for one in query.split("&") if one]
    try:
        first = conninfo_to_dict(f"postgresql://{before}")
        said = conninfo_to_dict(f"postgresql://{scheme[1]}")
    except ProgrammingError:
        raise UnusableDatabaseUrl(
            f"It cannot be read as {_FORM}: characters such as @ : / ? % in the user and the "
            "password must be %-escaped, and parameters must be ones that libpq knows."
        ) from None
    if len(names) > len(set(names)) or first.keys() & set(names):
        raise UnusableDatabaseUrl(
            "It says something twice (a parameter is repeated, or stands before the ? as well): "
            "say it once; several hosts stand in one list, as host1:5432,host2:5432."
        )
    made = {name: str(value) for name, value in said.items()}
    return {name: value for name, value in made.items() if value.strip(",")}


def _refuse_unclear_places(said: dict[str, str]) -> None:
    lists = {name: said[name].split(",") for name in _PLACE if name in said}
    counts = {len(many) for name, many in lists.items() if name != "port"}
    hosts, ports = max(counts, default=1), lists.get("port", [])
    if len(counts) > 1 or (len(ports) > 1 and len(ports) != hosts):
        raise UnusableDatabaseUrl("It must name as many ports (and addresses) as hosts.")
    if hosts > 1 and not all(all(many) for many in lists.values()):
        raise UnusableDatabaseUrl(
            "With several hosts it must name each host and each one's port, since programs differ "
            "in which port is meant for the others: host1:5432,host2:5432."
        )
    if any(":" in host and not _is_address(host) for host in lists.get("host", [])):
        raise UnusableDatabaseUrl(
            "Ports in the parameter host are not understood by libpq: host=a,b&port=5432,5432."
        )


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host.startswith("/")
    return True


def _require_numbers(said: dict[str, str]) -> None:
    for port in filter(None, said.get("port", "").split(",")):
        if not port.isdecimal() or not 0 < int(port) < 2**16:
            raise UnusableDatabaseUrl("A port in it is not a number from 1 to 65535.")
    for name in _LIMITS:
        if not said.get(name, "0").isdecimal():
            raise UnusableDatabaseUrl(f"{name} in it is not a whole number.")
