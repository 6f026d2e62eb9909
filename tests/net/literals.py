"""What only stands in the sources as text or number, wherever it stands.

Modules, classes and functions may be moved and renamed, and a literal may become a constant or a
member of an enumeration: a name is followed to what it was given, anywhere in the package.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TypeAlias

_SCOPES = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_Pairs: TypeAlias = Iterator[tuple[str, ast.expr]]
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Sources:
    """The syntax trees of some packages."""

    def __init__(self, *roots: Path) -> None:
        found = (one for root in roots for one in root.rglob("*.py"))
        files = sorted(one for one in found if not one.stem.endswith("_pb2"))
        self.trees = [_parsed(one.read_text(encoding="utf-8")) for one in files]
        self.nodes = [node for tree in self.trees for node in ast.walk(tree)]
        # Docstrings, and the pieces of what is put together from several.
        prose = (
            node.body[0].value
            for node in self.nodes
            if isinstance(node, _SCOPES) and node.body and isinstance(node.body[0], ast.Expr)
        )
        joined = (node for node in self.nodes if isinstance(node, ast.JoinedStr))
        self._apart = {id(one) for one in prose} | {id(one) for n in joined for one in n.values}
        self._given: defaultdict[str, list[ast.expr]] = defaultdict(list)
        self._functions: defaultdict[str, list[ast.AST]] = defaultdict(list)
        for node in self.nodes:
            if isinstance(node, _FUNCTIONS):
                self._functions[node.name].append(node)
        for tree in self.trees:
            for name, value in constants_of(tree):
                self._given[name].append(value)

    def texts(self) -> Iterator[str]:
        """Every string but docstrings; what is put into one is shown as {}, but for constants."""
        for node in self.nodes:
            if isinstance(node, ast.JoinedStr):
                yield from self.values(node)
            elif isinstance(node, ast.Constant) and id(node) not in self._apart:
                yield from [node.value] if isinstance(node.value, str) else []

    def numbers(self) -> Iterator[int]:
        for node in self.nodes:
            if isinstance(node, ast.Constant) and type(node.value) is int:
                yield node.value

    def calls(self, names: Collection[str]) -> Iterator[ast.Call]:
        """Every call of something that is called so, by itself or after a dot."""
        for node in self.nodes:
            if isinstance(node, ast.Call) and last_name(node.func) in names:
                yield node

    def values(self, node: ast.expr, depth: int = 4) -> set[str]:
        """The texts that an expression may be, as far as the sources say."""
        if isinstance(node, ast.Constant):
            return {str(node.value)}
        if isinstance(node, ast.IfExp):
            return self.values(node.body, depth) | self.values(node.orelse, depth)
        if isinstance(node, ast.JoinedStr):
            return self._joined(node, depth)
        name = last_name(node)
        if name == "value" and isinstance(node, ast.Attribute):  # of a member
            return self.values(node.value, depth)
        if name and depth:
            member = f"{last_name(node.value)}.{name}" if isinstance(node, ast.Attribute) else name
            given = self._given.get(member) or self._given.get(name, [])
            return set().union(*(self.values(one, depth - 1) for one in given))
        return set()

    def _joined(self, node: ast.JoinedStr, depth: int) -> set[str]:
        """Filled in where a constant is put in, {} elsewhere."""
        filled = {""}
        for part in node.values:
            held = part.value if isinstance(part, ast.FormattedValue) else part
            constant = isinstance(held, ast.Constant) or str(last_name(held)).isupper()
            found = (self.values(held, depth) if constant else set()) or {"{}"}
            filled = {before + one for before in filled for one in found}
        return filled

    def members(self, call: ast.Call, around: ast.AST, depth: int = 3) -> set[str]:
        """The keys of every dict that is given to a call, however it came there."""
        given = [*call.args, *(one.value for one in call.keywords)]
        return set().union(*(self._keys(one, around, depth) for one in given))

    def _keys(self, node: ast.expr, around: ast.AST, depth: int) -> set[str]:
        found: set[str] = set()
        parts: list[ast.expr] = []
        if depth == 0:
            return found
        if isinstance(node, ast.Dict):
            found = found.union(*(self.values(one) for one in node.keys if one is not None))
            parts = [v for k, v in zip(node.keys, node.values, strict=True) if k is None]
        elif isinstance(node, ast.BinOp):
            parts = [node.left, node.right]
        elif isinstance(node, ast.IfExp):
            parts = [node.body, node.orelse]
        elif isinstance(node, ast.Call):
            found = self._returned(last_name(node.func), depth - 1)
        elif isinstance(node, ast.Name):
            given = [value for name, value in within(around) if name == node.id]
            found = found.union(*(self._keys(one, around, depth - 1) for one in given))
        return found.union(*(self._keys(one, around, depth) for one in parts))

    def _returned(self, name: str | None, depth: int) -> set[str]:
        found: set[str] = set()
        for function in self._functions.get(name or "", []):
            for node in ast.walk(function):
                if isinstance(node, ast.Return) and node.value:
                    found |= self._keys(node.value, function, depth)
        return found

    def around(self, names: Collection[str]) -> Iterator[tuple[ast.Call, ast.AST]]:
        """Such calls, each with the function that it stands in."""
        for node in self.nodes:
            if isinstance(node, _FUNCTIONS):
                for inner in ast.walk(node):
                    if isinstance(inner, ast.Call) and last_name(inner.func) in names:
                        yield inner, node

    def enumerations(self) -> Iterator[list[str]]:
        """The values of each enumeration of texts, in order."""
        for node in self.nodes:
            bases = node.bases if isinstance(node, ast.ClassDef) else []
            if isinstance(node, ast.ClassDef) and any(
                (last_name(one) or "").endswith("Enum") for one in bases
            ):
                values = (one.value for one in node.body if isinstance(one, ast.Assign))
                yield [str(one.value) for one in values if isinstance(one, ast.Constant)]


@cache
def sources(*roots: Path) -> Sources:
    return Sources(*roots)


def _parsed(text: str) -> ast.Module:
    """Parse, once more where CPython 3.11 counts its depth wrongly as another thread parses."""
    try:
        return ast.parse(text)
    except SystemError:
        return ast.parse(text)


def last_name(node: ast.AST) -> str | None:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None


def constants_of(tree: ast.Module | ast.ClassDef, within: str = "") -> _Pairs:
    """What modules and classes assign, not functions; a class's by its name and a dot."""
    for statement in tree.body:
        for name, value in assigned(statement):
            yield within + name, value
        if isinstance(statement, ast.ClassDef):
            yield from constants_of(statement, f"{statement.name}.")


def assigned(statement: ast.AST) -> _Pairs:
    """Names and what they are given, pair by pair where there are several."""
    if isinstance(statement, ast.AnnAssign) and statement.value:
        yield from paired(statement.target, statement.value)
    elif isinstance(statement, ast.Assign):
        for target in statement.targets:
            yield from paired(target, statement.value)


def paired(target: ast.expr, value: ast.expr) -> Iterable[tuple[str, ast.expr]]:
    if isinstance(target, ast.Name):
        return [(target.id, value)]
    if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
        return [(target.value.id, ast.Dict(keys=[target.slice], values=[value]))]
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        pairs = zip(target.elts, value.elts, strict=False)
        return [one for each, given in pairs for one in paired(each, given)]
    if isinstance(target, ast.Tuple) and isinstance(value, ast.IfExp):
        return [*paired(target, value.body), *paired(target, value.orelse)]
    return []


def within(around: ast.AST) -> _Pairs:
    for node in ast.walk(around):
        yield from assigned(node)


def matching(texts: Iterable[str], pattern: str) -> set[str]:
    known = re.compile(pattern)
    return {text for text in texts if known.fullmatch(text)}
