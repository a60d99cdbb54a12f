"""Variables are filled in as Compose does it, whatever is written."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as some

from envscout.watch.interpolation import MAX_LENGTH, MAX_WRITTEN, InvalidVariable, filled_in, unset

VALUES = {"SET": "value", "EMPTY": "", "NESTED": "$SET"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("$SET", "value"),
        ("${SET}", "value"),
        ("a${SET}b$SET.c", "avaluebvalue.c"),
        ("$UNSET|${UNSET}", "|"),
        ("$$SET $${SET}", "$SET ${SET}"),
        ("${UNSET:-word}", "word"),
        ("${EMPTY:-word}", "word"),
        ("${EMPTY-word}", ""),
        ("${UNSET-word}", "word"),
        ("${SET:-word}", "value"),
        ("${SET:+word}|${EMPTY:+word}|${EMPTY+word}|${UNSET+word}", "word||word|"),
        ("${UNSET:-${EMPTY:-${SET}}}", "value"),
        ("${UNSET:-registry.example.com:5000/a}", "registry.example.com:5000/a"),
        ("${UNSET:-a}}", "a}"),
        ("${SET:?must be}", "value"),
        ("${EMPTY?must be}", ""),
        ("$NESTED", "$SET"),
        ("${UNSET:-$$}", "$"),
        ("$", "$"),
        ("$ 5 $1 a$:b $é", "$ 5 $1 a$:b $é"),
        ("${UNSET:-a$}", "a$"),
        ("${UNSET:-a{b}c}", "a{b}c"),
        ('${SET:-{"a": {}}}|${UNSET:-{"a": {}}}', 'value|{"a": {}}'),
        ("${UNSET:-a{b}", "a{b"),
        ("${UNSET:-{a}b}c}", "{a}bc}"),
    ],
)
def test_variables_are_filled_in(text: str, expected: str) -> None:
    assert filled_in(text, VALUES) == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("${UNSET:?say which}", "UNSET has to have a value and has none: say which"),
        ("${EMPTY:?}", "EMPTY has to have a value and has none"),
        ("${UNSET?}", "UNSET has to have"),
        ("${SET", "not closed"),
        ("${}", "braces name no variable"),
        ("${1SET}", "braces name no variable"),
        ("${SET!}", "what follows SET in its braces"),
        ("${UNSET:-" * 30 + "x" + "}" * 30, "20 levels"),
    ],
)
def test_what_cannot_be_filled_in_is_told(text: str, why: str) -> None:
    with pytest.raises(InvalidVariable) as error:
        filled_in(text, VALUES)
    assert why in str(error.value)


def test_what_has_no_value_is_told_once_it_is_needed() -> None:
    text = "$UNSET ${SET:-$NEVER} ${OTHER} ${THIRD:-x} ${EMPTY:-$FIFTH} ${EMPTY-$SIXTH}"
    told: list[str] = []
    filled_in(text, VALUES, told.append)
    assert told == unset(text, VALUES) == ["UNSET", "OTHER", "FIFTH"]


def test_a_text_does_not_grow_without_bound() -> None:
    values = {"LONG": "x" * MAX_LENGTH}
    assert filled_in("$LONG", values) == values["LONG"]
    with pytest.raises(InvalidVariable) as error:
        filled_in("$LONG" * 200_000, values)
    assert "grows to more than 65,536 characters" in str(error.value)
    assert unset("$LONG$OTHER", values) == ["OTHER"]
    with pytest.raises(InvalidVariable) as error:
        filled_in("$A" * (MAX_WRITTEN // 2 + 1), {})
    assert str(error.value) == "it has variables, and more than 1,048,576 characters"


def test_many_braces_are_read_in_one_go() -> None:
    """Each of these would be searched to the end of the text for its brace, if braces were counted one by one."""
    assert filled_in("${UNSET:-{}" * 60_000, {}) == "{" * 60_000
    with pytest.raises(InvalidVariable):
        filled_in("${A:-{" * 50_000 + "}" * 80_000, {})


@given(some.text("${}:-?+ABC_'\"\\\n=# x", max_size=60))
def test_any_text_is_filled_in_or_refused(text: str) -> None:
    with contextlib.suppress(InvalidVariable):
        filled_in(text, VALUES)
