"""What the pages are made of: the parts that the API has, and the reader of people."""

from functools import partial

from byoip.api.border.account_turns import AccountTurns, client_of
from byoip.api.border.backend import Backend
from byoip.api.border.caller import spend
from byoip.api.document.error_page import guided
from byoip.api.operations import readiness
from byoip.api.problems.problems import problem_of
from byoip.domain.errors import Refusal
from byoip.store.accounts.people_reader import PeopleReader
from byoip.web.guide.pages import Guides, Named
from byoip.web.pages import SitePages
from byoip.web.site import Problem, SandboxPages, SignsIn, Site


def pages_of(
    backend: Backend,
    people: PeopleReader,
    elsewhere: SignsIn | None = None,
    sandbox: SandboxPages | None = None,
) -> SitePages:
    """The pages beside an API; turns and limits are shared with it."""
    return SitePages(
        Site(
            border=backend.border,
            people=people,
            reader=backend.reader,
            operator_reader=backend.operator_reader,
            letters=backend.letters,
            letter_pictures=backend.letter_pictures,
            guards=backend.guards,
            routes=backend.routes,
            edges=backend.edges,
            converge_bindings=backend.converge_bindings,
            in_service=backend.in_service,
            own_asns=backend.own_asns,
            asn_terms=backend.asn_terms,
            prove_asn=backend.prove_asn,
            hook_terms=backend.hook_terms,
            webhooks=backend.webhooks,
            mail_addresses=backend.mail_addresses,
            preflight=backend.preflight,
            terms=backend.terms,
            advice=backend.advice,
            limits=backend.limiter.limits,
            clock=backend.clock,
            mint=backend.terms.mint,
            public_url=backend.public_url,
            status=readiness(backend.probes),
            problem=_problem,
            admit=backend.limiter.admit,
            spend=partial(spend, backend.allowance, backend.turns),
            turn=backend.turns.turn,
            visit=AccountTurns().turn,
            listen=backend.turns.listen,
            notifier=backend.notifier,
            stranger=backend.client_turns.turn,
            client=client_of,
            speaks=backend.speaks,
            mail_offered=backend.mail_offered,
            elsewhere=elsewhere,
            sandbox=sandbox,
        ),
        Guides([Named(**one) for one in guided()]),
    )


def _problem(refusal: Refusal) -> Problem:
    record = problem_of(refusal)
    return Problem(record.status, record.remedy)
