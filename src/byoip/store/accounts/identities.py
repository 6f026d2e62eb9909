"""Identities: people as an identity provider knows them, and what it ended."""

from datetime import datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from byoip.domain.accounts.people import Role
from byoip.domain.accounts.sign_in import (
    ATTEMPT_HOLDS,
    Identity,
    LogoutSaid,
    ProviderSaid,
    ProviderSignInRefused,
)
from byoip.store.accounts.tables import browser_sessions, credentials, identities, logout_tokens
from byoip.store.statements import AnyRow, Repository, compiled
from byoip.store.unavailable import refusing

_i, _c, _s, _o = identities.c, credentials.c, browser_sessions.c, logout_tokens.c
_ROW: Final = (_i.person_id, _c.account_id, _i.issuer, _i.subject, _i.granted, _i.most)
_FOUND: Final = sa.select(*_ROW, _c.revoked_at.is_(None).label("here")).select_from(
    identities.join(credentials, _c.id == _i.person_id)
)
_KNOWN_AS: Final = (
    _i.issuer == sa.bindparam("of_issuer"),
    _i.subject == sa.bindparam("of_subject"),
    _i.live,
)
_FIND: Final = compiled(_FOUND.where(*_KNOWN_AS))
_OF: Final = compiled(
    _FOUND.where(_i.person_id == sa.bindparam("person"), _i.live).with_for_update(of=identities)
)
OF_PERSON: Final = compiled(_FOUND.where(_i.person_id == sa.bindparam("person"), _i.live))
BARRED: Final = compiled(
    _FOUND.add_columns(_c.name)
    .where(
        _i.live,
        _c.revoked_at.is_not(None),
        _c.account_id.is_not_distinct_from(sa.bindparam("account_id", type_=sa.Uuid)),
    )
    .order_by(_c.revoked_at.desc(), _c.id)
    .limit(200)
)
_ADD: Final = compiled(sa.insert(identities), [one.name for one in _i if one.name != "live"])
_SET: Final = compiled(
    sa.update(identities).where(_i.person_id == sa.bindparam("person")), ["granted", "most"]
)
_END: Final = compiled(
    sa.update(identities).where(_i.person_id == sa.bindparam("person"), _i.live), ["ended_at"]
)
_ended = pg.insert(logout_tokens)
_USE: Final = compiled(_ended.on_conflict_do_nothing().returning(_o.token_sha256), _o.keys())
# Of a subject, or a session there: until when an attempt to sign in from before its last logout
# could still come. Both who logs out and who signs in lock it: one is first.
_NOTE_LOGOUT: Final = compiled(
    _ended.on_conflict_do_update(
        constraint=logout_tokens.primary_key, set_={"expires_at": _ended.excluded.expires_at}
    ),
    _o.keys(),
)
_LOCK_LOGOUT: Final = compiled(
    _ended.on_conflict_do_update(
        constraint=logout_tokens.primary_key, set_={"expires_at": _o.expires_at}
    ).returning(_o.expires_at),
    _o.keys(),
)
_OPEN: Final = (_s.ended_at.is_(None), _s.checked_at.is_not(None))
_WHOSE: Final = sa.select(_i.person_id).where(_i.issuer == sa.bindparam("of_issuer"))
_BY_SUBJECT: Final = _WHOSE.where(_i.subject == sa.bindparam("of_subject"))
_LOG_OUT: Final = compiled(
    sa.update(browser_sessions)
    .where(*_OPEN, _s.person_id.in_(_BY_SUBJECT))
    .returning(_s.person_id),
    ["ended_at"],
)
_LOG_OUT_SESSION: Final = compiled(
    sa.update(browser_sessions)
    .where(*_OPEN, _s.provider_sid == sa.bindparam("sid"), _s.person_id.in_(_WHOSE))
    .returning(_s.person_id),
    ["ended_at"],
)
_END_SESSIONS: Final = compiled(
    sa.update(browser_sessions).where(
        _s.person_id == sa.bindparam("person"), _s.ended_at.is_(None)
    ),
    ["ended_at"],
)
_CHECKED: Final = compiled(
    sa.update(browser_sessions).where(
        _s.id == sa.bindparam("session_id"),
        _s.person_id == sa.bindparam("person"),
        _s.ended_at.is_(None),
    ),
    ["checked_at", "provider_sid"],
)


