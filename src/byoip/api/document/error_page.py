"""The error page: made of the records, as Markdown for the repository and as HTML to serve."""

import html
import inspect
from functools import cache

from byoip.api.problems.problems import PROBLEMS
from byoip.api.problems.record import Record
from byoip.domain.errors import Refusal

INTRODUCTION = (
    "Every failure carries a number (`code`) and a `name`; both are stable and mean one thing. "
    "The `message` is for people and may change. `source.pointer` names the offending member of "
    "the body (RFC 6901). The last column is an example of a message."
)


def error_rows() -> list[tuple[Record, type[Refusal], str]]:
    """Each record with its class and meaning, by code."""
    rows = [(problem, kind, meaning(kind)) for kind, problem in PROBLEMS.items()]
    return sorted(rows, key=lambda row: row[0].code)


def meaning(kind: type[Refusal]) -> str:
    """The first paragraph of its docstring."""
    return " ".join(inspect.cleandoc(kind.__doc__ or "").split("\n\n")[0].split())


def retry_hint(problem: Record) -> str:
    """Whether the same request may succeed later."""
    if problem.definitive:
        return "no (`x-should-retry: false`)"
    return "yes, after `Retry-After`" if problem.status in {409, 429, 503} else "no"


def error_markdown() -> str:
    """docs/errors.md."""
    lines = [
        "# Errors",
        "",
        INTRODUCTION,
        "",
        "<!-- generated from byoip/api/problems/problems.py -->",
        "",
    ]
    lines += ["| code | name | status | meaning | what to do | retry | for example |"]
    lines += [f"|{' --- |' * 7}"]
    lines += [
        f'| {problem.code} | <a id="{kind.name}"></a>`{kind.name}` | {problem.status} | {what} '
        f"| {problem.remedy} | {retry_hint(problem)} | {problem.sample.message} |"
        for problem, kind, what in error_rows()
    ]
    return "\n".join(lines) + "\n"


@cache
def error_html() -> str:
    """The page behind every `documentation_url`; it loads nothing from elsewhere."""
    rows = "".join(
        f'<tr id="{kind.name}"><td>{problem.code}</td><td><code>{kind.name}</code></td>'
        f"<td>{problem.status}</td><td>{html.escape(what)}</td>"
        f"<td>{_code(problem.remedy)}</td>"
        f"<td>{_code(retry_hint(problem))}</td>"
        f"<td>{html.escape(problem.sample.message)}</td></tr>"
        for problem, kind, what in error_rows()
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Errors</title><style>'
        "body{font:16px/1.5 sans-serif;max-width:70em;margin:2em auto;padding:0 1em}"
        "td,th{text-align:left;padding:.3em .8em;border-bottom:1px solid #ddd}"
        "tr:target{background:#ffd}</style></head><body><h1>Errors</h1>"
        f"<p>{_code(INTRODUCTION)}</p><table><tr><th>code</th><th>name</th><th>status</th>"
        "<th>meaning</th><th>what to do</th><th>retry</th><th>for example</th></tr>"
        f"{rows}</table></body></html>"
    )


def _code(text: str) -> str:
    parts = html.escape(text).split("`")
    return "".join(
        f"<code>{part}</code>" if index % 2 else part for index, part in enumerate(parts)
    )
