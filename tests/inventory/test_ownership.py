"""A language package belongs to a distribution package while its metadata is what that package installed."""

from base64 import b64encode
from hashlib import sha1

from envscout.inventory import build
from envscout.model import File
from tests.inventory.files import DEBIAN, file, stanza, sums

METADATA = b"Name: PyYAML\nVersion: 6.0\n"
PATH = "usr/lib/python3/dist-packages/PyYAML-6.0.dist-info/METADATA"
OWNER = "pkg:deb/debian/python3-yaml@6.0-3?arch=amd64&distro=debian-12&upstream=pyyaml"


def owner(*files: File) -> str:
    """Return who owns the one Python package of an image."""
    (found,) = [each for each in build(files).packages if each.type == "pypi"]
    return found.owner


def debian(*more: File, list_name: str = "python3-yaml") -> list[File]:
    """Return a Debian image with python3-yaml and more files."""
    return [
        file("etc/os-release", DEBIAN),
        file("var/lib/dpkg/status", stanza("python3-yaml", "6.0-3", Source="pyyaml")),
        file(f"var/lib/dpkg/info/{list_name}.md5sums", sums(**{PATH: METADATA})),
        *more,
    ]


def test_untouched_files_are_owned() -> None:
    assert owner(*debian(file(PATH, METADATA))) == OWNER
    assert owner(*debian(file(PATH, METADATA), list_name="python3-yaml:amd64")) == OWNER
    assert owner(*debian(file(PATH, METADATA), list_name="python3-yaml:i386")) == OWNER


def test_overwritten_files_are_not() -> None:
    assert owner(*debian(file(PATH, METADATA, METADATA.replace(b"6.0", b"6.0.1")))) == ""


def test_files_elsewhere_are_not() -> None:
    assert owner(*debian(file("opt/x/PyYAML-6.0.dist-info/METADATA", METADATA))) == ""


def test_without_sums_the_list_of_paths_counts_and_with_them_it_does_not() -> None:
    database = [
        file("etc/os-release", DEBIAN),
        file("var/lib/dpkg/status", stanza("python3-yaml", "6.0-3", Source="pyyaml")),
        file("var/lib/dpkg/info/python3-yaml.list", f"/.\n/usr\n/{PATH}\n".encode()),
    ]
    assert owner(*database, file(PATH, METADATA)) == OWNER
    assert owner(*database, file("opt/x/PyYAML-6.0.dist-info/METADATA", METADATA)) == ""
    sums_of_other_bytes = file("var/lib/dpkg/info/python3-yaml.md5sums", sums(**{PATH: b"as installed"}))
    assert owner(*database, sums_of_other_bytes, file(PATH, METADATA)) == ""


def test_lists_of_packages_that_are_gone_own_nothing() -> None:
    assert owner(*debian(file(PATH, METADATA), list_name="python3-other")) == ""


def test_distroless_sums_count() -> None:
    data = "Package: python3-yaml\nVersion: 6.0-3\nArchitecture: amd64\nSource: pyyaml\n"
    assert (
        owner(
            file("etc/os-release", DEBIAN),
            file("var/lib/dpkg/status.d/python3-yaml", data),
            file("var/lib/dpkg/status.d/python3-yaml.md5sums", sums(**{PATH: METADATA})),
            file(PATH, METADATA),
        )
        == OWNER
    )


def test_one_package_owned_here_and_installed_there_is_two() -> None:
    found = build(debian(file(PATH, METADATA), file("opt/venv/PyYAML-6.0.dist-info/METADATA", METADATA))).packages
    assert [(each.purl, each.owner) for each in found if each.type == "pypi"] == [
        ("pkg:pypi/pyyaml@6.0", ""),
        ("pkg:pypi/pyyaml@6.0", OWNER),
    ]


def test_damaged_lists_own_nothing() -> None:
    for data in (b"", b"\0" * 100, b"\xff  x\n", b"zz" + PATH.encode()):
        image = debian(file(PATH, METADATA))
        image[2] = file(image[2].path, data)
        assert owner(*image) == ""


def apk(digest: str) -> list[File]:
    """Return an Alpine image whose database gives this digest for a Python package's metadata."""
    folder, name = PATH.rsplit("/", 1)
    files = f"F:usr\nF:{folder}\nR:RECORD\nZ:Q1x=\nR:{name}\na:0:0:644\n{digest}\n"
    block = f"P:py3-yaml\nV:6.0-r0\nA:x86_64\no:py3-yaml\n{files}"
    return [file("lib/apk/db/installed", block), file("etc/alpine-release", "3.20.3\n"), file(PATH, METADATA)]


def test_apk_owns_by_path_and_digest() -> None:
    url = "pkg:apk/alpine/py3-yaml@6.0-r0?arch=x86_64&distro=alpine-3.20.3"
    right = b64encode(sha1(METADATA, usedforsecurity=False).digest()).decode()
    assert owner(*apk(f"Z:Q1{right}\n")) == url
    assert owner(*apk("")) == url
    assert owner(*apk("Z:Q1AAAAAAAAAAAAAAAAAAAAAAAAAAA=\n")) == ""


def test_what_a_distribution_answers_for_need_not_be_comparable() -> None:
    bare = b"Name: PyYAML\n"
    image = debian(file(PATH.replace("-6.0", ""), bare))
    image[2] = file("var/lib/dpkg/info/python3-yaml.md5sums", sums(**{PATH.replace("-6.0", ""): bare}))
    assert {problem.code for problem in build(image).problems} == {"damaged-database"}
    image[2] = file("var/lib/dpkg/info/python3-yaml.md5sums", "")
    assert {problem.code for problem in build(image).problems} == {"damaged-database", "unusable-version"}


def test_what_is_too_large_to_compare_is_owned_in_the_layer_of_its_package() -> None:
    large = METADATA + b"\n" + b"x" * (1 << 20)
    listed = file("var/lib/dpkg/info/python3-yaml.md5sums", sums(**{PATH: b"whatever"}))
    for layers, expected in (((large,), OWNER), ((large, large.replace(b"6.0", b"6.1")), "")):
        image = debian(file(PATH, *layers))
        image[2] = listed
        assert owner(*image) == expected


def test_merged_usr_is_one_place() -> None:
    path = PATH.removeprefix("usr/")
    image = debian(file(PATH, METADATA))
    image[2] = file("var/lib/dpkg/info/python3-yaml.md5sums", sums(**{path: METADATA}))
    assert owner(*image) == OWNER


def test_a_list_without_sums_owns_nothing_that_a_later_layer_wrote() -> None:
    image = debian(file(PATH, METADATA, METADATA.replace(b"6.0", b"6.1")))
    image[2] = file("var/lib/dpkg/info/python3-yaml.list", f"/{PATH}\n")
    assert owner(*image) == ""


def test_a_list_left_by_another_architecture_proves_nothing_without_sums() -> None:
    image = debian(file(PATH, METADATA))
    image[2] = file("var/lib/dpkg/info/python3-yaml.md5sums", sums(**{PATH: b"as installed"}))
    assert owner(*image, file("var/lib/dpkg/info/python3-yaml:i386.list", f"/{PATH}\n")) == ""
