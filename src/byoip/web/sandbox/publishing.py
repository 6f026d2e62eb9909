"""The button beside each printed record: it is published in the sandbox, as it is printed."""

from functools import partial
from typing import Final

from starlette.responses import Response

from byoip.domain.checks.reverse_zone import reverse_zones
from byoip.domain.foreign_text import enumerated
from byoip.ports.portal import Portal
from byoip.web.checks import texts_of
from byoip.web.customer import asns
from byoip.web.forms import version_of
from byoip.web.prefix import claim_id_of
from byoip.web.site import NotServed
from byoip.web.telling import tried
from byoip.web.visiting import PersonsVisit, leading

_ANCHOR: Final = "ripe"  # of ROA data where no registry is known yet; the sandbox trusts all five
_ANCHORS: Final = {"ripencc": "ripe"}


async def publish_record(visit: PersonsVisit, portal: Portal) -> Response:
    """Publish one of the records that the page of a prefix prints, as it prints it.

    Raises:
        NotServed: the page prints no such record now.
    """
    view = await visit.site.reader.claim(visit.account_id, claim_id_of(visit))
    claim, token, advice = view.claim, view.token, visit.site.advice
    printed = {one.id: one for one in texts_of(visit, view)}
    record = printed.get(visit.request.path_params["record"])
    registry = advice.registries.get(claim.registry or "")
    if record is None:
        raise NotServed(409, "Not printed now", "Open the page of the prefix again.")
    if record.id == "rdns" and token is not None:
        owners = [zone.owner(advice.label) for zone in reverse_zones(claim.prefix)]
        await portal.put_txt(owners, token.value)
    elif record.id == "irr" and registry is not None:
        await portal.put_object(registry.source, record.text)
    else:
        key = registry.key if registry is not None else ""
        anchor = _ANCHORS.get(key, key) or _ANCHOR
        await portal.put_roa(claim.prefix, claim.asn, anchor)
    return leading(f"/ui/prefixes/{claim.id.hex}?done=published")


async def publish_number(visit: PersonsVisit, portal: Portal) -> Response:
    """Publish the line that the page of a number prints, in its aut-num object.

    Raises:
        NotServed: the page prints none, or nobody has the number in the sandbox.
    """

    async def work() -> Response:
        own = await asns.named(visit)
        version_of(visit.form).require(own.version)
        if not (line := asns.line_of(visit, own)):
            raise NotServed(409, "Not printed now", f"No line would prove {own.asn} now.")
        try:
            await portal.put_aut_num(own.asn, line)
        except ValueError as nobodys:
            given = enumerated(sorted(map(str, portal.numbers)))
            said = f"In the sandbox {nobodys}. Bring one that registries have given: {given}."
            raise NotServed(409, "Not published", said) from None
        return leading(f"/ui/asns/{own.id.hex}?done=published")

    return await tried(visit, work(), partial(asns.shown, visit))
