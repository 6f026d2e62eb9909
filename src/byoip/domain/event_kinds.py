"""Every kind of event in the two histories, as `<subject>.<what happened>`, with its meaning.

docs/events.md and the descriptions on the wire are made from these tables, and a test holds them
against what the program records. On the wire the list is open: later versions add kinds.
"""

from collections.abc import Mapping
from typing import Final, TypeAlias

Catalogue: TypeAlias = Mapping[str, Mapping[str, str]]

# What a customer reads of its prefixes.
OF_PREFIXES: Final[Catalogue] = {
    "prefix": {
        "created": "The customer has claimed the prefix.",
        "described": "The customer has changed the description.",
        "approved": "The prefix is approved: its checks have passed, or the operator says so.",
        "pending": "The operator has revoked the approval; ownership must be proven again.",
        "closing": "The claim closes at `closes_at` unless it is proven: a week or a day is left.",
        "extended": "The customer has asked for validation in its last days: it closes later.",
        "reopened": "The customer has restored the removed prefix; `bindings` is what was bound.",
        "closed": "The claim has ended: removed, offboarded, or unproven for 30 days.",
        "ok": "The standing is `ok` again: resumed, restored, settled, or no rival is left.",
        "contested": "Another account has proven overlapping space, has it reserved, or left it "
        "after a change of holder.",
        "suspended": "The operator has suspended the prefix: nothing new, routes stay.",
        "offboarding": "The customer wants the prefix withdrawn, unbound and closed.",
        "moved": "The prefix is another account's now, by an offer that it accepted, or by the "
        "operator: all that hangs on it went along, and no route was withdrawn.",
        "frozen": "What was proven is no longer so: nothing new, routes stay; `signal` says why.",
        "unfrozen": "The freeze is lifted: by a new proof, or by the operator.",
        "still_frozen": "A new proof does not lift it after a change of holder: `because` is "
        "`not_vouched_anew` (by none that was not there before), `waits` (14 days, `until`) or "
        "`claimed` (by another account).",
    },
    "token": {
        "issued": "The customer has made an ownership token.",
        "absent": "The registry was seen without the token, and no stranger may write it there.",
        "expiring": "The token proves nothing from `expires_at` on: a week or a day is left.",
        "consumed": "The token has proven ownership, and proves nothing any more.",
        "revoked": "The token was revoked, or its claim has ended.",
    },
    "validation": {
        "requested": "The customer has asked for a validation run.",
        "finished": "A run has ended; `result` says how.",
        "cancelled": "The claim has ended before its run.",
    },
    "check": {
        "irr": "The state of the check `irr` has changed.",
        "rpki": "The state of the check `rpki` has changed.",
        "ownership": "The state of the check `ownership` has changed.",
    },
    "rpki": {
        "drifted": "By the newest ROA data, prefix or route is not valid any more; it stays.",
        "recovered": "By the newest ROA data, it is valid again.",
    },
    "aspa": {
        "excludes_operator": "An ASPA of the route's origin does not list the operator: networks "
        "that verify paths drop the route, which stays up. `fix` has the whole list to publish.",
        "recovered": "The ASPA lists the operator now, or there is none any more; with `fix` where "
        "by the operator's policy the route is then not announced again.",
    },
    "watch": {
        "raised": "A signal says no for longer: its level has risen; `signal`, `level`, `seen`.",
        "recovered": "The signal says again that all is as it was.",
    },
    "proof": {
        "expiring": "The proof of ownership ends at `ends_at`: 60, 30 or 7 days are left.",
        "renewed": "Ownership was proven anew: `by` a token, or by unchanged `records`.",
        "end_set": "The operator says until when its approval counts as a proof; null: no end.",
    },
    "dispute": {
        "opened": "Another account has proven space whose holder changed: nothing new for both, "
        "routes stay. `side` is whose you are, `other` what the other claims. An operator decides, "
        "for the claimant from `decide_from` on.",
        "ended": "`ended` for the `holder` or the `claimant`, which asks for validation now; or "
        "one of them is `gone`.",
    },
    "asn_dispute": {
        "opened": "Another account has proven the AS number that is the origin: nothing new from "
        "it, routes stay. `side` is whose you are. An operator decides, for the claimant from "
        "`decide_after` on.",
        "ended": "`ended` for the `holder` or the `claimant`, whose the number is now; or one of "
        "the proofs is `gone`.",
    },
    "move": {
        "offered": "The owner offers the prefix to `to_account_id`, until `expires_at`.",
        "ended": "The offer has `ended`: `declined`, or `taken_back` by the owner.",
    },
    "waiver": {
        "granted": "The operator waives a check for the prefix, until `expires_at`.",
        "ended": "A waiver has ended; `because` says why.",
    },
    "letter": {
        "issued": "A letter of agency was signed.",
        "revoked": "A letter of agency holds no longer; `because` says why.",
    },
    "delegation": {
        "created": "The customer lets another account use a range.",
        "ended": "The customer has taken the range back, or approval or prefix have ended.",
        "expired": "The delegation has reached its end.",
    },
    "binding": {
        "created": "A service was bound to a range.",
        "swapped": "Another service was bound to the range.",
        "removed": "The binding was removed; its service answers until edges have that.",
        "active": "A majority of the edges has the binding: its service answers.",
        "gone": "A majority of the edges has the removal: its service answers no longer.",
    },
    "bgp_prefix": {
        "created": "A route was added, withdrawn.",
        "removed": "A route was deleted.",
        "announced": "The route is desired: speakers announce it.",
        "withdrawn": "The route is no longer desired: speakers withdraw it.",
        "prepended": "The route is desired with another AS path length.",
        "locked": "The operator has locked the route as it is.",
        "unlocked": "The operator has unlocked the route.",
        "absent": "A stage has the announcement, and no party sees it there.",
        "still_seen": "Speakers have withdrawn the route, and a listener still sees it.",
        "lost": "No listener that answers sees the announced route, twice in a row.",
        "seen_again": "A listener sees the lost route again.",
        "lost_and_back": "Every listener had lost the announced route for a moment.",
    },
    "offboarding": {
        "waiting": "Routes are left, and wait: `because` is `room` (the next goes at `next_at`) or "
        "`breaker` (the operator has to look); `left` says how many.",
        "withdrawn": "No speaker may hold a route of the prefix, and no listener sees one.",
        "unbound": "All bindings are removed; the prefix can be restored until `grace_until`.",
        "finished": "The prefix is closed, and its space is free.",
        "cut_short": "The operator has ended the grace early.",
        "restored": "Standing and bindings are back; `withheld` names routes that are not.",
        "cancelled": "An operator has turned the offboarding back after a trip of the breaker.",
        "contested": "Another account has proven the space while the prefix leaves.",
        "uncontested": "The last account that had proven the space, too, has gone.",
    },
}

