"""Text of outside parties, made fit to be shown and kept."""

from collections.abc import Iterable

LONGEST_SHOWN = 80
MOST_LISTED = 10
LONGEST_SAID = 600


def printable(text: str) -> str:
    """As it is, if it is printable ASCII; else with escapes.

    Registries, name servers, ROAs and speakers are outside: NUL is an error in Postgres, an escape
    sequence one in a terminal.
    """
    return text if text.isascii() and text.isprintable() else ascii(text)[1:-1]


def storable(text: str) -> str:
    """Text with what Postgres refuses (U+0000, lone surrogates) replaced.

    Customers' text is refused for that at the border; what outside parties answer must not be
    able to keep a run from being recorded.
    """
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()


def shown(text: object) -> str:
    """Cut to 80 characters of printable ASCII; anything else becomes an escape."""
    plain = ascii(str(text)[: LONGEST_SHOWN + 1])[1:-1]
    return plain if len(plain) <= LONGEST_SHOWN else plain[: LONGEST_SHOWN - 3] + "..."


def brief(text: str) -> str:
    """A sentence of ours that may repeat what an outside party said: cut to 600 characters."""
    return text if len(text) <= LONGEST_SAID else f"{text[: LONGEST_SAID - 3]}..."


def listed(items: Iterable[object]) -> str:
    """Each item once, in order, made fit to be shown; after the tenth only how many more."""
    return enumerated(dict.fromkeys(shown(item) for item in items))


def enumerated(sentences: Iterable[str]) -> str:
    """Sentences of our own, separated by commas; after the tenth only how many more."""
    said = list(sentences)
    more = f" and {len(said) - MOST_LISTED} more" if len(said) > MOST_LISTED else ""
    return ", ".join(said[:MOST_LISTED]) + more
