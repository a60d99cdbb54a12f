"""What Java archives list: themselves, what was merged into them, and archives in them."""

import zipfile

import pytest

from envscout.inventory import build
from envscout.inventory.java import archive
from envscout.inventory.record import Reading
from envscout.inventory.zips import MAX_DEPTH
from tests.inventory.archives import zipped
from tests.inventory.files import file
from tests.inventory.fixtures import fixture
from tests.inventory.java.jars import manifest, properties

REAL = [
    ("jul-to-slf4j-2.0.7.jar", [("org.slf4j:jul-to-slf4j", "2.0.7", "")]),
    ("netty-all-4.1.96.Final.jar", [("io.netty:netty-all", "4.1.96.Final", "")]),
    ("shims-0.9.45.jar", [("shims", "0.9.45", "")]),
    ("spire-platform_2.12-0.17.0.jar", [("org.typelevel:spire-platform_2.12", "0.17.0", "")]),
    (
        "spark-tags_2.12-3.5.3.jar",
        [
            ("org.apache.spark:spark-tags_2.12", "3.5.3", ""),
            ("org.spark-project.spark:unused", "1.0.0", "META-INF/maven/org.spark-project.spark/unused/pom.properties"),
        ],
    ),
]
POM = """<?xml version="1.0" encoding="UTF-8"?>
<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<parent><groupId>org.example</groupId><artifactId>parent</artifactId><version>7</version></parent>
<artifactId>x</artifactId><dependencies><dependency><groupId>a</groupId><artifactId>b</artifactId><version>1</version>
</dependency></dependencies></project>"""


def found(path: str, data: bytes) -> list[tuple[str, str, str]]:
    """Return names, versions and places inside the archive."""
    return [(each.name, each.version, each.inside) for each in archive.read(path, data).records]


def codes(reading: Reading) -> list[str]:
    return [problem.code for problem in reading.problems]


@pytest.mark.parametrize(("name", "expected"), REAL)
def test_real_archives_are_what_they_say(name: str, expected: list[tuple[str, str, str]]) -> None:
    assert found(f"opt/lib/{name}", fixture("java", name)) == expected


def test_a_package_without_group_is_listed_with_one_problem() -> None:
    inner = fixture("java", "shims-0.9.45.jar")
    data = zipped({**manifest(Implementation_Version="1"), "lib/one-1.jar": inner, "lib/two-1.jar": inner})
    reading = archive.read("opt/all.jar", data)
    assert [each.name for each in reading.records] == ["all", "one", "two"]
    assert codes(reading) == ["unknown-group"]
    assert "all, one, two" in reading.problems[0].message


def test_one_thing_is_listed_once() -> None:
    data = zipped(
        manifest(Implementation_Title="x", Implementation_Version="1.0") | properties("org.example", "x", "1.0")
    )
    assert found("x-1.0.jar", data) == [("org.example:x", "1.0", "")]


def test_a_merged_archive_lists_what_was_merged_into_it() -> None:
    members = properties("com.google.guava", "guava", "14.0.1") | properties("org.example", "x", "1.0")
    assert found("x-1.0-shaded.jar", zipped(members)) == [
        ("org.example:x", "1.0", ""),
        ("com.google.guava:guava", "14.0.1", "META-INF/maven/com.google.guava/guava/pom.properties"),
    ]


def test_a_lone_pom_of_something_else_is_not_the_archives_own() -> None:
    fields = manifest(Bundle_SymbolicName="org.scala-lang.scala-compiler")
    data = zipped(fields | properties("jline", "jline", "2.14.6"))
    assert found("scala-compiler-2.12.18.jar", data)[0] == ("org.scala-lang:scala-compiler", "2.12.18", "")
    assert len(found("scala-compiler-2.12.18.jar", data)) == 2


