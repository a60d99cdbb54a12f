"""Every cataloguer is whole: it can be loaded, its packages can be matched or say why not, and a real file tests it."""

import pytest

from envscout.inventory.cataloguer import Cataloguer
from envscout.inventory.executables.table import EXECUTABLES
from envscout.inventory.record import Reading
from envscout.inventory.table import CATALOGUERS
from envscout.names import ecosystem
from envscout.names.purl import DISTRIBUTED
from envscout.versions import SCHEMES
from tests.inventory.fixtures import HERE, fixtures
from tests.inventory.test_robust import places, read

# purl types of distributions take their ecosystem from the distribution; `generic` from the program's name.
ELSEWHERE = DISTRIBUTED | {"generic"}
# Read from real root filesystems and databases, which tests find or make on the machine they run on.
ELSEWHERE_REAL = {
    "os-release": "test_os_release.py",
    "dpkg": "distributions/test_dpkg.py",
    "dpkg-files": "distributions/test_dpkg_files.py",
    "apk": "distributions/test_apk.py",
    "sqlite-log": "distributions/test_rpm_beside.py",
}
rows = pytest.mark.parametrize("row", CATALOGUERS, ids=lambda row: row.name)


@rows
def test_it_can_be_loaded_and_reads_anything(row: Cataloguer) -> None:
    path = row.patterns[0].removeprefix("**/").replace("*", "x")
    assert isinstance(row.read(path, b""), Reading)


@rows
def test_its_packages_are_matched_or_it_says_why_not(row: Cataloguer) -> None:
    for type_ in set(row.types) - ELSEWHERE:
        base = ecosystem.of_type(type_)
        assert row.unmatched or base, f"{type_} packages have no ecosystem, and nothing says why"
        if base:
            assert ecosystem.scheme(base) in SCHEMES


@rows
def test_a_real_file_tests_it(row: Cataloguer) -> None:
    if row.name in ELSEWHERE_REAL:
        assert (HERE / ELSEWHERE_REAL[row.name]).is_file()
        return
    group = row.module.split(".")[0]
    said = any(
        read(row, place, path.read_bytes()) != Reading()
        for path in fixtures()
        if path.relative_to(HERE).parts[0] == group
        for place in places(row, path.name)
    )
    assert said, f"no file in tests/inventory/{group}/fixtures says anything to it"


def test_names_are_unlike() -> None:
    names = [row.name for row in CATALOGUERS] + [name for name, _ in EXECUTABLES]
    assert len(set(names)) == len(names)


def test_what_asks_for_a_project_reads_no_image() -> None:
    assert all(row.module.startswith("projects.") == row.project for row in CATALOGUERS)
