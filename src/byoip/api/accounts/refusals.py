"""The records of what is refused about credentials and scopes."""

from datetime import UTC, datetime

from byoip.api.problems.record import Record, conflict, invalid, not_found
from byoip.domain import event_chain
from byoip.domain.accounts import credential, people, sign_in

REFUSALS = (
    Record(
        401,
        1200,
        credential.NotAuthenticated(),
        "Check the token: it may be mistyped, expired or revoked. Ask the operator for a new one.",
    ),
    Record(400, 1201, credential.TwoCredentials(), "Send one of the two, once."),
    Record(
        403,
        1202,
        credential.ScopeMissing(credential.Scope.PREFIXES_WRITE),
        "Use a token with the scope that the message names.",
    ),
    not_found(1203, credential.AccountNotFound(), "Use the id of the token's own account."),
    invalid(
        1807,
        credential.ScopesRefused(credential.CUSTOMER_SCOPES),
        "Give scopes of one side only: a customer's or an operator's.",
    ),
    invalid(1808, credential.ExpiryRefused(), "Give a time in the future, or none."),
    not_found(1809, credential.CredentialNotFound(), "List the credentials."),
    Record(403, 1204, people.SignInLinkRefused(), "Ask an admin or the operator for a new link."),
    Record(403, 1205, people.RoleMissing(), "Ask an admin of your account."),
    conflict(1873, credential.TooManyTokens(), "Revoke a token that is not needed."),
    not_found(1870, people.PersonNotFound(), "List the people."),
    invalid(1871, people.RoleRefused(), "Give a role of that side."),
    conflict(
        1123,
        event_chain.HeadNotFound(4711, datetime(2026, 11, 2, 9, 31, 7, tzinfo=UTC)),
        "Look for `routes.disowned` or `routes.doubted` of that moment in the history. Without one "
        "find out who changed it; with one export the history again from its beginning.",
    ),
    Record(
        503, 1206, sign_in.ProviderAway(), "Try again; the operator sees in the log what is wrong."
    ),
    Record(403, 1207, sign_in.ProviderSignInRefused(), "Begin again on the page to sign in."),
    conflict(
        1874, sign_in.PersonOfProvider(), "Change the person's groups at the identity provider."
    ),
    conflict(1872, people.LastOperator(), "Give another person the role operator first."),
)
