"""Pages of people: how they sign in, and who may."""

from collections.abc import Sequence

from starlette.routing import BaseRoute, Route

from byoip.web.door import SIGN_IN, Door, form
from byoip.web.people import people, provider, sign_in
from byoip.web.people.attempts import BACK


def people_routes(door: Door) -> Sequence[BaseRoute]:
    """The pages at /ui/enter, /ui/sessions and /ui/people."""
    session, person = "/ui/sessions/{session_id}", "/ui/people/{person_id}"
    return [
        Route(SIGN_IN, door.anyone(sign_in.entrance)),
        form(SIGN_IN, door.anyone(sign_in.enter)),
        Route("/ui/enter/provider", door.anyone(provider.start)),
        Route(BACK, door.anyone(provider.back)),
        form("/ui/enter/provider/logout", provider.logout_of(door.site)),
        form("/ui/leave", door.people(sign_in.leave)),
        Route("/ui/sessions", door.people(sign_in.sessions)),
        form(f"{session}/end", door.people(sign_in.end_session)),
        Route("/ui/people", door.people(people.listed)),
        form("/ui/people", door.people(people.invite)),
        Route(person, door.people(people.one)),
        form(f"{person}/link", door.people(people.link)),
        form(f"{person}/role", door.people(people.change_role)),
        form(f"{person}/remove", door.people(people.remove)),
        form(f"{person}/readmit", door.people(people.readmit)),
    ]
