"""Whose fault it is that a mail server did not take a mail: the address's, its own, or unclear.

Its words are in any language and say anything; only numbers count. Those of RFC 5321 alone do not
tell: "550 relay not permitted" and "550 no such user" are both 550.
"""

import re
from typing import Final

from byoip.domain.mail.addressee import Taken

# RFC 3463, section 2: at the beginning; as IronPort has it, "#5.1.0"; as qmail, "(#5.7.1)" at the
# end. "5.1.1.9" is an address.
_CODE: Final = re.compile(
    r"\A#?([45])\.(\d{1,3}\.\d{1,3})(?!\.?\d)|\(#([45])\.(\d{1,3}\.\d{1,3})\)\Z"
)
# Of the recipient, and for good: no such mailbox; moved; its domain wants no mail (RFC 7505);
# disabled. Not 1.2 and 1.3, no such domain and a syntax that is refused: a resolver that is at
# fault says the first of all, and we have judged the second.
_NO_MAILBOX: Final = frozenset({"1.1", "1.6", "1.10", "2.1"})
_OF_SENDER: Final = frozenset({"1.7", "1.8"})  # of `mail_from`, though said at the recipient
# Its system, and its rules. Not 4 and 5, its network and protocol: relays pass such codes on where
# they mean the mailbox ("550 5.4.1 Recipient address rejected", "550 5.5.0 mailbox unavailable").
_OF_SERVER: Final = frozenset("37")
_PERMANENT: Final = 500
# RFC 5321, section 3.8 (it closes); RFC 4954, section 6, and its neighbours (it wants a login);
# 503 (it wants something else first).
_BARE_OF_SERVER: Final = frozenset({421, 454, 503, 530, 534, 535, 538})


def judged(code: int, said: str) -> Taken:
    """What this answer, at the recipient or the end of a message, means for its address.

    Whatever is unclear is tried again, and parks the address when its attempts are used up.
    """
    found = _CODE.search(said.strip())
    if found is None or code in _BARE_OF_SERVER:
        return Taken.HELD_UP if code in _BARE_OF_SERVER else Taken.LATER
    kind, detail = found[1] or found[3], found[2] or found[4]
    if detail in _OF_SENDER or detail.partition(".")[0] in _OF_SERVER:
        return Taken.HELD_UP
    gone = kind == "5" and code >= _PERMANENT and detail in _NO_MAILBOX
    return Taken.NEVER if gone else Taken.LATER
