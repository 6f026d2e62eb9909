import pytest

from byoip.domain.precondition import ANY_VERSION, Precondition, PreconditionFailed


def test_any_of_the_expected_versions_will_do() -> None:
    Precondition(frozenset({3, 7})).require(7)
    ANY_VERSION.require(7)


@pytest.mark.parametrize("versions", [frozenset({6, 8}), frozenset()], ids=["others", "none"])
def test_another_version_is_refused(versions: frozenset[int]) -> None:
    with pytest.raises(PreconditionFailed):
        Precondition(versions).require(7)
