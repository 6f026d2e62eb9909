"""People, their one-time links and their sessions: written in a transaction."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from byoip.domain.accounts.credential import Scope
from byoip.domain.accounts.people import (
    BrowserSession,
    Person,
    PersonNotFound,
    Role,
    SignInLinkRefused,
)
from byoip.store.accounts.credentials import credential_from, token_hash
from byoip.store.accounts.let_in import hold_off
from byoip.store.accounts.tables import browser_sessions, credentials, people, sign_in_links
from byoip.store.statements import AnyRow, Repository, compiled, to_row

_p, _c, _l, _s = people.c, credentials.c, sign_in_links.c, browser_sessions.c
PERSON: Final = (*_c, _p.role)
PEOPLE: Final = people.join(credentials, _c.id == _p.id)
IN_FORCE: Final = sa.and_(
    _c.revoked_at.is_(None), sa.or_(_c.expires_at.is_(None), _c.expires_at > sa.bindparam("now"))
)
OF_ACCOUNT: Final = _c.account_id.is_not_distinct_from(sa.bindparam("account_id", type_=sa.Uuid))

_ADD: Final = compiled(sa.insert(people), _p.keys())
_LOCK: Final = compiled(
    sa.select(*PERSON)
    .select_from(PEOPLE)
    .where(_p.id == sa.bindparam("person_id"), OF_ACCOUNT, _c.revoked_at.is_(None))
    .with_for_update(of=people, key_share=True)  # a session may begin: see `people.sign_in`
)
_OF_CREDENTIAL: Final = compiled(
    sa.select(*PERSON)
    .select_from(PEOPLE)
    .where(_p.id == sa.bindparam("person_id"), _c.revoked_at.is_(None))
)
_OPERATORS: Final = compiled(
    sa.select(_p.id)
    .select_from(PEOPLE)
    .where(
        _p.role == Role.OPERATOR.value,
        _c.scopes.contains([Scope.OPERATOR.value]),  # whom the identity provider keeps out has none
        _c.account_id.is_(None),
        _c.revoked_at.is_(None),
    )
    .order_by(_p.id)
    # Their credentials are changed by who has the turn for it alone.
    .with_for_update(of=people, key_share=True)
)
_SET_ROLE: Final = compiled(sa.update(people).where(_p.id == sa.bindparam("person_id")), ["role"])
_SET_SCOPES: Final = compiled(
    sa.update(credentials).where(_c.id == sa.bindparam("person_id")), ["scopes"]
)
LINKS_OF: Final = compiled(
    sa.select(sa.func.count().label("many")).where(_l.person_id == sa.bindparam("person"))
)
_ADD_LINK: Final = compiled(sa.insert(sign_in_links), _l.keys())
_USE_LINK: Final = compiled(
    sa.update(sign_in_links)
    .where(
        _l.token_sha256 == sa.bindparam("presented"),
        _l.used_at.is_(None),
        _l.expires_at > sa.bindparam("now"),
    )
    .returning(_l.person_id),
    ["used_at"],
)
_WHOSE: Final = compiled(
    sa.select(*PERSON).select_from(PEOPLE).where(_p.id == sa.bindparam("person_id"), IN_FORCE)
)
_ADD_SESSION: Final = compiled(sa.insert(browser_sessions), _s.keys())
_END_SESSION: Final = compiled(
    sa.update(browser_sessions).where(
        _s.id == sa.bindparam("session_id"),
        _s.person_id == sa.bindparam("person"),
        _s.ended_at.is_(None),
    ),
    ["ended_at"],
)
_END_LINKS: Final = compiled(
    sa.update(sign_in_links).where(
        _l.person_id == sa.bindparam("person"), _l.expires_at > sa.bindparam("now")
    ),
    ["expires_at"],
)


class PeopleRepository(Repository):
    """People, and their ways in."""

    async def add(self, person: Person) -> None:
        """Keep a new person, whose credential is kept already."""
        await self._session.change(_ADD, id=person.id, role=person.role.value)

    async def lock(self, person_id: UUID, account_id: UUID | None) -> Person:
        """Read one of the account's people, of the operator's with None, for update.

        Raises:
            PersonNotFound: not there, removed, or somebody else's.
        """
        asked = {"person_id": person_id, "account_id": account_id}
        return person_from(await self._session.one(_LOCK, PersonNotFound, **asked))

    async def find(self, credential_id: UUID) -> Person | None:
        """Whose credential it is; None: of no person who is still here."""
        for row in await self._session.rows(_OF_CREDENTIAL, person_id=credential_id):
            return person_from(row)
        return None

    async def lock_operators(self) -> Sequence[UUID]:
        """Who can act as operator: nobody else takes that from one of them meanwhile."""
        return [row.id for row in await self._session.rows(_OPERATORS)]

    async def change_role(self, person: Person, role: Role) -> Person:
        """Give a person who was locked another role, and what it allows."""
        scopes = sorted(scope.value for scope in role.scopes)
        await hold_off(self._session, person.id)
        await self._session.change(_SET_ROLE, person_id=person.id, role=role.value)
        await self._session.change(_SET_SCOPES, person_id=person.id, scopes=scopes)
        return Person(replace(person.credential, scopes=role.scopes), role)

    async def lock_out(self, person: Person) -> None:
        """Let a person who was locked, and tokens of theirs, do nothing; the role stays noted."""
        await hold_off(self._session, person.id)
        await self._session.change(_SET_SCOPES, person_id=person.id, scopes=[])

    async def add_link(
        self, link_id: UUID, person_id: UUID, token: str, *, now: datetime, until: datetime
    ) -> None:
        """Keep a one-time link; of its token only a hash."""
        await self._session.change(
            _ADD_LINK,
            id=link_id,
            person_id=person_id,
            token_sha256=token_hash(token),
            created_at=now,
            expires_at=until,
            used_at=None,
        )

    async def links(self, person_id: UUID) -> int:
        """How many links are on record of a person, whatever became of them."""
        [row] = await self._session.rows(LINKS_OF, person=person_id)
        return int(row.many)

    async def end_links(self, person_id: UUID, now: datetime) -> None:
        """Let no link of the person sign in any more."""
        await self._session.change(_END_LINKS, person=person_id, now=now, expires_at=now)

    async def use_link(self, token: str, now: datetime) -> Person:
        """Use a link up; gives who signs in by it. Of several at once one does.

        Raises:
            SignInLinkRefused: unknown, used, expired, or of a person who was removed.
        """
        asked = {"presented": token_hash(token), "now": now, "used_at": now}
        row = await self._session.one(_USE_LINK, SignInLinkRefused, **asked)
        whose = {"person_id": row.person_id, "now": now}
        return person_from(await self._session.one(_WHOSE, SignInLinkRefused, **whose))

    async def add_session(self, session: BrowserSession, token: str) -> None:
        """Keep a session; of its token only a hash."""
        row = to_row(session, _s.keys(), token_sha256=token_hash(token), ended_at=None)
        await self._session.change(_ADD_SESSION, **row)

    async def end_session(self, session_id: UUID, person_id: UUID, now: datetime) -> bool:
        """End a session of the person; whether there was one."""
        asked = {"session_id": session_id, "person": person_id, "ended_at": now}
        return bool(await self._session.change(_END_SESSION, **asked))


def person_from(row: AnyRow) -> Person:
    """A row of PERSON."""
    return Person(credential_from(row), Role(row.role))
