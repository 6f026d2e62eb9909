"""What a mail says: one message of many events, in our own words and no customer's."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from byoip.domain.event_kinds import OF_PREFIXES
from byoip.domain.mail.addressee import CODE_HOLDS, Addressee, digest_of
from byoip.domain.mail.notice import Notice, NoticeKind
from byoip.domain.mail.topics import TAKES_BACK
from byoip.domain.watch.freezing import how_lifted
from byoip.domain.watch.levels import LADDERS, Signal

MOST_LINES: Final = 20


@dataclass(frozen=True, slots=True)
class News:
    """One event, as far as a mail tells it."""

    number: int
    prefix_id: UUID
    cidr: str
    kind: str
    at: datetime
    after: Mapping[str, Any]

    @property
    def about(self) -> tuple[UUID, str]:
        """What a later event may take back."""
        of = (self.after.get(name) for name in ("signal", "bgp_prefix_id", "cidr"))
        return self.prefix_id, next((str(one) for one in of if one), "")


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail.

    Attributes:
        id: what stands before @ in its Message-ID: the same when it is sent again.
        thread: the same of all mails about one prefix; empty: of none.
        mailing: of notices: which they are.
    """

    to: str
    id: str
    subject: str
    text: str
    thread: str = ""
    mailing: UUID | None = None


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes mails in the operator's name.

    Attributes:
        root: where the API and pages are, without a slash at the end; empty: nobody knows.
    """

    operator: str
    root: str = ""

    def code(self, to: Addressee, code: str) -> Mail:
        """The code that says that somebody reads this address."""
        hours = int(CODE_HOLDS.total_seconds() // 3600)
        text = [
            f"Somebody who has a token of the account {to.account_id.hex} at {self.operator}",
            "wants news of the account's prefixes sent to this address.",
            "",
            f"If you want them, give this code back, within {hours} hours:",
            "",
            f"    {code}",
            "",
            *self._page(to),
            *self._link(to, "POST", "/verify", '{"code": "..."}'),
            "",
            "If you know nothing of it, do nothing: no news are sent, and this is all.",
        ]
        subject = f"Code for news from {self.operator}"
        known_by = digest_of(code).hex()[:16]
        return Mail(to.address, f"code.{_short(to.id)}.{known_by}", subject, "\n".join(text))

    def news(self, to: Addressee, all_of_it: Sequence[News]) -> Mail | None:
        """What has happened, the newest last; None: what was is over, and nothing is to tell."""
        told = still_so(all_of_it)
        if not told:
            return None
        first, last = all_of_it[0].number, all_of_it[-1].number
        prefixes = {one.prefix_id: one.cidr for one in told}
        only = next(iter(prefixes)) if len(prefixes) == 1 else None
        text = [f"News of the account {to.account_id.hex} at {self.operator}:", ""]
        for one in told[:MOST_LINES]:
            text += [f"{_time(one.at)}  {one.cidr}  {one.kind}", f"    {_meaning(one.kind)}"]
            text += [*_details(one.after), *_to_do(one)]
        if more := len(told) - MOST_LINES:
            text += ["", f"and {more} more."] if more > 0 else []
        text += ["", *self._where(to, only, first - 1), "", *self._why(to)]
        return Mail(
            to.address,
            f"news.{_short(to.epoch)}.{_short(to.id)}.{first}-{last}",
            _subject(told, len(prefixes)),
            "\n".join(text),
            "" if only is None else f"prefix.{only.hex}",
        )

    def notices(self, to: Addressee, told: Sequence[Notice]) -> Mail:
        """What is about no prefix, the newest last; of one `mailing`, and at least one."""
        text = [f"News of the account {to.account_id.hex} at {self.operator}:", ""]
        for one in told[:MOST_LINES]:
            named, meaning, page = _NOTICES[one.kind]
            text += [f"{_time(one.at)}  {named} {one.about.hex}  {one.kind}", f"    {meaning}"]
            text += [f"    {why}" for why in (_WHY.get(one.after.get("because", "")),) if why]
            text += _details(one.after)
            text += [f"    {self.root}{page.format(one.about.hex)}"] if self.root else []
        more = len(told) - MOST_LINES
        text += ["", f"and {more} more."] if more > 0 else []
        text += ["", *self._why(to)]
        besides = f" and {len(told) - 1} more" if len(told) > 1 else ""
        mailing = told[0].mailing
        return Mail(
            to.address,
            f"notice.{_short(to.id)}.{mailing.hex if mailing else ''}",
            f"{self.operator}: {told[0].kind}{besides}",
            "\n".join(text),
            mailing=mailing,
        )

    def _where(self, to: Addressee, only: UUID | None, after: int) -> Sequence[str]:
        if not self.root:
            return [f"All of it: the account's events behind number {after}."]
        page = [f"The prefix: {self.root}/ui/prefixes/{only.hex}"] if only else []
        events = f"{self.root}/client/v4/accounts/{to.account_id.hex}/addressing/events"
        return [*page, f"All of it: {events}?after={after}"]

    def _why(self, to: Addressee) -> Sequence[str]:
        why = "You get this because this address was verified for it. To end it:"
        return [why, *self._page(to), *self._link(to, "DELETE", "", "")]

    def _page(self, to: Addressee) -> Sequence[str]:
        """Where its account's people do that without a program."""
        return [f"    {self.root}/ui/mail/{to.id.hex}", "or"] if self.root else []

    def _link(self, to: Addressee, method: str, what: str, body: str) -> Sequence[str]:
        root = self.root or "SERVER"
        path = f"/client/v4/accounts/{to.account_id.hex}/addressing/mail_addresses/{to.id.hex}"
        return [f"    {method} {root}{path}{what}", *([f"    {body}"] if body else [])]


