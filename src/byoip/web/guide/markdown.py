"""Markdown of ours as parts of a page: no HTML in it, anchors as in the repository."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape

Address = Callable[[str], str | None]
"""Where a link of a document leads on the site; None: nowhere, its text stays."""


@dataclass(frozen=True, slots=True)
class Section:
    """What stands below a heading, up to the next of its level.

    Attributes:
        heading: its text, without marks.
        body: as HTML; without the heading itself.
    """

    heading: str
    body: Markup


_OUTSIDE: Final = re.compile(r"https?://")
_NOT_IN_ANCHORS: Final = re.compile(r"[^\w\- ]")


def page_of(text: str, address: Address) -> Section:
    """A whole document: its first heading, and all below it."""
    first, *_ = _sections(_parsed(text, address), "h1")
    return _rendered(first)


def sections_of(text: str, address: Address) -> Sequence[Section]:
    """The sections of the second level, in their order."""
    return [_rendered(one) for one in _sections(_parsed(text, address), "h2")]


def _sections(tokens: Sequence[Token], tag: str) -> list[list[Token]]:
    found: list[list[Token]] = []
    for token in tokens:
        if token.type == "heading_open" and token.tag == tag:
            found.append([])
        if found:
            found[-1].append(token)
    return found


def _rendered(tokens: Sequence[Token]) -> Section:
    _, heading, _, *below = tokens
    # Safe: the parser lets no HTML through, and the texts are part of the package.
    body = Markup(_PARSER.renderer.render(below, _PARSER.options, {}))  # noqa: S704
    return Section(_plain(heading), body)


def _plain(inline: Token) -> str:
    return "".join(one.content for one in inline.children or ())


_PARSER: Final = MarkdownIt("commonmark", {"html": False}).enable("table")


def _block(tokens: Sequence[Token], place: int) -> str:
    # What is wider than a phone is scrolled, by the keyboard too (WCAG 2.2, 2.1.1).
    return f'<pre tabindex="0"><code>{escape(tokens[place].content)}</code></pre>\n'


for _kind in ("fence", "code_block"):
    _PARSER.add_render_rule(_kind, lambda _, tokens, place, *_more: _block(tokens, place))


def _parsed(text: str, address: Address) -> Sequence[Token]:
    tokens = _PARSER.parse(text)
    heads: list[str] = []
    column = 0
    for place, token in enumerate(tokens):
        match token.type:
            case "inline":
                token.children = _linked(token.children or [], address)
            case "heading_open":
                words = _NOT_IN_ANCHORS.sub("", _plain(tokens[place + 1]).lower())
                token.attrSet("id", words.replace(" ", "-"))
            case "table_open":
                token.attrSet("class", "cards")
                heads = []
            case "tr_open":
                column = 0
            case "th_open":
                heads.append(_plain(tokens[place + 1]))
            case "td_open":
                token.attrSet("data-h", heads[column])
                column += 1
    return tokens


def _linked(children: Sequence[Token], address: Address) -> list[Token]:
    kept: list[Token] = []
    leads = True  # links do not nest
    for one in children:
        if one.type == "link_open":
            href = str(one.attrs["href"])
            to = href if _OUTSIDE.match(href) else address(href)
            leads = to is not None
            one.attrSet("href", to or "")
        if leads or one.type not in {"link_open", "link_close"}:
            kept.append(one)
    return kept
