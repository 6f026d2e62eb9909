import pytest

from byoip.domain.asn import AS0, LAST_ASN, Asn, InvalidAsn, OriginNotOffered, choose_origin


@pytest.mark.parametrize("number", [-1, LAST_ASN + 1])
def test_numbers_wider_than_32_bits_are_refused(number: int) -> None:
    with pytest.raises(InvalidAsn) as refused:
        Asn(number)

    assert refused.value.pointer == "/asn"


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(0, id="RFC 7607"),
        pytest.param(23456, id="RFC 6793"),
        pytest.param(64496, id="RFC 5398, first"),
        pytest.param(64511, id="RFC 5398, last"),
        pytest.param(64512, id="RFC 6996, first"),
        pytest.param(65534, id="RFC 6996, last"),
        pytest.param(65535, id="RFC 7300"),
        pytest.param(65536, id="RFC 5398, 32 bits, first"),
        pytest.param(65551, id="RFC 5398, 32 bits, last"),
        pytest.param(4200000000, id="RFC 6996, 32 bits, first"),
        pytest.param(4294967294, id="RFC 6996, 32 bits, last"),
        pytest.param(4294967295, id="RFC 7300, 32 bits"),
    ],
)
def test_reserved_numbers_are_known(number: int) -> None:
    assert Asn(number).reserved


@pytest.mark.parametrize("number", [1, 13335, 23455, 23457, 64495, 65552, 4199999999])
def test_other_numbers_may_be_used(number: int) -> None:
    assert not Asn(number).reserved


def test_it_prints_as_registries_write_it() -> None:
    assert str(Asn(4200000000)) == "AS4200000000"
    assert str(AS0) == "AS0"


def test_only_an_offered_origin_is_taken() -> None:
    offered = {Asn(64501), Asn(64500)}
    choose_origin(Asn(64500), offered)

    with pytest.raises(OriginNotOffered, match="AS64500, AS64501"):
        choose_origin(Asn(64502), offered)
