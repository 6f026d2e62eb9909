"""Rename identifiers through the syntax tree: `python tools/codemod/rename.py WORDS`.

WORDS is a file with one rename a line:

    Name=New                 the identifier wherever it stands
    module:Name=New          the one of that module, and of the files that import it from there
    .name=new                attributes, methods, keyword arguments and their definitions only
    path/glob:name=new       any identifier of the files that match

In strings and comments only what is surely the name is changed: names of two words, quoted
annotations, expressions of f-strings, entries of `Args:`. A rename that meets a name that was there
before is reported. Formatting is left to the formatter.
"""

import ast
import fnmatch
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Callable, Iterator
from pathlib import Path

GENERATED = "gobgp_pb2"
ROOTS = ("src/", "tests/", "benchmarks/", "migrations/", "tools/")


def files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "*.py"], capture_output=True, text=True, check=True)
    found = [Path(one) for one in listed.stdout.split()]
    return [one for one in found if GENERATED not in one.name and str(one).startswith(ROOTS)]


def module_of(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[1:] if parts[0] == "src" else parts).removesuffix(".__init__")


def names_of(path: Path, module: str, name: str, tree: ast.Module) -> Iterator[str]:
    """How a file writes a name of a module: `Name`, or `module.Name`."""
    if module_of(path) == module:
        yield name
    package, _, leaf = module.rpartition(".")
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == module:
            yield from (name for one in node.names if one.name == name)
        elif isinstance(node, ast.ImportFrom) and node.module == package:
            yield from (f"{one.asname or leaf}.{name}" for one in node.names if one.name == leaf)


def replace(
    source: str,
    wanted: Callable[[int, list[tokenize.TokenInfo]], bool],
    name: str,
    new: str,
    *,
    quoted: bool = False,
) -> str:
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    lines = source.splitlines(keepends=True)
    hits = [
        token.start
        for number, token in enumerate(tokens)
        if token.type == tokenize.NAME
        and token.string == name
        and not in_module_path(number, tokens)
        and wanted(number, tokens)
    ]
    hits += strings(tokens, name, quoted=quoted)
    for row, column in sorted(hits, reverse=True):
        line = lines[row - 1]
        lines[row - 1] = line[:column] + new + line[column + len(name) :]
    return "".join(lines)


def in_module_path(number: int, tokens: list[tokenize.TokenInfo]) -> bool:
    """Whether the name stands between `from` and `import`: modules are moved, not renamed."""
    while tokens[number].type == tokenize.NAME or tokens[number].string == ".":
        number -= 1
        if tokens[number].string == "import":
            return False
        if tokens[number].string == "from":
            return True
    return False


def strings(
    tokens: list[tokenize.TokenInfo], name: str, *, quoted: bool
) -> Iterator[tuple[int, int]]:
    """Where strings and comments name it: words of two parts, annotations, f-strings, `Args:`."""
    word = re.escape(name)
    forms = [rf"^ {{8,}}(?P<hit>{word}): "]
    if quoted or re.search(r"[a-z0-9][A-Z]|_|^[A-Z]", name):
        forms.append(rf"^[\"'](?P<hit>{word})[\"']$")
    if re.search(r"[a-z0-9][A-Z]|_", name):
        forms.append(rf"(?<![\w.\"'/])(?P<hit>{word})(?![\w\"'/])")
    for token in tokens:
        if token.type not in (tokenize.STRING, tokenize.COMMENT):
            continue
        inside = [rf"{{[^{{}}]*?(?<![\w.\"'])(?P<hit>{word})(?![\w\"'])"]
        wanted = [*forms, *(inside if re.match(r"[rR]?[fF]", token.string) else [])]
        for offset, line in enumerate(token.string.split("\n")):
            base = token.start[1] if offset == 0 else 0
            hits = {hit.start("hit") for form in wanted for hit in re.finditer(form, line)}
            yield from ((token.start[0] + offset, base + hit) for hit in hits)


def anywhere(_: int, __: list[tokenize.TokenInfo]) -> bool:
    return True


def bare(number: int, tokens: list[tokenize.TokenInfo]) -> bool:
    return tokens[number - 1].string != "."


def attribute(number: int, tokens: list[tokenize.TokenInfo]) -> bool:
    before, after = tokens[number - 1].string, tokens[number + 1].string
    return before in (".", "def") or after in ("=", ":")


def after_dot_of(owner: str) -> Callable[[int, list[tokenize.TokenInfo]], bool]:
    def wanted(number: int, tokens: list[tokenize.TokenInfo]) -> bool:
        return tokens[number - 1].string == "." and tokens[number - 2].string == owner

    return wanted


def rename(line: str) -> int:
    old, _, new = line.partition("=")
    where, _, name = old.rpartition(":")
    changed = 0
    for path in files():
        source = path.read_text()
        bare_name = name.removeprefix(".")
        if bare_name not in source:
            continue
        made = source
        if name.startswith("."):
            if not where or fnmatch.fnmatch(str(path), where):
                made = replace(made, attribute, bare_name, new)
        elif "/" in where or "*" in where:
            if fnmatch.fnmatch(str(path), where):
                quoted = where.startswith(
                    "tests/"
                )  # pytest's parameters have their names in strings
                made = replace(made, anywhere, bare_name, new, quoted=quoted)
        elif where:
            for form in set(names_of(path, where, name, ast.parse(source))):
                owner, _, _ = form.rpartition(".")
                made = replace(made, after_dot_of(owner) if owner else bare, name, new)
        else:
            made = replace(made, anywhere, name, new)
        if made != source:
            if re.search(rf"(?<![\w.]){re.escape(new)}\b", source) and "-f" not in sys.argv:
                print(f"{path}: {new} is there already ({line})", file=sys.stderr)
            ast.parse(made)
            path.write_text(made)
            changed += 1
    return changed


if __name__ == "__main__":
    for given in Path(sys.argv[1]).read_text().splitlines():
        if given.strip() and not given.startswith("#"):
            print(given, rename(given.strip()), "files")