class IdentityRepository(Repository):
    """Identities, and sessions that came by them."""

    async def find(self, issuer: str, subject: str) -> Identity | None:
        """As whom the provider's subject is known, perhaps one who was removed here."""
        for row in await self._session.rows(_FIND, of_issuer=issuer, of_subject=subject):
            return identity_from(row)
        return None

    async def of(self, person_id: UUID) -> Identity | None:
        """The identity of a person who is locked, for update; None: they come by links."""
        for row in await self._session.rows(_OF, person=person_id):
            return identity_from(row)
        return None

    async def add(self, made: Identity) -> None:
        """Keep a new one.

        Raises:
            ProviderSignInRefused: the same subject came twice at once, and the other was first.
        """
        row = {name: getattr(made, name) for name in ("person_id", "issuer", "subject")}
        roles = {"granted": _text(made.granted), "most": _text(made.most)}
        with refusing(uq_identities_live=ProviderSignInRefused):
            await self._session.change(_ADD, **row, **roles, ended_at=None)

    async def note(self, person_id: UUID, *, granted: Role | None, most: Role | None) -> None:
        """Note what the provider gives, and what is left of it here."""
        roles = {"granted": _text(granted), "most": _text(most)}
        await self._session.change(_SET, person=person_id, **roles)

    async def end(self, person_id: UUID, now: datetime) -> bool:
        """Forget who it was, so that the subject may come as somebody new; whether one was."""
        return bool(await self._session.change(_END, person=person_id, ended_at=now))

    async def use(self, said: LogoutSaid) -> bool:
        """Note that a logout token came; whether it is the first time."""
        digest = sha256(f"{said.issuer} {said.token_id}".encode(errors="replace")).digest()
        return bool(
            await self._session.rows(_USE, token_sha256=digest, expires_at=said.fresh_until)
        )

    async def log_out(self, said: LogoutSaid, now: datetime) -> set[UUID]:
        """End the session that it names; where there is none, all of the subject's. Whose."""
        for digest in _named(said.issuer, said.subject, said.sid):
            until = now + ATTEMPT_HOLDS
            await self._session.change(_NOTE_LOGOUT, token_sha256=digest, expires_at=until)
        asked = {"of_issuer": said.issuer, "ended_at": now}
        rows: list[AnyRow] = []
        if said.sid is not None:
            rows = await self._session.rows(_LOG_OUT_SESSION, sid=said.sid, **asked)
        if not rows and said.subject is not None:
            rows = await self._session.rows(_LOG_OUT, of_subject=said.subject, **asked)
        return {row.person_id for row in rows}

    async def logged_out_since(self, said: ProviderSaid, begun_at: datetime) -> bool:
        """Whether whom it names was logged out there after this; no logout comes meanwhile."""
        out = False
        for digest in _named(said.issuer, said.subject, said.sid):
            asked = {"token_sha256": digest, "expires_at": begun_at}
            (row,) = await self._session.rows(_LOCK_LOGOUT, **asked)
            out |= row.expires_at - ATTEMPT_HOLDS >= begun_at
        return out

    async def end_sessions(self, person_id: UUID, now: datetime) -> None:
        """End all sessions of a person."""
        await self._session.change(_END_SESSIONS, person=person_id, ended_at=now)

    async def checked(
        self, session_id: UUID, person_id: UUID, sid: str | None, now: datetime
    ) -> bool:
        """Note that the provider still knows them; whether the session was open."""
        whose = {"session_id": session_id, "person": person_id}
        noted = {"checked_at": now, "provider_sid": sid}
        return bool(await self._session.change(_CHECKED, **whose, **noted))


def _named(issuer: str, subject: str | None, sid: str | None) -> list[bytes]:
    """What stands for the subject, and for the session there; in the order of their locks."""
    named = {"subject": subject, "session": sid}
    texts = [f"{kind}\0{issuer}\0{one}" for kind, one in named.items() if one is not None]
    return sorted(sha256(one.encode(errors="replace")).digest() for one in texts)


def _text(role: Role | None) -> str | None:
    return None if role is None else role.value


def identity_from(row: AnyRow) -> Identity:
    """A row of OF_PERSON."""
    granted, most = (None if one is None else Role(one) for one in (row.granted, row.most))
    known = row.person_id, row.account_id, row.issuer, row.subject
    return Identity(*known, granted, most, row.here)
