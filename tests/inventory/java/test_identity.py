"""What an archive is called where Maven left nothing in it: names of files, manifests and the rules of groups."""

import pytest

from envscout.inventory.java import filename, identity, known, manifest
from envscout.inventory.java.pom import Coordinates

NAMES = """
guava-31.1-jre                          guava                            31.1-jre
log4j-1.2-api-2.17.1                    log4j-1.2-api                    2.17.1
log4j-1.2-api                           log4j-1.2-api
spark-core_2.12-3.5.3                   spark-core_2.12                  3.5.3
netty-tcnative-2.0.61.Final-linux-x86_64  netty-tcnative                 2.0.61.Final
org.eclipse.osgi_3.18.100.v2022-1604    org.eclipse.osgi                 3.18.100.v2022-1604
foo-1.0-SNAPSHOT                        foo                              1.0-SNAPSHOT
foo-1.0-20240102.030405-7-sources       foo                              1.0-SNAPSHOT
tabula-1.0.5-jar-with-dependencies      tabula                           1.0.5
zstd-jni-1.5.5-4                        zstd-jni                         1.5.5-4
json4s-ast_2.12-3.7.0-M11               json4s-ast_2.12                  3.7.0-M11
bcprov-jdk18on-1.71                     bcprov-jdk18on                   1.71
json-20230227                           json                             20230227
geronimo-jta_1.1_spec-1.1.1             geronimo-jta_1.1_spec            1.1.1
commons-io                              commons-io
-1.0                                    -1.0
1.0                                     1.0
"""
# Fields of a manifest, the file's name, and the group.
GROUPS = [
    ({"implementation-title": "io.reactivex#rxjava;1.2.1"}, "rxjava-1.2.1", "io.reactivex"),
    ({"implementation-vendor-id": "org.json4s"}, "json4s-ast_2.12-3.7.0", "org.json4s"),
    ({"implementation-vendor-id": "org.example"}, "x-1", "org.example"),
    ({"implementation-vendor-id": "org.apache"}, "x-1", ""),
    ({"implementation-vendor-id": "The Apache Software Foundation"}, "x-1", ""),
    ({"implementation-vendor-id": "com.mysql"}, "mysql-connector-java-8.0.21", "mysql"),
    ({"bundle-symbolicname": "org.apache.commons.io"}, "commons-io-2.11.0", "commons-io"),
    ({"bundle-symbolicname": "org.jodd.core"}, "jodd-core-3.5.2", "org.jodd"),
    ({"bundle-symbolicname": "org.example.some-thing;singleton:=true"}, "some-thing-1", "org.example"),
    ({"bundle-symbolicname": "jakarta.foo-api"}, "jakarta.foo-api-1", "jakarta.foo"),
    ({"bundle-symbolicname": "slf4j.api"}, "slf4j-api-2.0.7", "org.slf4j"),
    ({"bundle-symbolicname": "some"}, "some-1", ""),
    ({}, "okhttp", "com.squareup.okhttp3"),
    ({"bundle-symbolicname": "org.apache.tomcat-catalina"}, "catalina", "org.apache.tomcat"),
    ({"implementation-vendor-id": "org.other", "implementation-version": "1.1.1"}, "x-3.3.4", ""),
    ({"group-id": "org.jenkins-ci.plugins", "short-name": "git"}, "git", "org.jenkins-ci.plugins"),
    ({"implementation-title": "spring-web"}, "spring-web-5.3.27", "org.springframework"),
    ({}, "spring-security-core-5.8.1", "org.springframework.security"),
    ({}, "groovy-json-2.4.21", "org.codehaus.groovy"),
    ({}, "groovy-json-4.0.8", "org.apache.groovy"),
    ({}, "asm-3.1", "asm"),
    ({}, "asm-9.3", "org.ow2.asm"),
    ({}, "config-1.0", ""),
]  # fmt: skip
VERSIONS = [
    ({"implementation-version": "8.11.2 17dee71932 - mdrob"}, "8.11.2"),
    ({"implementation-version": "private-1"}, ""),
    ({"bundle-version": "2.12.18.v20230518-020143-VFINAL"}, "2.12.18"),
    ({"bundle-version": "1.2.3.SNAPSHOT"}, "1.2.3-SNAPSHOT"),
    ({"bundle-version": "3.3.0", "implementation-version": "3.3"}, "3.3"),
    ({"specification-version": "1.1"}, "1.1"),
]


@pytest.mark.parametrize("line", NAMES.strip().splitlines(), ids=lambda line: line.split()[0])
def test_names_of_files_are_parted(line: str) -> None:
    stem, artifact, *version = line.split()
    assert filename.parse(f"lib/{stem}.jar") == (artifact, version[0] if version else "", True)


@pytest.mark.parametrize(("fields", "stem", "expected"), GROUPS)
def test_groups_are_told_by_rules(fields: manifest.Manifest, stem: str, expected: str) -> None:
    assert identity.described(fields, filename.parse(f"{stem}.jar")).group == expected


@pytest.mark.parametrize(("fields", "expected"), VERSIONS)
def test_versions_of_manifests(fields: manifest.Manifest, expected: str) -> None:
    assert identity.version(fields) == expected


@pytest.mark.parametrize(
    ("fields", "stem", "expected"),
    [
        ({"bundle-symbolicname": "org.apache.tomcat-catalina"}, "catalina", "tomcat-catalina"),
        ({"bundle-symbolicname": "org.apache.tomcat-catalina"}, "tomcat10-catalina-10.1.60", "tomcat-catalina"),
        ({"implementation-title": "spring-core"}, "spring3-core-3.x", "spring-core"),
        ({"implementation-title": "shop"}, "app", "shop"),
        ({"implementation-title": "The Shop"}, "app", "app"),
        ({"implementation-version": "2.3.9"}, "hive-shims-0.23-2.3.9", "hive-shims-0.23"),
    ],
)
def test_names_that_manifests_know_better(fields: manifest.Manifest, stem: str, expected: str) -> None:
    assert identity.described(fields, filename.parse(f"{stem}.jar")).artifact == expected


def test_a_continued_line_is_one_and_sections_of_entries_do_not_count() -> None:
    main = b"Bundle-Symbol\r\n icName: org.exam\r\n ple.x\r\nBUNDLE-VERSION: 1\r\n"
    assert manifest.parse(main + b"\r\nName: a\r\nImplementation-Title: b\r\n") == {
        "bundle-symbolicname": "org.example.x",
        "bundle-version": "1",
    }


def test_own_coordinates_are_those_of_the_name() -> None:
    poms = [Coordinates("g", "a", "1"), Coordinates("g", "a-b", "1"), Coordinates("h", "c", "1")]
    assert identity.own(poms, {}, filename.parse("a-b-1.jar")) == poms[1]
    assert identity.own(poms, {"implementation-title": "c"}, filename.parse("z.jar")) == poms[2]
    assert identity.own(poms, {}, filename.parse("z.jar")) is None
    assert identity.own(poms[:1], {"implementation-version": "9"}, filename.parse("z.jar")) is None
    assert identity.own(
        [Coordinates("g", "jetty-http", "1")], {"bundle-version": "9"}, filename.parse("jetty9-http.jar")
    )


def test_known_names_are_known_once_for_any_version() -> None:
    rows = [(name, since) for table in known.tables() for name, groups in table.items() for since, _ in groups]
    assert len(rows) == len(set(rows))