def still_so(news: Sequence[News]) -> Sequence[News]:
    """Without what is over by now, and what says so."""
    left: dict[int, News] = {}
    open_: dict[tuple[str, object], int] = {}
    for one in news:
        taken_back = TAKES_BACK.get(one.kind)
        if taken_back and (before := open_.pop((taken_back, one.about), None)) is not None:
            del left[before]
            continue
        if one.kind in TAKES_BACK.values():
            if (same := open_.get((one.kind, one.about))) is not None:
                del left[same]  # it was raised further: the newest counts
            open_[one.kind, one.about] = one.number
        left[one.number] = one
    return list(left.values())


def _subject(told: Sequence[News], prefixes: int) -> str:
    first = told[0]
    if len(told) == 1:
        return f"{first.cidr}: {first.kind}"
    if prefixes == 1:
        return f"{first.cidr}: {first.kind} and {len(told) - 1} more"
    return f"{first.cidr}: {first.kind} and {len(told) - 1} more, of {prefixes} prefixes"


def _meaning(kind: str) -> str:
    subject, _, what = kind.partition(".")
    return OF_PREFIXES[subject][what].replace("`", "")


# How it is called, what it means, and where it is seen.
_NOTICES: Final[Mapping[NoticeKind, tuple[str, str, str]]] = {
    NoticeKind.WEBHOOK_DISABLED: (
        "webhook",
        "The webhook gets nothing more until it is enabled; its place in the feed stays.",
        "/ui/webhooks/{}",
    ),
    NoticeKind.CREDENTIAL_EXPIRING: (
        "API token",
        "The API token is refused from expires_at on: a week or a day is left.",
        "/ui/tokens",
    ),
    NoticeKind.ASN_DISPUTE_OPENED: (
        "AS number",
        "Two accounts have proven it: nothing new is announced from it until an operator decides.",
        "/ui/asns/{}",
    ),
    NoticeKind.ASN_DISPUTE_ENDED: (
        "AS number",
        "The dispute about it has ended, for its holder, its claimant, or as a proof has gone.",
        "/ui/asns/{}",
    ),
}
_WHY: Final = {
    "gone": "Its receiver answered 410.",
    "failing": "Its receiver took none of ten attempts to send it one event.",
    "operator": "The operator has disabled it.",
}
_SHOWN: Final = (
    "signal",
    "level",
    "cidr",
    "validity",
    "closes_at",
    "ends_at",
    "expires_at",
    "grace_until",
    "number",
    "side",
    "decide_from",
    "decide_after",
    "until",
    "ended",
)


def _details(after: Mapping[str, Any]) -> Sequence[str]:
    """Values that are ours: no text of a customer's or a registry's."""
    found = [f"{name} {after[name]}" for name in _SHOWN if isinstance(after.get(name), str)]
    return [f"    {', '.join(found)}"] if found else []


def _to_do(one: News) -> Sequence[str]:
    """What a level means and what to do about it; of a newer version's signal nothing is known."""
    if one.kind == "watch.raised":
        return [f"    {LADDERS[signal].means}" for signal in _signals([one.after.get("signal")])]
    if one.kind == "prefix.frozen" and (frozen_for := _signals(one.after.get("frozen_for", ()))):
        return [f"    {how_lifted(frozen_for)}"]
    return []


def _signals(named: Iterable[object]) -> Sequence[Signal]:
    return [signal for signal in Signal if signal in set(named)]


def _short(one: UUID) -> str:
    """Enough to tell it from others; headers are best short."""
    return one.hex[:12]


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
