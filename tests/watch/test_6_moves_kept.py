"""The database lets only an approved prefix move: what is on its way out has an end of its own."""

from sqlalchemy import text

from byoip.usecases.claims import standing
from tests.store.samples import BY
from tests.usecases.routes import Routes
from tests.usecases.verbs import Verb
from tests.watch.test_5_disputes_kept import refused
from tests.watching import Days

MOVED = text("""
    INSERT INTO prefix_moves
        (id, prefix_id, from_account_id, to_account_id, offered_at, expires_at, ended_at, ended)
    VALUES (gen_random_uuid(), :id, :owner, :to, '2020-01-01', '2020-01-02', '2020-01-01', 'moved')
""")
MOVE = "UPDATE prefixes SET account_id = :to, modified_at = '2020-01-01' WHERE id = :id"


async def test_only_an_approved_prefix_moves(days: Days, routes: Routes) -> None:
    world, claim = days.world, routes.claim
    await Verb(world.store, standing.revoke_approval)(claim.id, reason="gone", by=BY)
    to = await world.new_account()
    async with world.engine.begin() as connection:
        asked = {"id": claim.id, "owner": claim.account_id, "to": to}
        await connection.execute(MOVED, asked)
    assert await refused(days, MOVE, to=to, id=claim.id) == "prefixes_move"
