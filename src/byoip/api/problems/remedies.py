"""What to do about each error, for the error page. A test holds it complete."""

from collections.abc import Mapping
from types import MappingProxyType

REMEDIES: Mapping[str, str] = MappingProxyType(
    {
        # the request itself
        "route_not_found": "Compare the path with /openapi.json; there is no slash at its end.",
        "method_not_allowed": "Use a method that the `Allow` header names.",
        "malformed_id": "Copy the id from the answer that gave it, without hyphens.",
        "malformed_json": "Send one JSON text in UTF-8, with each member named once.",
        "malformed_form": "Send multipart/form-data with the fields that /openapi.json names.",
        "unsupported_media_type": "Set the Content-Type that the operation takes, and do not "
        "compress the body.",
        "body_too_large": "Send less.",
        "field_missing": "Add the member that `source.pointer` names.",
        "field_unknown": "Remove the member that `source.pointer` names, or correct its spelling.",
        "field_invalid": "Correct the member that `source.pointer` names.",
        "query_parameter_unknown": "Remove or correct the parameter: one that we do not know is "
        "never ignored, lest a list of some become a list of all.",
        "query_parameter_invalid": "Give the parameter once, with a value of its type; booleans "
        "are `true` and `false`.",
        "event_not_made_yet": "The service was restored from a backup, or the number is of another "
        "account or prefix. Read the state again, and go on after the newest number.",
        "invalid_text": "Shorten the text, or remove control characters.",
        "malformed_idempotency_key": "Send the header once; a random UUID does.",
        "idempotency_key_reused": "Take a new key for each new request, and the same one only to "
        "repeat it unchanged.",
        "idempotency_key_busy": "Wait for `Retry-After` and repeat it: the answer will be that of "
        "the first request.",
        "rate_limited": "Wait for `Retry-After`. The `RateLimit` header names the limit that is "
        "used up (`r=0`), and how much is left before; `wait` on events saves asking often.",
        "precondition_failed": "Read the object again, look at what changed, decide anew, and "
        "send the new ETag.",
        "precondition_required": "Read the prefix, and send its ETag as `If-Match`.",
        # who asks
        "not_authenticated": "Check the token: it may be mistyped, expired or revoked. Ask the "
        "operator for a new one.",
        "two_credentials": "Send one of the two, once.",
        "scope_missing": "Use a token with the scope that the message names.",
        "account_not_found": "Use the id of the token's own account.",
        # prefixes
        "prefix_not_found": "List the account's prefixes; a removed one shows only its events.",
        "invalid_cidr": "Give the network's first address and its length, as in 198.18.0.0/23.",
        "prefix_length_refused": "Bring the covering prefix, or parts, of a length that is taken.",
        "special_purpose_prefix": "Check for a typing error: such space is not routed.",
        "operator_infrastructure": "Check for a typing error, else ask the operator.",
        "invalid_asn": "Give a number that may originate routes, without `AS` before it.",
        "origin_asn_not_offered": "Take one of the ASNs that the message names, and make the ROA "
        "and the route object for it.",
        "overlaps_own_prefix": "Use the prefix that the account has, or remove it first.",
        "prefix_quota_reached": "Remove prefixes that are not needed, or ask the operator.",
        "withdraw_first": "Remove what hangs on the prefix, in the order that the message says.",
        "not_in_this_state": "Read the prefix: its state and `standing` say what is possible.",
        "no_reverse_zone": "Prove ownership by the registry (`irr`) instead.",
        "suspended": "Ask the operator why; routes stay as they are.",
        "space_reserved": "Ask the operator: the space may be kept for you under another account.",
        # proof
        "token_not_found": "List the prefix's validation tokens.",
        "token_spent": "Issue a new token.",
        "too_many_tokens": "Publish the newest token; issuing again replaces it.",
        "validation_not_found": "List the prefix's validations.",
        # services
        "service_not_found": "Take an id from GET /services.",
        "binding_not_found": "List the prefix's bindings.",
        "prefix_not_valid_and_approved": "Fix the prefix's `blockers`, then ask for validation.",
        "binding_outside_prefix": "Give a range inside the prefix.",
        "default_binding_first": "Bind the whole prefix first, then parts of it.",
        "binding_exists": "PATCH the binding that is there.",
        "service_default_only": "Bind this service to the whole prefix, or take another one.",
        "default_binding_in_use": "Remove the more specific bindings first.",
        "binding_quota_reached": "Remove bindings that are not needed.",
        # delegations
        "delegation_not_found": "List the prefix's delegations.",
        "delegated_account_not_found": "Ask the other account's holder for its id.",
        "delegation_to_owner": "Name another account.",
        "delegation_outside_prefix": "Give a range inside the prefix.",
        "delegation_expiry_refused": "Give a later or nearer time, or none.",
        "delegation_overlaps": "End the delegation that is there, or take other addresses.",
        "delegation_quota_reached": "End delegations that are not needed.",
        # letters
        "loa_document_not_found": "Use the id that the upload gave.",
        "invalid_loa_document": "Send a plain PDF without encryption or active content.",
        "letter_not_found": "Compare the reference with the document, letter by letter.",
        "loa_document_unknown": "Upload the document first, and name the id that you get.",
        "loa_document_quota_reached": "Name a document that is there, or ask the operator.",
        # advertising
        "incomplete_bgp_deployment": "Bind a service to the whole prefix, wait until the binding "
        "is `active`, and try again.",
        "bgp_prefix_not_found": "List the prefix's BGP prefixes.",
        "bgp_prefix_outside_prefix": "Give a route inside the prefix, or bring the other space.",
        "bgp_prefix_too_specific": "Announce the covering /24 (IPv4) or /48 (IPv6).",
        "bgp_prefix_exists": "PATCH the BGP prefix that is there.",
        "bgp_prefix_quota_reached": "Withdraw and delete BGP prefixes that are not needed.",
        "advertise_state_locked": "Ask the operator to unlock it.",
        "contested": "Ask the operator: two accounts have proven the space.",
        "withdrawals_stopped": "Nothing was changed, the route is still announced. Ask the "
        "operator to look and re-arm, then repeat the request.",
        "not_supported": "Leave the member out, or send false.",
        "origin_not_valid": "Publish the ROA that the message names, wait until relying parties "
        "have it, and try again.",
        "origin_unanswered": "Wait a few minutes: ROA data is being refreshed.",
        "offboarding": "POST .../restore, if the prefix is to stay.",
        "grace_not_begun": "Wait until `events` say `offboarding.unbound`, or restore the prefix.",
        "nothing_to_offboard": "DELETE the prefix.",
        "service_retired": "Ask the operator; the prefix can still be let go.",
        # the operator's side
        "job_unknown": "Take a kind that the message names.",
        "job_not_refused": "Nothing waits: look at `waiting` under GET /operator/jobs.",
        "trip_not_found": "GET /operator/breaker lists the open ones.",
        "route_snapshot_not_found": "`byoip advertise snapshots` lists the kept ones.",
        "orphan_not_found": "`byoip advertise orphans` lists them.",
        "speaker_not_found": "GET /operator/routes lists those that are on record.",
        "speaker_in_service": "Withdraw there what is to be withdrawn, take it out of the settings "
        "of every worker and API process, start those anew, and wait.",
        "listener_not_found": "GET /operator/routes lists those that are on record.",
        "listener_in_service": "Take it out of the settings of every worker and API process, start "
        "those anew, and wait.",
        "overlaps_approved_prefix": "Revoke the approval that is in the way, or approve less.",
        "overlaps_reservation": "Release the reservation that is there, or reserve other space.",
        "reservation_length_refused": "Reserve the parts that may be brought.",
        "reservation_not_found": "List the reservations.",
        "service_in_use": "Have its bindings swapped to another service or removed, wait until "
        "edges have acknowledged that, then retry.",
        "service_exists": "Take another name, or use the service that is there.",
        "service_not_offered": "List the services.",
        "scopes_refused": "Give scopes of one side only: a customer's or an operator's.",
        "credential_expiry_refused": "Give a time in the future, or none.",
        "credential_not_found": "List the credentials.",
        "registry_unknown": "Take a key that the message names, or add it to the settings.",
        "registry_override_not_found": "List the overrides; the settings have others.",
        "snapshot_not_found": "List the snapshots.",
        "snapshot_not_acceptable": "Accept the newest refused one; the message says what was wrong "
        "with this one.",
        "invalid_address": "Give one address, as in 198.18.0.1.",
        # edges
        "invalid_edge_name": "Give the edge a short name, as in fra1.",
        "edge_not_found": "Have an operator register the edge, or look for the slip in its name.",
        "edge_behind": "Wait until the edge has acknowledged that change, then ask again.",
        "feed_replaced": "Take the full state, go on with its feed and number.",
        "edge_removed": "Have an operator put the edge back, or stop its controller.",
        "change_not_made_yet": "Take the full state, go on after its number, and acknowledge that.",
        # ours
        "internal_error": "Repeat it later; writes safely with an Idempotency-Key.",
        "database_unavailable": "Wait for `Retry-After` and repeat it; writes safely with an "
        "Idempotency-Key.",
    }
)