# What operators read of all else that they, and the breaker, have done.
OF_OPERATORS: Final[Catalogue] = {
    "account": {
        "created": "An account was created.",
        "updated": "Name or quota of an account were changed.",
    },
    "credential": {
        "created": "A token was made.",
        "revoked": "A token was revoked.",
    },
    "person": {
        "invited": "Somebody may sign in on pages; their credential has the same id.",
        "linked": "A one-time link was made, by which a person signs in.",
        "signed_in": "A person has signed in, by such a link or at the identity provider.",
        "changed": "A person has another role.",
        "locked_out": "The identity provider names no group of theirs that may come in: their "
        "sessions ended, and their tokens allow nothing until it does.",
        "logged_out": "The identity provider has ended sessions of a person.",
        "readmitted": "Who was removed here may come from the identity provider again.",
        "removed": "A person may sign in no longer, and is out.",
    },
    "webhook": {
        "disabled": "A webhook gets nothing more: by an operator, or by what its receiver says; "
        "that receivers are gone is said once a day of an account.",
        "enabled": "An operator lets a webhook get events again, once it has taken a test.",
    },
    "service": {
        "created": "A service is offered.",
        "updated": "Whether a service takes whole prefixes only was changed.",
        "retired": "A service is offered no longer.",
    },
    "reservation": {
        "created": "Space is kept for one account, or for none.",
        "released": "The space is kept no longer.",
    },
    "own_asn": {
        "contested": "Another account has proven an AS number that one has proven: decide whose it "
        "is. Perhaps no dispute is open: see the runbook.",
        "approved": "An AS number of a customer's counts as proven on the operator's word.",
        "revoked": "The proof of an AS number of a customer's was taken back; routes stay.",
    },
    "proof": {
        "unended": "A prefix stands on an operator's word, without an end, for another year.",
    },
    "registry_override": {
        "put": "An operator names the registry that is responsible for a range.",
        "removed": "The registries' statistics decide again.",
    },
    "roa_snapshot": {"accepted": "A refused snapshot of ROA data was accepted."},
    "registration_snapshot": {"accepted": "A refused statistics file was accepted."},
    "edge": {
        "registered": "An edge was registered.",
        "put": "An edge was drained, or came back into service.",
        "removed": "An edge was removed.",
    },
    "breaker": {
        "tripped": "A ceiling of withdrawals was reached: those of its scope stop.",
        "rearmed": "An operator lets withdrawals go on.",
    },
    "dispute": {"decided": "An operator has decided a dispute, `for` one of its parties."},
    "asn_dispute": {
        "decided": "An operator has decided a dispute about an AS number, `for` one of its parties."
    },
    "levels": {
        "released": "An operator lets changes of level through that were held.",
        "dropped": "An operator drops changes of level that were held.",
    },
    "job": {
        "stopped": "The kill switch of a kind of job was set.",
        "started": "The kill switch was taken back.",
        "refused": "A job would have acted on far more rows than ever before.",
        "allowed": "An operator lets the refused set through, once.",
    },
    "orphan": {
        "withdrawn": "An operator has a path withdrawn that no row wants.",
        "withdrawn_all": "An operator has all such paths of a speaker withdrawn.",
    },
    "routes": {
        "rolled_back": "Routes of a snapshot are announced again.",
        "released": "Routes that waited since a restore are announced again.",
        "disowned": "The database was restored: what speakers were given is forgotten.",
        "doubted": "Another server was promoted without the newest changes of some routes: they "
        "stay as they are until their owner or an operator speaks.",
    },
    "database": {
        "failed_over": "Another server was promoted, and nothing that was known is missing.",
    },
    "perspective": {
        "asked_again": "Other places are asked about a prefix again, as they did not agree.",
        "settled": "An operator has looked at what places saw and did not agree about; it is no "
        "longer listed.",
    },
    "speaker": {
        "forgotten": "A speaker is gone for good, and nothing of it is on record.",
        "opened": "An operator lets the sessions of a speaker come up, whatever is missing.",
    },
    "drain": {
        "begun": "A speaker, a neighbour of it or a stage is to be out of service, by an operator, "
        "or because a person took the session down at the speaker itself.",
        "lifted": "It is to be in service again, by an operator, by that person, or by its end.",
    },
    "speaker_settings": {
        "applied": "An operator lets the settings of speakers travel that a file proposes.",
        "in_force": "They were seen at every stage, and are in force.",
        "taken_back": "They are told to no speaker any more: routes vanished, or by an operator.",
    },
    "listener": {"forgotten": "A listener is gone for good, and nothing of it is on record."},
}


def names(catalogue: Catalogue) -> list[str]:
    """The kinds, in the order of the catalogue."""
    return [f"{subject}.{what}" for subject, kinds in catalogue.items() for what in kinds]
