"""Addresses of mail: people who hear of the account's prefixes."""

from collections.abc import Sequence

from byoip.api.border.answers import Answer, answer, list_answer
from byoip.api.border.caller import Customer, CustomerRequest, nothing
from byoip.api.border.declarations import Declarations
from byoip.api.border.envelope import Done, answer_of, list_of
from byoip.api.border.paging import everything
from byoip.api.mail import schemas as wire
from byoip.api.path_ids import PathId
from byoip.domain.accounts.credential import Scope
from byoip.domain.mail import refusals
from byoip.domain.mail.address import MailAddressRefused
from byoip.store.accounts.rate_limits import Wanted
from byoip.usecases.mail import addresses as verbs

mail_addresses = Declarations("mail")

_READS = (Scope.PREFIXES_READ,)  # what is told is what this scope reads
_NONE = (refusals.MailAddressNotFound,)


def _paced(caller: Customer) -> Sequence[Wanted]:
    """A code goes to whom a customer names: as often as pre-flights, and so many in a day."""
    return [Wanted("preflight", caller.backend.limiter.limits.preflights_per_account), verbs.CODES]


@mail_addresses.operation(
    "POST /mail_addresses",
    Scope.PREFIXES_WRITE,
    answer=answer_of(wire.MailAddress),
    status=201,
    also=_READS,
    refuses=(
        MailAddressRefused,
        refusals.MailNotOffered,
        refusals.MailAddressKnown,
        refusals.TooManyMailAddresses,
        refusals.MailCodeTooSoon,
    ),
)
async def create_mail_address(caller: CustomerRequest, body: wire.NewMailAddress) -> Answer:
    """Have somebody told by mail what happens to the account's prefixes.

    A mail with a code is sent at once; news follow when the code was given back (`verify`).
    """
    return await caller.write(
        lambda tx: verbs.create(
            tx,
            caller.account_id,
            offered=caller.backend.mail_offered,
            address=body.address,
            topics=body.topics,
        ),
        wire.mail_address_of,
        spending=_paced(caller),
    )


@mail_addresses.operation(
    "GET /mail_addresses", Scope.PREFIXES_READ, answer=list_of(wire.MailAddress)
)
async def list_mail_addresses(caller: CustomerRequest) -> Answer:
    """List the account's addresses of mail, oldest first: twenty at most."""
    kept = await caller.backend.mail_addresses.all_of(caller.account_id)
    return await list_answer(everything(kept), wire.mail_address_of)


@mail_addresses.operation(
    "GET /mail_addresses/{mail_address_id}",
    Scope.PREFIXES_READ,
    answer=answer_of(wire.MailAddress),
    refuses=_NONE,
)
async def get_mail_address(caller: CustomerRequest, mail_address_id: PathId) -> Answer:
    """Read one address, and how far it has come."""
    kept = await caller.backend.mail_addresses.one(caller.account_id, mail_address_id)
    return answer(wire.mail_address_of(kept))


@mail_addresses.operation(
    "PATCH /mail_addresses/{mail_address_id}",
    Scope.PREFIXES_WRITE,
    answer=answer_of(wire.MailAddress),
    also=_READS,
    refuses=_NONE,
)
async def update_mail_address(
    caller: CustomerRequest, mail_address_id: PathId, body: wire.MailAddressChange
) -> Answer:
    """Change what it hears of."""
    return await caller.write(
        lambda tx: verbs.change(tx, caller.account_id, mail_address_id, topics=body.topics),
        wire.mail_address_of,
    )


@mail_addresses.operation(
    "DELETE /mail_addresses/{mail_address_id}", Scope.PREFIXES_WRITE, answer=Done, refuses=_NONE
)
async def delete_mail_address(caller: CustomerRequest, mail_address_id: PathId) -> Answer:
    """Tell it nothing more."""
    return await caller.write(
        lambda tx: verbs.remove(tx, caller.account_id, mail_address_id), nothing
    )


@mail_addresses.operation(
    "POST /mail_addresses/{mail_address_id}/code",
    Scope.PREFIXES_WRITE,
    answer=answer_of(wire.MailAddress),
    status=202,
    also=_READS,
    refuses=(
        *_NONE,
        refusals.MailNotOffered,
        refusals.MailAddressVerified,
        refusals.MailCodeTooSoon,
    ),
)
async def create_mail_address_code(caller: CustomerRequest, mail_address_id: PathId) -> Answer:
    """Have another code sent; a parked address becomes pending by it."""
    offered = caller.backend.mail_offered
    return await caller.write(
        lambda tx: verbs.ask_for_code(tx, caller.account_id, mail_address_id, offered=offered),
        wire.mail_address_of,
        spending=_paced(caller),
    )


@mail_addresses.operation(
    "POST /mail_addresses/{mail_address_id}/verify",
    Scope.PREFIXES_WRITE,
    answer=answer_of(wire.MailAddress),
    also=_READS,
    refuses=(*_NONE, refusals.MailCodeRefused),
)
async def validate_mail_address(
    caller: CustomerRequest, mail_address_id: PathId, body: wire.MailCode
) -> Answer:
    """Give the code back: the address hears of what happens from now on."""
    return await caller.write(
        lambda tx: verbs.verify(tx, caller.account_id, mail_address_id, code=body.code),
        wire.mail_address_of,
    )
