"""What the operator's side of the API is built from."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from byoip.ports.clock import Clock
from byoip.ports.tokens import TokenMint
from byoip.store.accounts.operator_reader import OperatorReader
from byoip.store.checks.vrp_snapshots import VrpSnapshots
from byoip.store.jobs.guard_reader import GuardReader
from byoip.store.transaction import Store
from byoip.usecases.accounts.create_account import CreateAccount
from byoip.usecases.accounts.create_credential import CreateCredential
from byoip.usecases.accounts.revoke_credential import RevokeCredential
from byoip.usecases.accounts.update_account import UpdateAccount
from byoip.usecases.checks.accept_registration_snapshot import AcceptRegistrationSnapshot
from byoip.usecases.checks.accept_roa_snapshot import AcceptRoaSnapshot
from byoip.usecases.checks.put_registry_override import PutRegistryOverride
from byoip.usecases.checks.remove_registry_override import RemoveRegistryOverride


@dataclass(frozen=True, slots=True)
class Operating:
    """What operators may do, and what they are shown."""

    create_account: CreateAccount
    update_account: UpdateAccount
    create_credential: CreateCredential
    revoke_credential: RevokeCredential
    put_registry_override: PutRegistryOverride
    remove_registry_override: RemoveRegistryOverride
    accept_roa_snapshot: AcceptRoaSnapshot
    accept_registration_snapshot: AcceptRegistrationSnapshot
    guards: GuardReader
    reader: OperatorReader


def operating(
    *,
    store: Store,
    clock: Clock,
    mint: TokenMint,
    registries: AbstractSet[str],
    snapshots: VrpSnapshots,
    reader: OperatorReader,
    guards: GuardReader,
) -> Operating:
    """All of it, around these ports."""
    return Operating(
        create_account=CreateAccount(store, clock),
        update_account=UpdateAccount(store, clock),
        create_credential=CreateCredential(store, clock, mint),
        revoke_credential=RevokeCredential(store, clock),
        put_registry_override=PutRegistryOverride(store, clock, registries),
        remove_registry_override=RemoveRegistryOverride(store, clock),
        accept_roa_snapshot=AcceptRoaSnapshot(store, snapshots, clock),
        accept_registration_snapshot=AcceptRegistrationSnapshot(store, clock),
        guards=guards,
        reader=reader,
    )
