"""The error page: made of the records, as Markdown for the repository and as texts for a page."""

import inspect

from byoip.api.document.meanings import BLOCKERS, REASONS
from byoip.api.problems.problems import PROBLEMS
from byoip.api.problems.record import Record
from byoip.domain.errors import Refusal
from byoip.domain.routes.announceable import OBSTACLES

INTRODUCTION = (
    "Every failure carries a number (`code`) and a `name`; both are stable and mean one thing. "
    "The `message` is for people and may change. `source.pointer` names the offending member of "
    "the body (RFC 6901). The last column is an example of a message."
)


ABOUT_NAMES = (
    "A prefix lists `blockers`, and each check that failed its `reason`. A blocker that has the "
    "name of a refusal stands above."
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


def error_cells() -> list[dict[str, str]]:
    """The lines of the page behind every `documentation_url`, as texts."""
    return [
        {
            "code": str(problem.code),
            "name": kind.name,
            "status": str(problem.status),
            "means": what,
            "remedy": problem.remedy,
            "retry": retry_hint(problem),
            "example": problem.sample.message,
        }
        for problem, kind, what in error_rows()
    ]


def guided() -> list[dict[str, str]]:
    """All that stands in `blockers` of a prefix and in `reason` of a check, as texts, once each."""
    obstacles = [
        {"name": kind.name, "means": meaning(kind), "remedy": PROBLEMS[kind].remedy}
        for kind in OBSTACLES
    ]
    named = [*explained(), *obstacles]
    return list({one["name"]: {"remedy": "", **one} for one in named}.values())


def explained() -> list[dict[str, str]]:
    """Names of blockers and reasons that are no refusals' names, as texts."""
    refusals = {kind.name for kind in PROBLEMS}
    names = (*BLOCKERS.items(), *REASONS.items())
    return [{"name": name, "means": what} for name, what in names if name not in refusals]
