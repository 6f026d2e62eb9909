"""What commands offer to choose from is what the service knows, word by word."""

from enum import StrEnum

import pytest

from byoip.domain.accounts.credential import Scope
from byoip.domain.claims.check_waiver import Waivable
from byoip.domain.claims.lifecycle import Standing
from byoip.domain.jobs.job_history import JobKind
from byoip.domain.routes.breaker import Parked
from byoip.domain.watch.dispute import Side
from byoip.domain.watch.levels import Signal
from byoip_cli.operator import choices


@pytest.mark.parametrize("known", [JobKind, Parked, Scope, Side, Signal, Standing, Waivable])
def test_the_wheel_of_the_command_knows_the_services_words(known: type[StrEnum]) -> None:
    assert list(getattr(choices, known.__name__)) == list(known)


def test_it_knows_no_others() -> None:
    offered = {name for name, one in vars(choices).items() if isinstance(one, type)} - {"StrEnum"}
    assert offered == {"JobKind", "Parked", "Scope", "Side", "Signal", "Standing", "Waivable"}
