from uuid import uuid4

import pytest

from byoip.domain.accounts.credential import CUSTOMER_SCOPES, Credential, Scope, ScopeMissing
from tests.domain.samples import NOW


@pytest.mark.parametrize("scope", Scope)
def test_a_credential_allows_its_scopes_and_no_others(scope: Scope) -> None:
    holder = Credential(uuid4(), uuid4(), "ci", frozenset({scope}), NOW)

    holder.require(scope)
    for other in set(Scope) - {scope}:
        with pytest.raises(ScopeMissing, match=other.value):
            holder.require(other)


def test_a_customer_is_no_operator() -> None:
    assert Scope.OPERATOR not in CUSTOMER_SCOPES
    assert Scope.EDGE_ACK not in CUSTOMER_SCOPES
