"""People as pages need them: who has this cookie, who is here, who did that."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from byoip.domain.accounts.credential import Credential
from byoip.domain.accounts.people import IDLE, BrowserSession, Person, PersonNotFound, Role
from byoip.domain.accounts.sign_in import Identity
from byoip.ports.clock import Clock
from byoip.store.accounts.credentials import credential_from, token_hash
from byoip.store.accounts.identities import BARRED, OF_PERSON, identity_from
from byoip.store.accounts.people import (
    IN_FORCE,
    LINKS_OF,
    OF_ACCOUNT,
    PEOPLE,
    PERSON,
    person_from,
)
from byoip.store.accounts.seen import Seen
from byoip.store.accounts.tables import (
    accounts,
    browser_sessions,
    credentials,
    people,
    sign_in_links,
)
from byoip.store.autocommit import autocommit_pool
from byoip.store.claims.views import Cursor
from byoip.store.statements import AnyRow, compiled, from_row

_SEEN_WRITTEN: Final = timedelta(minutes=1)
MOST_PEOPLE: Final = 200  # that a page lists
_p, _c, _l, _s = people.c, credentials.c, sign_in_links.c, browser_sessions.c
_SESSION: Final = tuple(
    _s[name].label(f"session_{name}") for name in (one.name for one in fields(BrowserSession))
)
_OPEN: Final = sa.and_(
    _s.ended_at.is_(None),
    _s.expires_at > sa.bindparam("now"),
    _s.last_seen_at > sa.bindparam("seen_after"),
)
_RECOGNISE: Final = compiled(
    sa.select(*PERSON, *_SESSION, accounts.c.name.label("account_name"))
    .select_from(
        PEOPLE.join(browser_sessions, _s.person_id == _p.id).outerjoin(
            accounts, accounts.c.id == _c.account_id
        )
    )
    .where(_s.token_sha256 == sa.bindparam("token_sha256"), _OPEN, IN_FORCE)
)
_STANDS: Final = compiled(
    sa.select(_s.id)
    .select_from(PEOPLE.join(browser_sessions, _s.person_id == _p.id))
    .where(_s.id == sa.bindparam("session_id"), _OPEN, IN_FORCE)
)
_WAS_HERE: Final = compiled(
    sa.select(_s.person_id).where(_s.token_sha256 == sa.bindparam("token_sha256"))
)
# Asks again whether it is due, so that of many requests at once only one writes.
_NOTE_SEEN: Final = compiled(
    sa.update(browser_sessions)
    .where(_s.id == sa.bindparam("session_id"), _s.last_seen_at <= sa.bindparam("before"))
    .returning(_s.id),
    ["last_seen_at"],
)
_SESSIONS: Final = compiled(
    sa.select(*_SESSION)
    .where(_s.person_id == sa.bindparam("person_id"), _OPEN)
    .order_by(_s.last_seen_at.desc(), _s.id)
    .limit(MOST_PEOPLE)
)
_OF_SOME = sa.select(*PERSON).select_from(PEOPLE).order_by(_c.name, _c.id).limit(MOST_PEOPLE)
# Two, by the index of accounts: what matches both an account and none reads all credentials.
OF_AN_ACCOUNT: Final = compiled(
    _OF_SOME.where(_c.account_id == sa.bindparam("account_id"), IN_FORCE)
)
OF_THE_OPERATOR: Final = compiled(_OF_SOME.where(_c.account_id.is_(None), IN_FORCE))
_ONE: Final = compiled(
    sa.select(*PERSON)
    .select_from(PEOPLE)
    .where(_p.id == sa.bindparam("person_id"), OF_ACCOUNT, IN_FORCE)
)
_owner: Final = credentials.alias("owner")
_OF_IDS = (
    sa.select(_c.id, _c.name, _p.id.is_not(None).label("person"), _owner.c.name.label("of"))
    .select_from(
        credentials.outerjoin(people, _p.id == _c.id).outerjoin(_owner, _owner.c.id == _c.person_id)
    )
    .where(_c.id == sa.any_(sa.bindparam("ids")))
)
ALL_NAMES: Final = compiled(_OF_IDS)
_NAMES: Final = compiled(_OF_IDS.where(_c.account_id == sa.bindparam("account_id")))
_OF_TOKENS = (
    sa.select(credentials, _owner.c.name.label("of"))
    .select_from(
        credentials.outerjoin(people, _p.id == _c.id).outerjoin(_owner, _owner.c.id == _c.person_id)
    )
    .where(
        IN_FORCE,
        _p.id.is_(None),
        sa.tuple_(_c.created_at, _c.id)
        < sa.tuple_(
            sa.bindparam("before_time", type_=sa.DateTime(timezone=True)),
            sa.bindparam("before_id", type_=sa.Uuid),
        ),
    )
    .order_by(_c.created_at.desc(), _c.id.desc())
    .limit(sa.bindparam("page_size", type_=sa.Integer))
)
NEWEST: Final = Cursor(datetime.max.replace(tzinfo=UTC), UUID(int=2**128 - 1))
# Two here as well.
TOKENS_OF_AN_ACCOUNT: Final = compiled(
    _OF_TOKENS.where(_c.account_id == sa.bindparam("account_id"))
)
TOKENS_OF_THE_OPERATOR: Final = compiled(_OF_TOKENS.where(_c.account_id.is_(None)))
_LINK_WAITS: Final = compiled(
    sa.select(_l.id).where(
        _l.token_sha256 == sa.bindparam("token_sha256"),
        _l.used_at.is_(None),
        _l.expires_at > sa.bindparam("now"),
    )
)
_OPERATOR_CAME: Final = compiled(
    sa.select(_p.id)
    .select_from(PEOPLE.join(browser_sessions, _s.person_id == _p.id))
    .where(_p.role == Role.OPERATOR.value, _c.revoked_at.is_(None))
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person, and the session by which they came.

    Attributes:
        account_name: what the person's account is called; None: they are the operator's.
    """

    person: Person
    session: BrowserSession
    account_name: str | None = None


