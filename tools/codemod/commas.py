"""Take a trailing comma out where what it spreads over lines fits one: `commas.py FILES`.

Tables of cases stay as they are: displays of three entries and more in decorators and at the top
of a module. Run once on the tests, with `ruff format` after it, until nothing changes.
"""

import ast
import io
import sys
import tokenize
from pathlib import Path

WIDTH = 100
SKIPPED = {tokenize.NL, tokenize.COMMENT}


def tables(tree: ast.Module) -> set[tuple[int, int]]:
    """Where tables begin: row, and column in bytes."""
    found: set[tuple[int, int]] = set()
    for node in ast.walk(tree):
        roots = list(getattr(node, "decorator_list", []))
        if isinstance(node, ast.Module):
            roots += [one for one in node.body if isinstance(one, ast.Assign | ast.AnnAssign)]
        for inner in (inner for root in roots for inner in ast.walk(root)):
            entries = getattr(inner, "elts", None) or getattr(inner, "keys", [])
            if isinstance(inner, ast.expr) and len(entries) > 2:
                found.add((inner.lineno, inner.col_offset))
    return found


def collapsed(source: str) -> str:
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    lines = source.splitlines(keepends=True)
    kept = tables(ast.parse(source))
    opened: list[int] = []
    cuts: list[tuple[int, int]] = []
    for number, token in enumerate(tokens):
        if token.type != tokenize.OP or token.string not in "()[]{}":
            continue
        if token.string in "([{":
            opened.append(number)
            continue
        first = opened.pop()
        inside = tokens[first + 1 : number]
        if tokens[first].start in kept or any(one.type == tokenize.COMMENT for one in inside):
            continue
        spoken = [one for one in inside if one.type not in SKIPPED]
        if not spoken or spoken[-1].string != "," or tokens[first].start[0] == token.start[0]:
            continue
        commas = sum(one.string == "," for one in spoken)
        if tokens[first].string == "(" and commas == 1 and not call(tokens, first):
            continue  # a tuple of one
        rows = lines[tokens[first].start[0] - 1 : token.start[0]]
        text = rows[0].rstrip() + " ".join(row.strip() for row in rows[1:-1])
        text = text.removesuffix(",") + rows[-1].strip()
        if len(text) <= WIDTH and not any('"""' in row for row in rows):
            cuts.append(spoken[-1].start)
    for row, column in sorted(cuts, reverse=True):
        lines[row - 1] = lines[row - 1][:column] + lines[row - 1][column + 1 :]
    return "".join(lines)


def call(tokens: list[tokenize.TokenInfo], first: int) -> bool:
    before = tokens[first - 1]
    return (
        before.type == tokenize.NAME and before.string not in {"in", "return", "and", "or"}
    ) or (before.string in {")", "]"})


for name in sys.argv[1:]:
    path = Path(name)
    text = path.read_text()
    if (new := collapsed(text)) != text:
        path.write_text(new)
        print(name)
