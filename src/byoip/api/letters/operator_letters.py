"""The operator's side: letters of agency."""

from byoip.api.accounts.operator_schemas import Reasoned
from byoip.api.border.answers import Answer
from byoip.api.border.caller import OperatorRequest
from byoip.api.border.declarations import Audience, Declarations
from byoip.api.border.envelope import answer_of
from byoip.api.letters.letter_schemas import Letter, letter_of
from byoip.api.path_ids import PathText
from byoip.domain.accounts.credential import Scope
from byoip.domain.letters.letter import LetterNotFound
from byoip.usecases.letters import letters

operator_letters = Declarations("operator: letters", Audience.OPERATOR)


@operator_letters.operation(
    "POST /loa/{reference}/revoke",
    Scope.OPERATOR,
    answer=answer_of(Letter),
    refuses=(LetterNotFound,),
)
async def revoke_letter(caller: OperatorRequest, reference: PathText, body: Reasoned) -> Answer:
    """Take a letter back, and with it every other that speaks for its route.

    No other is written until the prefix is approved again. Routes stay; networks that ask for the
    letter may drop them.
    """
    return await caller.write(
        lambda tx: letters.revoke(tx, reference, reason=body.reason),
        lambda letter: letter_of(letter, caller.now),
    )
