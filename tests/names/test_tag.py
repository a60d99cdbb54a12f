"""What tags say, as a table of lines."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from envscout.names.tag import parse

LINES = (Path(__file__).parent / "tags.tsv").read_text().splitlines()


def test_tags_say_what_the_table_says() -> None:
    for line in LINES[1:]:
        text, *expected = line.split("\t")
        found = parse(text)
        shown = [".".join(map(str, found.version)), "early" if found.early else "", found.system]
        shown += [".".join(map(str, found.release)), ",".join(found.variant)]
        assert shown == expected, text


@given(st.text(max_size=150))
def test_no_text_is_refused(text: str) -> None:
    found = parse(text)
    assert found.text == text
    assert found.precision == len(found.version)


def test_a_number_without_end_is_no_version() -> None:
    assert parse("9" * 128).version == ()
