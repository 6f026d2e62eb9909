"""Time 4.1: who is next to the operator is warned that its own routers drop our route."""

from byoip.composition import external_services
from byoip.composition.api import asn_terms_of
from byoip.composition.process import Composition
from byoip.domain.asn import Asn
from byoip.domain.asns.own_asn import OwnAsnRules
from byoip.settings.model import Settings

RULES = OwnAsnRules({Asn(64500)}, Asn(64500), {Asn(3257)}, {Asn(3491)})


def test_a_neighbour_that_is_no_upstream_is_admitted_and_warned() -> None:
    RULES.admit(Asn(3491))
    warning = RULES.warning(Asn(3491), ())
    assert warning is not None
    assert "Its own routers drop our route" in warning
    assert RULES.warning(Asn(1299), {Asn(1299)}) == warning.replace("AS3491", "AS1299")
    assert RULES.warning(Asn(2914), {Asn(1299)}) is None


def test_the_settings_name_neighbours_beside_upstreams() -> None:
    settings = Settings(
        origin_asns=(64500,),
        announcing_asn=64500,
        upstream_asns=(3257,),
        neighbour_asns=(3491, 1299),
    )
    made = Composition(
        settings, "postgresql://nowhere/x", "production", external_services(settings)
    )
    rules = asn_terms_of(made).rules
    assert (set(rules.upstreams), set(rules.neighbours)) == (
        {Asn(3257)},
        {Asn(3491), Asn(1299)},
    )