@dataclass(frozen=True, slots=True)
class OwnToken:
    """A token that programs use.

    Attributes:
        of: the name of the person who made it for themselves; None: the operator made it.
    """

    credential: Credential
    of: str | None


class PeopleReader:
    """Each call is one statement, or two; nothing is locked."""

    def __init__(self, engine: AsyncEngine, clock: Clock) -> None:
        self._autocommit = autocommit_pool(engine)
        self._clock = clock
        self._seen = Seen()

    def whose(self, token: str) -> UUID | None:
        """The account of the person, of an operator's the person, if this process knew the session.

        It may have ended since.
        """
        return next(iter(self._seen(token_hash(token))), None)

    async def signed_in(self, token: str, *, used: bool = True) -> SignedIn | None:
        """Whose session it is, unless unknown, ended, idle or too old, or the person was removed.

        Notes that it was used, if it was, at most once a minute.
        """
        now, digest = self._clock.now(), token_hash(token)
        asked = {"token_sha256": digest, "now": now, "seen_after": now - IDLE}
        for row in await self._autocommit.ask(_RECOGNISE, **asked):
            found = SignedIn(person_from(row), _session_from(row), row.account_name)
            self._seen.remember(digest, found.person.account_id, found.person.id)
            before = now - _SEEN_WRITTEN
            if used and found.session.last_seen_at <= before:
                seen = {"session_id": found.session.id, "before": before, "last_seen_at": now}
                await self._autocommit.ask(_NOTE_SEEN, **seen)
            return found
        return None

    async def was_here(self, token: str) -> UUID | None:
        """Who was signed in by a session, whatever has become of it and of them."""
        rows = await self._autocommit.ask(_WAS_HERE, token_sha256=token_hash(token))
        return next((row.person_id for row in rows), None)

    async def stands(self, session_id: UUID) -> bool:
        """Whether a session is still open, and its person still here; it is not used by this."""
        now = self._clock.now()
        asked = {"session_id": session_id, "now": now, "seen_after": now - IDLE}
        return bool(await self._autocommit.ask(_STANDS, **asked))

    async def link_waits(self, token: str) -> bool:
        """Whether a link is there to be used."""
        asked = {"token_sha256": token_hash(token), "now": self._clock.now()}
        return bool(await self._autocommit.ask(_LINK_WAITS, **asked))

    async def sessions(self, person_id: UUID) -> Sequence[BrowserSession]:
        """Those that a person has open, the last used first."""
        now = self._clock.now()
        asked = {"person_id": person_id, "now": now, "seen_after": now - IDLE}
        return [_session_from(row) for row in await self._autocommit.ask(_SESSIONS, **asked)]

    async def people(self, account_id: UUID | None) -> Sequence[Person]:
        """An account's people, or the operator's, by name."""
        statement, whose = OF_THE_OPERATOR, {}
        if account_id is not None:
            statement, whose = OF_AN_ACCOUNT, {"account_id": account_id}
        rows = await self._autocommit.ask(statement, now=self._clock.now(), **whose)
        return [person_from(row) for row in rows]

    async def person(self, account_id: UUID | None, person_id: UUID) -> Person:
        """One of them. Raises PersonNotFound."""
        asked = {"account_id": account_id, "person_id": person_id, "now": self._clock.now()}
        for row in await self._autocommit.ask(_ONE, **asked):
            return person_from(row)
        raise PersonNotFound

    async def links(self, person_id: UUID) -> int:
        """How many links are on record of a person, whatever became of them."""
        [row] = await self._autocommit.ask(LINKS_OF, person=person_id)
        many: int = row.many
        return many

    async def identity(self, person_id: UUID) -> Identity | None:
        """Whom the identity provider knows a person as; None: they come by links."""
        rows = await self._autocommit.ask(OF_PERSON, person=person_id)
        return identity_from(rows[0]) if rows else None

    async def barred(self, account_id: UUID | None) -> Mapping[UUID, str]:
        """Names of those who were removed here, and whom the identity provider may still know."""
        rows = await self._autocommit.ask(BARRED, account_id=account_id)
        return {row.person_id: row.name for row in rows}

    async def names(self, account_id: UUID, ids: Collection[UUID]) -> Mapping[UUID, str]:
        """What an account's credentials are called: a person, or a token with that word before."""
        if not ids:
            return {}
        rows = await self._autocommit.ask(_NAMES, account_id=account_id, ids=list(ids))
        return {row.id: row.name if row.person else _token(row) for row in rows}

    async def all_names(self, ids: Collection[UUID]) -> Mapping[UUID, str]:
        """The same of credentials of all accounts, and of the operator's: for operators alone."""
        if not ids:
            return {}
        rows = await self._autocommit.ask(ALL_NAMES, ids=list(ids))
        return {row.id: row.name if row.person else _token(row) for row in rows}

    async def tokens(
        self, account_id: UUID | None, *, before: Cursor | None, limit: int
    ) -> Sequence[OwnToken]:
        """Tokens of an account, or of the operator, the newest first; of people whose they are."""
        start = before or NEWEST
        asked = {"before_time": start.created_at, "before_id": start.id, "page_size": limit}
        statement, whose = TOKENS_OF_THE_OPERATOR, {}
        if account_id is not None:
            statement, whose = TOKENS_OF_AN_ACCOUNT, {"account_id": account_id}
        rows = await self._autocommit.ask(statement, now=self._clock.now(), **asked, **whose)
        return [OwnToken(credential_from(row), row.of) for row in rows]

    async def an_operator_came(self) -> bool:
        """Whether a person with the role operator has ever signed in."""
        return bool(await self._autocommit.ask(_OPERATOR_CAME))


def _token(row: AnyRow) -> str:
    return f"token {row.name}" if row.of is None else f"token {row.name} of {row.of}"


def _session_from(row: AnyRow) -> BrowserSession:
    names = (one.name for one in fields(BrowserSession))
    return from_row(
        BrowserSession, row, **{name: getattr(row, f"session_{name}") for name in names}
    )
