"""Stumbles 4, 5, 6 and 9: blockers name the registry, and what they ask for can be pasted."""

from byoip.domain.asn import Asn
from byoip.domain.claims.other_origin import OtherOrigin
from tests.domain.samples import LABEL, TOKEN, claim, prefix, token
from tests.domain.test_blockers import told


def test_04_the_registry_of_the_space_is_named() -> None:
    text = told(claim(registry="ripencc"), token())["irr_pending"]
    assert "RIPE" in text
    assert "run by the RIR" not in text


def test_05_every_record_has_a_line_of_its_own_and_none_is_left_out() -> None:
    about = claim(registry="ripencc", prefix=prefix("31.0.0.0/18"))
    text = told(about, token(prefix=about.prefix))["ownership_pending"]
    lines = [line for line in text.splitlines() if f'IN TXT "{TOKEN}"' in line]
    assert len(lines) == 64
    assert " | " not in text
    assert "more zones" not in text


def test_06_the_object_to_create_carries_the_token_already() -> None:
    text = told(claim(registry="ripencc"), token())["irr_pending"]
    [line] = [line for line in text.splitlines() if TOKEN in line]
    assert line.split() == ["remarks:", f"{LABEL}:", TOKEN]
    assert "route:          192.0.2.0/24" in text


def test_09_a_roa_is_called_an_origin_that_is_known_not_an_announcement() -> None:
    other = OtherOrigin(Asn(65010), prefix("192.0.2.0/24"), "ROA")
    text = told(claim(registry="ripencc", other_origins=(other,)), token())["other_origins_known"]
    assert text.startswith("Other origins are known for this space: AS65010 for 192.0.2.0/24 (ROA)")
    assert "announce" not in text
