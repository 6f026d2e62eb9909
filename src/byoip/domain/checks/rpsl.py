"""Registry text to objects and back (RFC 2622, sections 2 and 10.2)."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

# RFC 2622, section 2; a leading asterisk marks a short or unknown class, which no rule reads.
_NAME: Final = re.compile(r"\*?[a-z](?:[a-z0-9_-]*[a-z0-9])?", re.ASCII | re.IGNORECASE)

# Not str.strip(): in latin-1 that would also eat 0x85 and the no-break space 0xA0.
_BLANKS: Final = " \t\r"

# The name under which a line is kept that is no attribute.
_NO_NAME: Final = ""


@dataclass(frozen=True, slots=True)
class RpslAttribute:
    """One attribute: its name in lower case and its physical lines, comments removed."""

    name: str
    lines: tuple[str, ...]

    @property
    def value(self) -> str:
        """The lines joined by one space, as RPSL reads them."""
        return " ".join(line for line in self.lines if line)


@dataclass(frozen=True, slots=True)
class RpslObject:
    """An object: attributes in the order they came; the first names class and key."""

    attributes: tuple[RpslAttribute, ...]

    def __post_init__(self) -> None:
        if not self.attributes:
            raise ValueError("an object has at least one attribute")

    @property
    def object_class(self) -> str:
        """Name of the first attribute: route, route6, inetnum, ..."""
        return self.attributes[0].name

    @property
    def key(self) -> str:
        """Value of the first attribute."""
        return self.attributes[0].value

    @property
    def malformed(self) -> bool:
        """Whether a line of it is neither an attribute nor the continuation of one."""
        return any(one.name == _NO_NAME for one in self.attributes)

    @property
    def names_source(self) -> bool:
        """Whether it says in one word which registry it stands in."""
        return [len(one.value.split()) for one in self.all("source")] == [1]

    def all(self, name: str) -> tuple[RpslAttribute, ...]:
        """Every attribute of that name (lower case)."""
        return tuple(one for one in self.attributes if one.name == name)


def parse_objects(text: bytes) -> tuple[RpslObject, ...]:
    """Read the objects of a registry's answer, in their order. Never raises.

    A line that is no attribute stays in its object as an attribute without a name, and the object
    says that it is `malformed`: dropping line or object would hide why a check fails. Only an
    empty line ends an object; one of white space continues a value, as in the RIPE database.
    Bytes are read as latin-1, which loses none; whatever we look for in them is ASCII.
    """
    # Not splitlines(): it would also break at 0x0B, 0x0C, 0x1C to 0x1E and 0x85.
    lines = (line.removesuffix("\r") for line in text.decode("latin-1").split("\n"))
    return tuple(RpslObject(tuple(block)) for block in _blocks(lines) if block)


def _blocks(lines: Iterable[str]) -> Iterator[list[RpslAttribute]]:
    found: list[tuple[str, list[str]]] = []
    for line in lines:
        if not line:
            yield [RpslAttribute(name, tuple(values)) for name, values in found]
            found = []
        elif line[0] in "%#":  # the server's own words, or nothing but a comment
            continue
        elif line[0] in " \t+":
            _continue(found, _clean(line.removeprefix("+")))
        else:
            found.append(_attribute(line))
    yield [RpslAttribute(name, tuple(values)) for name, values in found]


def _continue(found: list[tuple[str, list[str]]], line: str) -> None:
    if found:
        found[-1][1].append(line)
    elif line:
        found.append((_NO_NAME, [line]))


def _attribute(line: str) -> tuple[str, list[str]]:
    name, colon, value = line.partition(":")
    if colon and _NAME.fullmatch(name):
        return name.lower(), [_clean(value)]
    return _NO_NAME, [_clean(line)]


def _clean(line: str) -> str:
    """Drop the comment (RFC 2622, section 2), then the blanks around what is left."""
    return line.partition("#")[0].strip(_BLANKS)


def render(objects: Iterable[RpslObject]) -> str:
    """Write objects as registries do; `parse_objects` reads the same ones back."""
    return "\n".join("".join(map(_render_attribute, one.attributes)) for one in objects)


def _render_attribute(attribute: RpslAttribute) -> str:
    head = f"{attribute.name}:" if attribute.name else ""
    first, *more = attribute.lines or ("",)
    lines = [f"{head:<16}{first}".rstrip(" ") if head else first]
    lines += [f"{'':<16}{line}" if line else "+" for line in more]
    return "".join(f"{line}\n" for line in lines)
