"""Move modules and rewrite every import of them: `python tools/codemod/move.py MAP [LAYER]`.

MAP has a section for each layer, and in it a line for each area: `area: module old=new ...`
(area `.` is the layer itself). Import order and line breaks are left to ruff.
"""

import ast
import re
import subprocess
import sys
from pathlib import Path

SOURCES = Path("src")


def read_map(path: str, layer: str | None) -> dict[str, str]:
    moves: dict[str, str] = {}
    current = ""
    for line in Path(path).read_text().splitlines():
        if head := re.fullmatch(r"\[(\w+)\]", line):
            current = head[1]
        elif line.strip() and layer in (None, current):
            area, _, rest = line.partition(":")
            inside = f"byoip.{current}." + ("" if area == "." else f"{area}.")
            for word in rest.split():
                old, _, new = word.partition("=")
                moves[f"byoip.{current}.{old}"] = inside + (new or old.rpartition(".")[2])
    return moves


def file_of(module: str) -> Path:
    return SOURCES / (module.replace(".", "/") + ".py")


def names(aliases: list[ast.alias]) -> str:
    return ", ".join(one.name + (f" as {one.asname}" if one.asname else "") for one in aliases)


def import_of(module: str, alias: ast.alias) -> str:
    package, _, leaf = module.rpartition(".")
    called = alias.asname or alias.name
    return f"from {package} import {leaf}" + ("" if called == leaf else f" as {called}")


def rewritten(node: ast.ImportFrom, moves: dict[str, str], text: str, indent: str) -> str | None:
    module = node.module or ""
    if module in moves:
        pattern = rf"from\s+{re.escape(module)}\s+import"
        return re.sub(pattern, f"from {moves[module]} import", text, count=1)
    moved = [one for one in node.names if f"{module}.{one.name}" in moves]
    if not moved:
        return None
    kept = [one for one in node.names if one not in moved]
    lines = [f"from {module} import {names(kept)}"] if kept else []
    lines += [import_of(moves[f"{module}.{one.name}"], one) for one in moved]
    return "\n".join(indent + line for line in lines)


def rewrite(source: str, moves: dict[str, str]) -> str:
    lines = source.split("\n")
    nodes = [one for one in ast.walk(ast.parse(source)) if isinstance(one, ast.ImportFrom)]
    for node in sorted(nodes, key=lambda one: -one.lineno):
        first, last = node.lineno - 1, node.end_lineno or node.lineno
        indent = re.match(r"\s*", lines[first])
        text = rewritten(node, moves, "\n".join(lines[first:last]), indent[0] if indent else "")
        if text is not None:
            lines[first:last] = text.split("\n")
    made = "\n".join(lines)
    for old, new in sorted(moves.items(), key=lambda one: -len(one[0])):
        made = re.sub(rf"([\"'`]){re.escape(old)}(?=[\"'`])", rf"\g<1>{new}", made)
    return made


def main() -> None:
    moves = read_map(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
    listed = subprocess.run(["git", "ls-files", "*.py"], capture_output=True, text=True, check=True)
    for path in map(Path, listed.stdout.split()):
        source = path.read_text()
        if "byoip" in source and (made := rewrite(source, moves)) != source:
            path.write_text(made)
    for old, new in moves.items():
        target = file_of(new)
        target.parent.mkdir(parents=True, exist_ok=True)
        (target.parent / "__init__.py").touch()
        if target != file_of(old):
            subprocess.run(["git", "mv", file_of(old), target], check=True)
    print(len(moves), "modules moved")


if __name__ == "__main__":
    main()
