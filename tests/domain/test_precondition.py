import pytest

from byoip.domain.precondition import WHATEVER, Expected, PreconditionFailed


def test_any_of_the_expected_versions_will_do() -> None:
    Expected(frozenset({3, 7})).demand(7)
    WHATEVER.demand(7)


@pytest.mark.parametrize("versions", [frozenset({6, 8}), frozenset()], ids=["others", "none"])
def test_another_version_is_refused(versions: frozenset[int]) -> None:
    with pytest.raises(PreconditionFailed):
        Expected(versions).demand(7)
