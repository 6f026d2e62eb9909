"""Prefixes of all accounts, and who answers for an address."""

from dataclasses import replace
from datetime import datetime
from typing import Literal

from pydantic import Field

from byoip.api.accounts.operator_schemas import Reasoned
from byoip.api.bindings.binding_schemas import ServiceBinding, binding_of
from byoip.api.border.envelope import Id, Text, Time, Wire, example
from byoip.api.claims import prefix_schemas as prefixes
from byoip.api.claims.delegation_schemas import TimeIn
from byoip.api.claims.prefix_schemas import Prefix, prefix_of
from byoip.api.claims.reservation_schemas import Reservation, reservation_of
from byoip.domain.bindings import service_binding as domain
from byoip.domain.claims.blockers import Advice
from byoip.domain.claims.lifecycle import Approver, Standing, State
from byoip.store.accounts.operator_views import AddressReport, Holding
from byoip.store.claims.views import ClaimView

_ACCOUNT_ID = "8b1d0f3c5a7e49d2b6c4e8f0a1b3d5c7"


class OperatorPrefix(Prefix):
    """A prefix of any account, and on whose word it was approved."""

    model_config = example(**prefixes.EXAMPLE, approved_by=None, approved_at=None, revoked_at=None)

    approved_by: Approver | None = Field(description="`operator`: on an operator's word.")
    approved_at: Time | None
    revoked_at: Time | None = Field(description="When an approval was last taken away.")


class OperatorApproval(Reasoned):
    """An approval on your word, and until when it counts as a proof."""

    model_config = example(reason="Contract 4711 was signed.", proof_ends_at=None)

    proof_ends_at: TimeIn = Field(default=None, description="A week from now or later; null: none.")


class AddressDelegate(Wire):
    """Another account that may use the address."""

    model_config = example(
        delegation_id="d933b1530bc56c9953cf8ce166da8004",
        cidr="198.18.0.0/24",
        account_id=_ACCOUNT_ID,
        account_name="Example Hosting",
        expires_at=None,
    )

    delegation_id: Id
    cidr: Text
    account_id: Id
    account_name: str
    expires_at: Time | None


class AddressHolding(Wire):
    """A prefix that contains the address."""

    model_config = example(
        prefix_id="2af39739cc4e3b5910c918468bb89828",
        cidr="198.18.0.0/23",
        state="approved",
        standing="ok",
        account_id=_ACCOUNT_ID,
        account_name="Example Networks",
        binding=None,
    )

    prefix_id: Id
    cidr: Text
    state: Literal[State.PENDING, State.APPROVED]
    standing: Standing
    account_id: Id
    account_name: str
    binding: ServiceBinding | None = Field(
        description="The longest at the edge that contains the address, with the service that "
        "answers now: while a change is under way, the old one."
    )


class Address(Wire):
    """Who answers for an address."""

    model_config = example(
        address="198.18.0.1", holding=None, delegates=[], others=[], reservation=None
    )

    address: Text
    holding: AddressHolding | None = Field(
        description="The approved prefix; else the one that is still bound; else the oldest."
    )
    delegates: list[AddressDelegate] = Field(description="Accounts it is delegated to.")
    others: list[AddressHolding] = Field(description="Other claims on the address.")
    reservation: Reservation | None


def operator_prefix_of(view: ClaimView, advice: Advice, now: datetime) -> OperatorPrefix:
    """A claim of any account as operators see it."""
    claim = view.claim
    return OperatorPrefix(
        **prefix_of(view, advice, now),
        approved_by=claim.approved_by,
        approved_at=claim.approved_at,
        revoked_at=claim.revoked_at,
    )


def address_of(report: AddressReport) -> Address:
    """A report as the wire shows it."""
    holdings = [_holding(one) for one in report.holdings]
    return Address(
        address=report.address,
        holding=holdings[0] if holdings else None,
        delegates=[
            AddressDelegate.showing(one, delegation_id=one.id, account_name=name)
            for one, name in report.delegations
        ],
        others=holdings[1:],
        reservation=reservation_of(report.reservation) if report.reservation else None,
    )


def _holding(holding: Holding) -> AddressHolding:
    claim = holding.claim
    return AddressHolding.showing(
        claim,
        prefix_id=claim.id,
        cidr=claim.prefix,
        state=State.APPROVED if claim.approved else State.PENDING,
        account_name=holding.account_name,
        binding=_answering(holding.binding) if holding.binding else None,
    )


def _answering(binding: domain.ServiceBinding) -> ServiceBinding:
    return binding_of(replace(binding, service=binding.answered_by or binding.service))
