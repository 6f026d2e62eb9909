"""Name a module once instead of its names: `module_import.py MODULE ALIAS FILE...`.

`from MODULE import A, B` becomes an import of MODULE as ALIAS, and every use of A becomes
`ALIAS.A`, through the syntax tree. A file in which a name is bound a second time is reported and
left as it is. Import order and line breaks are left to ruff.
"""

import ast
import sys
from pathlib import Path


def import_of(module: str, alias: str) -> str:
    package, _, leaf = module.rpartition(".")
    if not package:
        return f"import {module} as {alias}" if alias != module else f"import {module}"
    return f"from {package} import {leaf}" + (f" as {alias}" if alias != leaf else "")


def bound(tree: ast.AST) -> set[str]:
    """Every name that the file binds other than by an import."""
    stored = {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
    }
    defined = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    stored |= {node.name for node in ast.walk(tree) if isinstance(node, defined)}
    return stored | {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}


def start_of(node: ast.expr | ast.stmt) -> tuple[int, int]:
    return node.lineno, node.col_offset


def rewrite(source: str, module: str, alias: str) -> str:
    tree = ast.parse(source)
    imports = [one for one in tree.body if isinstance(one, ast.ImportFrom) and one.module == module]
    called = {one.asname or one.name: one.name for node in imports for one in node.names}
    if clash := bound(tree) & {alias, *called}:
        raise ValueError(f"bound a second time: {', '.join(sorted(clash))}")
    edits = [
        (
            *start_of(node),
            node.lineno,
            node.col_offset + len(node.id.encode()),
            f"{alias}.{called[node.id]}",
        )
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and node.id in called
    ]
    texts = [import_of(module, alias), *[""] * len(imports)]
    edits += [
        (*start_of(node), node.end_lineno or 0, node.end_col_offset or 0, text)
        for node, text in zip(imports, texts, strict=False)
    ]
    lines = source.encode().splitlines(keepends=True)
    for first, start, last, end, text in sorted(edits, reverse=True):
        lines[first - 1 : last] = [lines[first - 1][:start] + text.encode() + lines[last - 1][end:]]
    return b"".join(lines).decode()


def main() -> None:
    module, alias, *files = sys.argv[1:]
    for path in map(Path, files):
        source = path.read_text()
        try:
            made = rewrite(source, module, alias)
        except ValueError as clash:
            print(f"{path}: {clash}")
            continue
        if made != source:
            path.write_text(made)


if __name__ == "__main__":
    main()
