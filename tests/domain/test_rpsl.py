import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byoip.domain.checks.rpsl import RpslAttribute, RpslObject, parse_objects, render

ARIN_EXAMPLE = b"""\
route:          192.0.2.0/24
origin:         AS13335
descr:          Example Company, Inc.
                byoip-validation: 9477b6c343444ceb85c46463e7d2453f
admin-c:        ADMIN2521-ARIN
mnt-by:         MNT-EXAMPLE
created:        2025-07-29T10:52:27Z
source:         ARIN
"""


def lines(text: bytes, name: str) -> list[tuple[str, ...]]:
    return [one.lines for found in parse_objects(text) for one in found.all(name)]


def test_class_and_key_are_those_of_the_first_attribute() -> None:
    (found,) = parse_objects(ARIN_EXAMPLE)

    assert (found.object_class, found.key) == ("route", "192.0.2.0/24")
    assert not found.malformed


def test_the_physical_lines_of_a_value_are_kept_apart() -> None:
    (found,) = parse_objects(ARIN_EXAMPLE)
    (descr,) = found.all("descr")

    assert descr.lines == (
        "Example Company, Inc.",
        "byoip-validation: 9477b6c343444ceb85c46463e7d2453f",
    )
    assert descr.value == " ".join(descr.lines)


@pytest.mark.parametrize("start", [b" ", b"\t", b"+", b"+   ", b"     \t "])
def test_space_tab_and_plus_continue_a_value(start: bytes) -> None:
    assert lines(b"descr: one\n" + start + b"two\n", "descr") == [("one", "two")]


def test_only_the_first_plus_is_dropped() -> None:
    assert lines(b"descr: one\n++two\n +three\n", "descr") == [("one", "+two", "+three")]


def test_a_lone_plus_or_white_space_is_an_empty_line_of_the_value() -> None:
    text = b"descr: one\n+\n \t\n  two\nsource: RIPE\n"

    assert lines(text, "descr") == [("one", "", "", "two")]
    assert parse_objects(text)[0].all("descr")[0].value == "one two"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        pytest.param(b"descr: one # two", ("one",), id="after-a-value"),
        pytest.param(b"descr:# one", ("",), id="the-whole-value"),
        pytest.param(b"descr: one\n  # two\n  three", ("one", "", "three"), id="continuation"),
        pytest.param(b"descr: one\n# two\n  three", ("one", "three"), id="a-line-of-its-own"),
        pytest.param(b"descr: a#b#c", ("a",), id="without-a-space"),
    ],
)
def test_a_comment_goes_to_the_end_of_its_physical_line_only(
    text: bytes, kept: tuple[str, ...]
) -> None:
    assert lines(text, "descr") == [kept]


def test_names_are_read_in_any_case_and_repeated_attributes_are_kept() -> None:
    text = b"ROUTE: 192.0.2.0/24\nRemarks: a\nreMARKs: b\nremarks: a\n"
    (found,) = parse_objects(text)

    assert found.object_class == "route"
    assert [one.value for one in found.all("remarks")] == ["a", "b", "a"]


def test_an_empty_line_ends_an_object_whatever_the_line_ends() -> None:
    text = b"\r\n\r\nroute: a\r\n\r\n\r\nroute: b\n\nroute: c"

    assert [one.key for one in parse_objects(text)] == ["a", "b", "c"]


def test_the_servers_own_words_are_no_objects() -> None:
    text = (
        b"% This is the database query service.\n\n% Information related to x\n\n"
        b"route: a\n%WARNING: inside\nsource: RIPE\n\n% This query was served by y\n\n"
    )
    (found,) = parse_objects(text)

    assert [one.name for one in found.attributes] == ["route", "source"]


def test_a_value_may_hold_colons_and_any_latin_1() -> None:
    text = "descr: Zürich: 1:2\xa0\n".encode("latin-1")

    assert lines(text, "descr") == [("Zürich: 1:2\xa0",)]


@pytest.mark.parametrize("odd", [b"\x0b", b"\x0c", b"\x1c", b"\x85", b"\r"])
def test_only_a_line_feed_ends_a_line(odd: bytes) -> None:
    text = b"descr: one" + odd + b"remarks: two\nsource: RIPE\n"
    (found,) = parse_objects(text)

    assert [one.name for one in found.attributes] == ["descr", "source"]


def test_unknown_classes_with_an_asterisk_are_read() -> None:
    (found,) = parse_objects(b"*xx: 1\nsource: RIPE\n")

    assert (found.object_class, found.malformed) == ("*xx", False)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"route: a\nno colon here\nsource: RIPE", id="no-colon"),
        pytest.param(b"route: a\nbad name: x", id="space-in-name"),
        pytest.param(b"route: a\norigin : x", id="space-before-colon"),
        pytest.param(b"route: a\n: x", id="no-name"),
        pytest.param(b"route: a\nr\xf6ute: x", id="name-not-ascii"),
        pytest.param(b"  continued from nowhere\nroute: a", id="orphaned-continuation"),
        pytest.param(b"route a\norigin: AS1", id="first-line"),
        pytest.param(b"F you are blocked", id="not-an-object"),
        pytest.param(b"\0\0\0", id="nul"),
    ],
)
def test_a_line_that_is_no_attribute_makes_its_object_malformed(text: bytes) -> None:
    (found, sound) = parse_objects(text + b"\n\nroute: b\nsource: RIPE\n")

    assert found.malformed
    assert (sound.key, sound.malformed) == ("b", False)


def test_nothing_is_no_object() -> None:
    assert parse_objects(b"") == parse_objects(b"\n\r\n# remark\n% server\n \n") == ()


def test_an_object_has_an_attribute() -> None:
    with pytest.raises(ValueError, match="at least one"):
        RpslObject(())


@given(st.binary(max_size=400))
def test_any_bytes_are_read_without_an_error(text: bytes) -> None:
    for found in parse_objects(text):
        assert found.attributes
        assert found.malformed == (not all(one.name for one in found.attributes))


@given(st.text(alphabet=" \t+#%:\nab\r-*", max_size=60))
def test_any_mixture_of_the_special_characters_is_read(text: str) -> None:
    for found in parse_objects(text.encode()):
        for attribute in found.attributes:
            assert attribute.lines
            assert all("#" not in line and line == line.strip(" \t\r") for line in attribute.lines)


_VALUE = st.text(st.characters(max_codepoint=255, exclude_characters="\n#"), max_size=20).map(
    lambda text: text.strip(" \t\r")
)
_NAME = st.from_regex(re.compile(r"[a-z]([a-z0-9_-]{0,18}[a-z0-9])?", re.ASCII), fullmatch=True)
_OBJECTS = st.lists(
    st.lists(
        st.builds(RpslAttribute, _NAME, st.lists(_VALUE, min_size=1, max_size=4).map(tuple)),
        min_size=1,
        max_size=5,
    ).map(lambda attributes: RpslObject(tuple(attributes))),
    max_size=4,
)


@given(_OBJECTS)
def test_what_is_rendered_is_read_back_as_the_same_objects(objects: list[RpslObject]) -> None:
    text = render(objects).encode("latin-1")

    assert parse_objects(text) == tuple(objects)
    assert parse_objects(text.replace(b"\n", b"\r\n")) == tuple(objects)


def test_objects_are_rendered_as_registries_print_them() -> None:
    one = RpslObject(
        (RpslAttribute("route", ("192.0.2.0/24",)), RpslAttribute("descr", ("a", "", "b")))
    )

    assert render([one, one]) == "\n".join(
        ["route:          192.0.2.0/24\ndescr:          a\n+\n                b\n"] * 2
    )