@pytest.mark.parametrize("path", ["app.jar", "demo.jar", "demo-1.0.jar", "x.jar"])
def test_a_lone_pom_is_the_archives_own_whatever_its_name(path: str) -> None:
    data = zipped(manifest(Implementation_Version="1.0") | properties("org.example", "demo", "1.0"))
    assert found(path, data) == [("org.example:demo", "1.0", "")]


def test_a_pom_xml_counts_where_properties_lack() -> None:
    place = "META-INF/maven/org.example/x/"
    assert found("x.jar", zipped({f"{place}pom.xml": POM})) == [("org.example:x", "7", "")]
    both = {f"{place}pom.xml": POM, **properties("org.example", "x", "8")}
    assert found("x.jar", zipped(both)) == [("org.example:x", "8", "")]
    assert found("x-1.jar", zipped({"archetype-resources/pom.xml": POM})) == [("x", "1", "")]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_archives_in_archives_have_their_place(method: int) -> None:
    inner = zipped(properties("org.example", "a", "1") | properties("org.example", "b", "2"))
    boot = zipped({"BOOT-INF/lib/a-1.jar": inner, "WEB-INF/lib/a-1.jar": inner}, method)
    shop = "shop.ear"
    found_in = build([file(f"srv/{shop}", zipped({"app.war": boot}, method))])
    places = {each.name: each.locations for each in found_in.packages}
    pom = "META-INF/maven/org.example/b/pom.properties"
    assert places == {
        "org.example:a": tuple(f"/srv/shop.ear!/app.war!/{lib}-INF/lib/a-1.jar" for lib in ("BOOT", "WEB")),
        "org.example:b": tuple(f"/srv/shop.ear!/app.war!/{lib}-INF/lib/a-1.jar!/{pom}" for lib in ("BOOT", "WEB")),
    }
    assert [each.purl for each in found_in.packages] == ["pkg:maven/org.example/a@1", "pkg:maven/org.example/b@2"]


def test_a_plugin_of_jenkins_has_the_group_it_names() -> None:
    fields = manifest(Group_Id="org.jenkins-ci.plugins", Short_Name="git", Plugin_Version="5.2.1 (private-x)")
    assert found("plugins/git.hpi", zipped(fields)) == [("org.jenkins-ci.plugins:git", "5.2.1", "")]


def test_licences_of_bundles_are_told() -> None:
    fields = manifest(Bundle_License='Apache-2.0;link="x", "MIT", <<EXTERNAL>>', Bundle_Version="1.0.0")
    assert archive.read("x.jar", zipped(fields)).records[0].licenses == ("Apache-2.0", "MIT")


def test_an_archive_deeper_than_is_read_is_a_problem() -> None:
    data = zipped(properties("org.example", "deep", "1"))
    for depth in range(MAX_DEPTH):
        data = zipped({f"n{depth}.jar": data, **properties("org.example", f"n{depth}", "1")})
    reading = archive.read("x.jar", data)
    assert len(reading.records) == MAX_DEPTH
    assert codes(reading) == ["damaged-database"]


def test_endings_that_others_use_are_left_alone() -> None:
    assert archive.read("nix/store/x.nar", b"\x0d\0\0\0nix-archive-1") == Reading()
    assert codes(archive.read("x.jar", b"<html>")) == ["damaged-database"]
    assert codes(archive.read("x.jar", b"")) == ["damaged-database"]


def test_a_broken_part_is_a_problem_beside_the_rest() -> None:
    members = properties("org.example", "x", "1") | {"META-INF/maven/a/b/pom.xml": "<project>", "lib/bad.jar": b"none"}
    reading = archive.read("x-1.jar", zipped(members))
    assert [each.name for each in reading.records] == ["org.example:x"]
    assert codes(reading) == ["damaged-database", "damaged-database"]
    assert "lib/bad.jar" in reading.problems[1].message


def test_a_version_that_nobody_filled_in_is_taken_from_elsewhere() -> None:
    data = zipped(manifest(Implementation_Version="3.1") | properties("org.example", "x", "${project.version}"))
    assert found("x.jar", data) == [("org.example:x", "3.1", "")]
