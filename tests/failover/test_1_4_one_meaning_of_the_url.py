"""Failover 1.4: every part of byoip takes DATABASE_URL for the same servers, or it is refused."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from byoip.cli.commands import app as commands
from byoip.settings.loader import read_settings
from byoip.settings.names import SettingsError
from byoip.store.autocommit import autocommit_pool
from byoip.store.connecting import Connection
from byoip.store.database_url import UnusableDatabaseUrl, parameters, places, plain, with_driver
from byoip.store.engine import make_engine
from byoip.store.jobs.jobs import make_job_app
from byoip.store.statements import from_text

TWO = [{"host": "a", "port": "5432"}, {"host": "b", "port": "5433"}]
WHERE = "SELECT current_setting('port') AS port, current_database() AS name"


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("postgresql://u:p@a:5432,b:5433/d", TWO),
        ("postgres://u@a:5432,b:5433/d?sslmode=require", TWO),
        ("postgresql+psycopg://u@a:5432,b:5433/d", TWO),
        ("postgresql://u@/d?host=a,b&port=5432,5433", TWO),
        ("postgresql://u@/d?host=a,b&port=5432", [TWO[0], {"host": "b", "port": "5432"}]),
        ("postgresql://u@a,b/d", [{"host": "a"}, {"host": "b"}]),
        ("postgresql://u@[::1]:5432/d", [{"host": "::1", "port": "5432"}]),
        ("postgresql://u@%2Frun%2Fpg/d", [{"host": "/run/pg"}]),
        ("postgresql:///d", [{}]),
    ],
)
def test_hosts_and_ports_are_those_of_libpq(url: str, where: list[dict[str, str]]) -> None:
    said = parameters(url)
    assert places(said) == where
    assert said["target_session_attrs"] == "read-write"
    assert parameters(with_driver(url).render_as_string(hide_password=False)) == said
    assert psycopg.conninfo.conninfo_to_dict(plain(url)) == said


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("host=a dbname=d", "the form postgresql://"),
        ("mysql://u@a/d", "the form postgresql://"),
        ("postgresql://u:secret%zz@a/d", "%-escaped"),
        ("postgresql://u:secret@a/d?ssl=true2", "%-escaped"),
        ("postgresql://u:secret@a,b:5433/d", "each one's port"),
        ("postgresql://u:secret@a:5432,:5433/d", "each host"),
        ("postgresql://u:secret@/d?host=a:5432,b:5433", "port=5432,5432"),
        ("postgresql://u:secret@/d?host=a:5432&host=b:5433", "twice"),
        ("postgresql://u:secret@a/d?host=b", "twice"),
        ("postgresql://u:secret@/d?host=a,b,c&port=1,2", "as many ports"),
        ("postgresql://u:secret@a:70000/d", "from 1 to 65535"),
        ("postgresql://u:secret@a/d?tcp_user_timeout=8s", "tcp_user_timeout"),
        ("postgresql://u:secret@a/d?target_session_attrs=any", "takes writes"),
        ("postgresql://u:secret@a:1,b:2/d?target_session_attrs=prefer-standby", "takes writes"),
    ],
)
def test_what_could_mean_several_things_is_refused_in_a_sentence_without_the_password(
    url: str, told: str
) -> None:
    with pytest.raises(UnusableDatabaseUrl, match=told) as refused:
        parameters(url)
    with pytest.raises(SettingsError, match=told):
        read_settings({"DATABASE_URL": url})
    checked = CliRunner().invoke(
        commands, ["config", "check", "--offline"], env={"DATABASE_URL": url}
    )
    assert told in str(checked.exception)
    for said in (str(refused.value), str(checked.exception), checked.output):
        assert "secret" not in said


def test_limits_stand_unless_the_url_has_its_own() -> None:
    said = parameters("postgresql://u@a/d?connect_timeout=9&keepalives_idle=60")
    assert (said["connect_timeout"], said["keepalives_idle"]) == ("9", "60")
    assert said["tcp_user_timeout"] == "8000"
    assert said["keepalives"] == "1"


@contextmanager
def _refused_port() -> Iterator[int]:
    with socket.socket() as bound:  # bound and not listening: nobody else gets it
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


async def test_every_part_reaches_the_second_host_when_the_first_is_away(cloned_url: str) -> None:
    said = parameters(cloned_url)
    there = f"{said['user']}:{said['password']}@127.0.0.1"
    with _refused_port() as away:
        hosts = f"{there}:{away},127.0.0.1:{said['port']}"
        url = f"postgresql://{hosts}/{said['dbname']}?options=-cwork_mem%3D7MB"
        expected = (said["port"], said["dbname"])
        engine = make_engine(url)
        async with engine.connect() as connection:
            assert tuple((await connection.execute(sa.text(WHERE))).one()) == expected
            assert await connection.scalar(sa.text("SHOW work_mem")) == "7MB"
            assert await connection.scalar(sa.text("SHOW statement_timeout")) == "15s"
        assert [tuple(one) for one in await autocommit_pool(engine).ask(from_text(WHERE))] == [
            expected
        ]
        await engine.dispose()
        app = make_job_app(url)
        async with app.open_async():
            asked = await app.connector.execute_query_one_async(WHERE)
            assert tuple(asked.values()) == expected
        async with await Connection.connect(plain(url)) as connected:  # LISTEN, the leadership
            assert (str(connected.info.port), connected.info.dbname) == expected
        alembics = sa.create_engine(with_driver(url), poolclass=sa.NullPool)
        with alembics.connect() as migrating:
            assert tuple(migrating.execute(sa.text(WHERE)).one()) == expected
