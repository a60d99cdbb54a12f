"""Variables are filled in as Compose does it, whatever is written."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as some

from envscout.watch.interpolation import InvalidVariable, filled_in, variables

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
        ("$", "no variable"),
        ("$ 5", "no variable"),
        ("${UNSET:-" * 30 + "x" + "}" * 30, "20 levels"),
    ],
)
def test_what_cannot_be_filled_in_is_told(text: str, why: str) -> None:
    with pytest.raises(InvalidVariable) as error:
        filled_in(text, VALUES)
    assert why in str(error.value)


def test_what_has_no_value_is_told_once_it_is_needed() -> None:
    told: list[str] = []
    filled_in("$UNSET ${SET:-$NEVER} ${OTHER} ${THIRD:-x}", VALUES, told.append)
    assert told == ["UNSET", "OTHER"]


def test_a_file_of_variables() -> None:
    text = (
        "\ufeff# remark\n\nA=1\nexport B = two words # remark\nC='$A #'\nD=\"x$A\\n\"\nE=${B:-x}-$GIVEN\nF\n"
        "GIVEN=file\n"
        "G: yaml\nH='first\nsecond'\nI=a#b\nJ=\n"
    )
    assert variables(text, {"GIVEN": "process", "F": "passed"}) == {
        "A": "1", "B": "two words", "C": "$A #", "D": "x1\n", "E": "two words-process", "F": "passed", "GIVEN": "file",
        "G": "yaml", "H": "first\nsecond", "I": "a#b", "J": "",
    }  # fmt: skip


def test_variables_of_files_before_are_known_and_a_dollar_may_be_escaped() -> None:
    assert variables('B=${A:-x}\nC="p\\$9"\nmy-key=1\n', {}, {"A": "early"}) == {
        "B": "early",
        "C": "p$9",
        "my-key": "1",
    }


def test_what_stands_in_a_file_of_variables_is_never_told() -> None:
    for line in ("PASS=Sup3r$ecret!$9x", "top secret", "PASS=${topsecret", 'PASS="topsecret', "A=${B:?topsecret"):
        with pytest.raises(InvalidVariable) as error:
            variables(f"# remark\n{line}\n", {})
        assert str(error.value).startswith("line 2")
        assert "secret" not in str(error.value)


@pytest.mark.parametrize("text", ["A='open", "=x", "a b", "A=${", 'A="x\ny'])
def test_a_broken_file_of_variables_is_told(text: str) -> None:
    with pytest.raises(InvalidVariable):
        variables(text, {})


@given(some.text("${}:-?+ABC_'\"\\\n=# x", max_size=60))
def test_any_text_is_filled_in_or_refused(text: str) -> None:
    for work in (lambda: filled_in(text, VALUES), lambda: variables(text, VALUES)):
        with contextlib.suppress(InvalidVariable):
            work()
