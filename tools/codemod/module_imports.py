"""Import the module where a long list of its names stands: `module_imports.py FILE ...`.

`from a.b import (C, D, ...)` over four lines or more becomes `from a import b`, and `C` becomes
`b.C`; where the file has another `b`, `from a import b as bs`. An import stays as it is where the
file would hardly get shorter, binds one of the names itself, or has it in a string.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

LONG = 4  # lines of an import
WORTH = 4  # lines that the file gets shorter by


def convert(source: str, found: ast.ImportFrom, tree: ast.Module) -> str | None:
    """The source with this import turned round; None where that cannot be done."""
    package, _, leaf = (found.module or "").rpartition(".")
    names, nodes = {one.name for one in found.names}, list(ast.walk(tree))
    uses = [one for one in nodes if isinstance(one, ast.Name) and one.id in names]
    word = next((one for one in (leaf, f"{leaf}s") if one not in set(words(nodes))), None)
    rest = [one for one in words(nodes) if one in names]
    if not package or word is None or len(rest) > len(uses) or {one.id for one in uses} != names:
        return None
    if any(one.asname for one in found.names) or any(isinstance(u.ctx, ast.Store) for u in uses):
        return None
    lines = source.splitlines(keepends=True)
    for use in sorted(uses, key=lambda one: (one.lineno, one.col_offset), reverse=True):
        line, at = lines[use.lineno - 1].encode(), use.col_offset
        if line[at : at + len(use.id)].decode() != use.id:  # in an f-string
            return None
        lines[use.lineno - 1] = (line[:at] + f"{word}.".encode() + line[at:]).decode()
    renamed = "" if word == leaf else f" as {word}"
    lines[found.lineno - 1 : found.end_lineno] = [f"from {package} import {leaf}{renamed}\n"]
    return "".join(lines)


def words(nodes: list[ast.AST]) -> Iterator[str]:
    """Every name that the file binds or reads, and every string that might be one."""
    for node in nodes:
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, (ast.Import, ast.ImportFrom)) and not is_long(node):
            yield from (one.asname or one.name for one in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value.partition("[")[0]


def is_long(node: ast.AST) -> bool:
    return isinstance(node, ast.ImportFrom) and (node.end_lineno or 0) - node.lineno + 1 >= LONG


def formatted(path: Path, source: str) -> str:
    """As the import sorter and the formatter leave it."""
    for command in (("check", "--select", "I", "--fix", "--quiet"), ("format", "--quiet")):
        ruff = [Path(sys.executable).with_name("ruff"), *command, "--stdin-filename", path, "-"]
        source = subprocess.run(
            ruff, input=source, capture_output=True, text=True, check=True
        ).stdout
    return source


def rewrite(path: Path) -> None:
    tried: set[str | None] = set()
    while True:
        source = path.read_text()
        tree = ast.parse(source)
        left = [
            one
            for one in tree.body
            if isinstance(one, ast.ImportFrom) and is_long(one) and one.module not in tried
        ]
        if not left:
            return
        tried.add(left[0].module)
        made = convert(source, left[0], tree)
        if made is not None:
            made = formatted(path, made)
            saved = len(source.splitlines()) - len(made.splitlines())
            if saved >= WORTH:
                path.write_text(made)
            print(f"{path}: {left[0].module}: {saved} lines")
        else:
            print(f"{path}: {left[0].module}: stays")


if __name__ == "__main__":
    for given in sys.argv[1:]:
        rewrite(Path(given))
