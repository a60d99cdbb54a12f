"""Tables, sizes and moments as people see them."""

import pytest

from envscout.cli import options
from envscout.cli.show.size import human
from envscout.cli.show.table import inert, table, width
from envscout.environments.naming import naming
from envscout.errors import UsageError
from envscout.model import Deployment
from envscout.names import moment
from envscout.store import now


def test_control_characters_are_shown_and_not_obeyed() -> None:
    assert inert("a\x1b[31mb\r\n\x00\x7f\x9b\u202e\u200b") == "a\\x1b[31mb\\x0d\\x0a\\x00\\x7f\\x9b\\x202e\\x200b"
    assert inert("a\u2028b\u2029c\x85") == "a\\x2028b\\x2029c\\x85"
    assert inert("grün 漢字 é\xa0") == "grün 漢字 é\xa0"


def test_columns_line_up_whatever_stands_in_them() -> None:
    lines = table(("A", "B", "C"), [("漢字", "", "x"), ("long one", "", "\x1b")])
    assert lines[0] == "  A         C"
    assert lines[2] == "  漢字      x"
    assert lines[3] == "  long one  \\x1b"
    assert width("漢字") == 4


def test_a_table_without_rows_has_a_head() -> None:
    assert len(table(("A", "B"), [])) == 2


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (23_400_000, "23.4 MB"), (5 * 10**15, "5e+03 TB")]
)
def test_sizes(size: int, text: str) -> None:
    assert human(size) == text


def test_a_moment_to_the_second_means_its_end() -> None:
    text = "2026-01-02T03:04:05Z"
    start = moment.parse(text, now())
    assert options.when(text) == start + 999_999
    assert options.when("2026-01-02T04:04:05+01:00") == start + 999_999
    assert options.when("2026-01-02T03:04:05.5Z") == start + 500_000
    assert options.when("2026-01-02T03:04") == moment.parse("2026-01-02T03:04:00", now())
    assert options.when("2026-01-02") == moment.parse("2026-01-02T00:00", now())
    assert options.when("") is None


def test_this_very_second_is_no_future() -> None:
    before = now()
    asked = options.when(moment.show(before))
    assert asked is not None
    assert asked <= now()
    with pytest.raises(UsageError):
        options.when("2999-01-01")


def ran(reference: str = "myorg/myapp:v1", digest: str = "", platform: str = "") -> Deployment:
    return Deployment("myorg", "staging", "myorg/myapp", platform, digest, reference, 1)


def test_which_deployments_a_name_means() -> None:
    digest = f"sha256:{'a' * 64}"
    assert naming("myorg/myapp")(ran())
    assert naming("")(ran())
    assert naming("not a reference at all")(ran())
    assert naming("docker.io/myorg/myapp:v1")(ran())
    assert not naming("myorg/myapp:v2")(ran())
    assert naming(f"myorg/myapp@{digest}")(ran(digest=digest))
    assert not naming(f"myorg/myapp@{digest}")(ran(digest="sha256:b"))
    assert naming("", "linux/arm64")(ran(platform="linux/arm64"))
    assert naming("", "linux/arm64")(ran())
    assert not naming("", "linux/arm64")(ran(platform="linux/amd64"))
