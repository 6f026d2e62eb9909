"""`byoip account` and `byoip token`: the way in, with a database and nothing else."""

import asyncio

import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from byoip.cli.commands import app
from byoip.domain.accounts.credential import AccountNotFound, ScopesRefused
from byoip.domain.accounts.people import PersonNotFound, RoleRefused
from byoip.domain.customer_text import InvalidText
from byoip.store.engine import make_engine


def run(database_url: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments], env={"DATABASE_URL": database_url})


def says(database_url: str, *arguments: str) -> str:
    result = run(database_url, *arguments)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output.strip()


def history(database_url: str) -> list[tuple[str, str, str, object]]:
    """Kind, actor, reason, and what there is then."""

    async def main() -> list[tuple[str, str, str, object]]:
        engine = make_engine(database_url)
        async with engine.connect() as connection:
            told = "SELECT kind, actor, reason, after FROM operator_events ORDER BY number"
            rows = (await connection.execute(text(told))).all()
        await engine.dispose()
        return [(row.kind, row.actor, row.reason, row.after) for row in rows]

    return asyncio.run(main())


def test_what_is_made_in_the_database_stands_in_the_history(database_url: str) -> None:
    why = ["--reason", "contract 4711"]
    account = says(database_url, "account", "create", "Example", "--quota", "7", *why)
    token = says(database_url, "token", "create", "ci", "--account", account)
    assert says(database_url, "token", "create", "Jo Doe", "--days", "3") != token
    assert token.startswith("byoip_")
    made, customers, operators = history(database_url)
    assert made[:3] == ("account.created", "cli", "contract 4711")
    assert made[3] == {"account_id": account, "name": "Example", "prefix_quota": 7}
    assert customers[:2] == operators[:2] == ("credential.created", "cli")
    assert all(reason for _, _, reason, _ in (customers, operators))
    assert account in str(customers[3])
    assert "'scopes': ['operator']" in str(operators[3])


def test_an_operators_scope_is_not_for_a_customer_nor_the_other_way_round(
    database_url: str,
) -> None:
    account = says(database_url, "account", "create", "Example")
    for arguments in (
        ["x", "--account", account, "--scope", "operator"],
        ["x", "--scope", "prefixes:read"],
    ):
        refused = run(database_url, "token", "create", *arguments)
        assert isinstance(refused.exception, ScopesRefused)
    assert len(history(database_url)) == 1


@pytest.mark.parametrize(
    ("arguments", "refusal"),
    [
        (["account", "create", "x", "--reason", " "], InvalidText),
        (["token", "create", "x", "--account", "0" * 32], AccountNotFound),
    ],
    ids=["no reason", "no account"],
)
def test_what_cannot_be_made_is_refused(
    database_url: str, arguments: list[str], refusal: type[Exception]
) -> None:
    assert isinstance(run(database_url, *arguments).exception, refusal)
    assert history(database_url) == []


def test_a_person_is_let_in_linked_again_and_removed(database_url: str) -> None:
    account = says(database_url, "account", "create", "Example")
    first = says(database_url, "person", "invite", "Ada", "--role", "admin", "--account", account)
    assert first.startswith("http://localhost:8080/ui/enter#")
    person = history(database_url)[-1][3]["person_id"]  # type: ignore[index]
    again = says(database_url, "person", "link", person, "--account", account)
    assert again != first
    assert isinstance(run(database_url, "person", "link", person).exception, PersonNotFound)
    says(database_url, "person", "remove", person, "--account", account)
    assert [kind for kind, *_ in history(database_url)][-2:] == [
        "credential.revoked",
        "person.removed",
    ]
    refused = run(database_url, "person", "invite", "Eve", "--role", "admin")
    assert isinstance(refused.exception, RoleRefused)
