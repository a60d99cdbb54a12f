"""Files of variables are read as Compose does it, and nothing that stands in one is ever told."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as some

from envscout.watch.dotenv import MAX_TOTAL, variables
from envscout.watch.interpolation import InvalidVariable

# What a file says, and what `docker compose config` 2.40.3 made of it where $S was "set".
TOLD = [
    ("A=1 # c", {"A": "1"}),
    ("A=1#c", {"A": "1#c"}),
    ("A=1\t# c", {"A": "1\t# c"}),
    ("A= # c", {"A": "# c"}),
    ("A=1\r\nB=2\r\n", {"A": "1", "B": "2"}),
    ("A=1\rB=2", {"A": "1\rB=2"}),
    ("A=1\x0bB\nC=1\x85B\nD=1\u2028E=2", {"A": "1\x0bB", "C": "1\x85B", "D": "1\u2028E=2"}),
    ("A=a$\nB=a$ b\nC=$1x\nD=$$S", {"A": "a$", "B": "a$ b", "C": "$1x", "D": "$S"}),
    ("A=\\$S\nB=x\\n", {"A": "\\set", "B": "x\\n"}),
    (r'A="\a\b\f\n\r\t\v\\\"\$"', {"A": '\a\b\f\n\r\t\v\\"$'}),
    (r'A="\c\'\x41"', {"A": "\\c\\'\\x41"}),
    (r'A="\\$S"', {"A": "\\set"}),
    (r"A='a\nb\\\'$S'", {"A": r"a\nb\\'$S"}),
    ("A='x' B=2", {"A": "x", "B": "2"}),
    ("A='x'y\nB=2", {"A": "x", "B": "2"}),
    ("A='' # c\nB=2", {"A": "", "B": "2"}),
    ("=1\n1A=1\nexport =1\nB=2", {"B": "2"}),
    ("É=1\nA[0]=1\na.b-c=1", {"É": "1", "A[0]": "1", "a.b-c": "1"}),
    ("A=\u00a01", {"A": "1"}),
    ("exportA=1\nexport\tB=2\nexport=3\nexport S", {"exportA": "1", "B": "2", "export": "3", "S": "set"}),
    ("A==1\nB:=1\nC: 1", {"A": "=1", "B": "=1", "C": "1"}),
    ("A=1\nA=${A}2", {"A": "12"}),
    ("A=a'b c'd\nB=a # it's", {"A": "a'b c'd", "B": "a"}),
]


@pytest.mark.parametrize(("text", "expected"), TOLD)
def test_what_a_file_says(text: str, expected: dict[str, str]) -> None:
    assert variables(text, {"S": "set"}) == expected


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
    for line in (
        "PASS=topsecret${9x}", "top secret", "PASS=${topsecret", 'PASS="topsecret', "A=${B:?topsecret",
        "A=${B:?topsecret}", "PASS=abc${topsecret!x}", "PASS=${topsecret?}", "A=${B:?$S}", 'A="${B:?$S}"',
    ):  # fmt: skip
        with pytest.raises(InvalidVariable) as error:
            variables(f"# remark\n{line}\n", {"S": "topsecret"})
        assert str(error.value).startswith("line 2")
        assert "secret" not in str(error.value)


@pytest.mark.parametrize("text", ["A='open", "a b", "A=${", 'A="x\ny', 'A="a""b"', "A/b=1"])
def test_a_broken_file_of_variables_is_told(text: str) -> None:
    with pytest.raises(InvalidVariable):
        variables(text, {})


def test_values_that_hold_one_another_are_bounded() -> None:
    lines = ["A0=" + "x" * 1000] + [f"A{n}=" + f"$A{n - 1}" * 10 for n in range(1, 40)]
    with pytest.raises(InvalidVariable) as error:
        variables("\n".join(lines), {})
    assert str(error.value) == "line 3: its variables cannot be filled in"
    with pytest.raises(InvalidVariable) as error:
        variables("A=" + "x" * 60_000 + "\n" + "B=$A\n" * (MAX_TOTAL // 60_000 + 1), {})
    assert "its values take more than 16 MiB" in str(error.value)


def test_many_lines_take_a_time_that_grows_as_they_do() -> None:
    found = variables("".join(f"A{n}=$A{n - 1}x\n" if n % 100 else f"A{n}='\n'\n" for n in range(100_000)), {})
    assert len(found) == 100_000


@pytest.mark.parametrize("text", ["export" + " " * 500_000 + "!", "A" + " " * 500_000 + "!", "export" * 100_000 + "!"])
def test_a_long_line_is_read_in_one_go(text: str) -> None:
    with pytest.raises(InvalidVariable) as error:
        variables(text, {})
    assert str(error.value) == "line 1: it sets no variable"


@given(some.text("${}:-?+ABC_'\"\\\n=# x[]", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(InvalidVariable):
        variables(text, {"SET": "value"})
