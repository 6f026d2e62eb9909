"""The button beside the line of an AS number: it is published in the sandbox as it is printed."""

from functools import partial

from starlette.responses import Response

from byoip.domain.foreign_text import enumerated
from byoip.ports.portal import Portal
from byoip.web.customer import asns
from byoip.web.forms import version_of
from byoip.web.site import NotServed
from byoip.web.telling import tried
from byoip.web.visiting import PersonsVisit, leading


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
