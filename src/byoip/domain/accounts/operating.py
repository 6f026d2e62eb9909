"""Old places of names, until every area imports them from their new ones. Then this file goes."""
# ruff: noqa: PLC0414 - the names are there to be imported

from byoip.domain.accounts.credential import CredentialNotFound as CredentialNotFound
from byoip.domain.accounts.credential import ExpiryRefused as ExpiryRefused
from byoip.domain.accounts.credential import ScopesRefused as ScopesRefused
from byoip.domain.address import Address as Address
from byoip.domain.address import InvalidAddress as InvalidAddress
from byoip.domain.bindings.offered_service import ServiceExists as ServiceExists
from byoip.domain.bindings.offered_service import ServiceInUse as ServiceInUse
from byoip.domain.bindings.offered_service import ServiceNotOffered as ServiceNotOffered
from byoip.domain.bindings.offered_service import may_be_default_only as may_be_default_only
from byoip.domain.checks.registry_override import OverrideNotFound as OverrideNotFound
from byoip.domain.checks.registry_override import RegistryOverride as RegistryOverride
from byoip.domain.checks.registry_override import RegistryUnknown as RegistryUnknown
from byoip.domain.checks.snapshot_refusals import SnapshotNotAcceptable as SnapshotNotAcceptable
from byoip.domain.checks.snapshot_refusals import SnapshotNotFound as SnapshotNotFound
from byoip.domain.claims.reservation import OverlapsApproved as OverlapsApproved
from byoip.domain.claims.reservation import OverlapsReservation as OverlapsReservation
from byoip.domain.claims.reservation import Reservation as Reservation
from byoip.domain.claims.reservation import ReservationLengthRefused as ReservationLengthRefused
from byoip.domain.claims.reservation import ReservationNotFound as ReservationNotFound
from byoip.domain.claims.reservation import SpaceReserved as SpaceReserved
from byoip.domain.operator_text import stated_name as stated_name
from byoip.domain.operator_text import stated_reason as stated_reason
