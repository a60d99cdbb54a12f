"""Applications with descriptions of their own: real files, made-up ones, and what describes nothing."""

import struct
from types import ModuleType

import pytest

from envscout.inventory import build
from envscout.inventory.applications import bitnami, kernel, wordpress
from envscout.inventory.select import selector
from tests.inventory.files import file
from tests.inventory.fixtures import fixture

PLUGINS = "var/www/html/wp-content/plugins/"
BITNAMI = "opt/bitnami/"
MODULES = "usr/lib/modules/6.1.0-56-amd64/"
PURL = "pkg:bitnami/"
DEBIAN_12 = "?arch=arm64&distro=debian-12"
REAL = [
    (wordpress, "soil.php", PLUGINS + "soil/soil.php", ["pkg:wordpress-plugin/soil@4.0.6"]),
    (bitnami, "redis.spdx", BITNAMI + "redis/.spdx-redis.spdx", [f"{PURL}redis@7.4.1-0{DEBIAN_12}"]),
    (bitnami, "postgresql.spdx", BITNAMI + "postgresql/.spdx-postgresql.spdx",
     [f"{PURL}gdal@3.10.1{DEBIAN_12}", f"{PURL}postgresql@17.2.0-8{DEBIAN_12}",
      "pkg:maven/org.postgresql/pljava@1.6.8"]),
    (bitnami, "bitnami_components.json", BITNAMI + ".bitnami_components.json",
     [f"{PURL}gosu@1.14.0-1?arch=amd64&distro=debian-10", f"{PURL}mongodb@4.4.11-2?arch=amd64&distro=debian-10"]),
    (kernel, "module.ko", MODULES + "extra/envscout-test.ko",
     ["pkg:linux-kernel-module/envscout_test@1.2.3?kernel=6.1.0-56-amd64"]),
]  # fmt: skip
HEADERS = [
    ("a/a.php", b"<?php\n# Plugin Name: A\n# Version: 1.0\n", [("wordpress-plugin", "a", "1.0")]),
    ("a.php", b"<?php /* Plugin Name: A */\n/* Version: 2 */", [("wordpress-plugin", "a", "2")]),
    ("a/a.php", b"<?php\r/*\r * plugin name: A\r * version: 3\r */", [("wordpress-plugin", "a", "3")]),
    ("a/a.php", b"<?php\n/* Plugin Name: A */\n", [("wordpress-plugin", "a", "")]),
    ("a/a.php", b"<?php\n/* Version: 1.0 */\n", []),
    ("a/a.php", b"<?php\n$x = 'Plugin Name: A';\n", []),
    ("a/a.php", b"<?php\n" + b" " * 9000 + b"\n/* Plugin Name: A\nVersion: 1 */", []),
    ("../themes/t/style.css", b"/*\nTheme Name: T\nVersion: 1.1\nLicense: MIT\n*/", [("wordpress-theme", "t", "1.1")]),
]


@pytest.mark.parametrize(("module", "name", "path", "expected"), REAL)
def test_a_real_file_becomes_packages(module: ModuleType, name: str, path: str, expected: list[str]) -> None:
    row = selector(projects=False).row(path)
    assert row
    assert row.read is module.read
    assert [each.purl for each in build([file(path, fixture("applications", name))]).packages] == expected


@pytest.mark.parametrize(("name", "data", "expected"), HEADERS)
def test_headers_of_wordpress(name: str, data: bytes, expected: list[tuple[str, str, str]]) -> None:
    path = ("wp-content/plugins/" + name).replace("plugins/../", "")
    assert [(each.type, each.name, each.version) for each in wordpress.read(path, data).records] == expected


def test_wordpress_itself_is_told_by_its_version_file() -> None:
    reading = wordpress.read("srv/wp-includes/version.php", b"<?php\n/**\n * @global\n */\n$wp_version = '6.1.9';\n")
    assert [(each.name, each.version) for each in reading.records] == [("wordpress", "6.1.9")]
    assert not wordpress.read("srv/wp-includes/version.php", b"<?php\n").records


@pytest.mark.parametrize("data", [b"", b"{", b"{}", b'{"packages":[7]}', b"PackageName: redis\n", b"\xff\xfe"])
def test_a_broken_document_of_bitnami_is_a_problem(data: bytes) -> None:
    reading = bitnami.read(BITNAMI + "redis/.spdx-redis.spdx", data)
    assert not reading.records
    assert reading.problems


def test_packages_of_a_distribution_in_a_document_of_bitnami_are_left_to_its_database() -> None:
    data = b"ExternalRef: PACKAGE-MANAGER purl pkg:deb/debian/bash@5\n"
    assert not bitnami.read(BITNAMI + "x/.spdx-x.spdx", data).records


def bz_image(release: bytes) -> bytes:
    """Return the beginning of a kernel image with this release, laid out as the x86 boot protocol says."""
    setup = bytearray(0x300)
    setup[0x202:0x206] = b"HdrS"
    setup[0x20E:0x210] = struct.pack("<H", 0x80)
    return bytes(setup[:0x280]) + release


@pytest.mark.parametrize(
    ("path", "data", "expected"),
    [
        ("boot/vmlinuz-6.1.0", bz_image(b"6.1.0-56-amd64 (a@b) #1 SMP\0"), ["6.1.0-56-amd64"]),
        (MODULES + "modules.builtin", b"", ["6.1.0-56-amd64"]),
        ("boot/vmlinuz-6.1.0", bz_image(b"\0"), []),
        ("boot/vmlinuz-6.1.0", bz_image(b"6" * 1000), []),
        ("boot/vmlinuz-6.1.0", b"HdrS", []),
        ("boot/vmlinuz-6.1.0", b"", []),
    ],
)
def test_kernels(path: str, data: bytes, expected: list[str]) -> None:
    reading = kernel.read(path, data)
    assert [each.version for each in reading.records] == expected
    assert all(each.name == "linux-kernel" for each in reading.records)


def elf(order: str, wide: bool, info: bytes) -> bytes:
    """Return an ELF file of either class and byte order with a section `.modinfo`."""
    names = b"\0.modinfo\0.shstrtab\0"
    header = struct.Struct(f"{order}16sHHI{'QQQ' if wide else 'III'}IHHHHHH")
    entry = struct.Struct(f"{order}II{'QQQQ' if wide else 'IIII'}II{'QQ' if wide else 'II'}")
    start = header.size + len(info) + len(names)
    ident = b"\x7fELF" + bytes([1 + wide, 1 if order == "<" else 2, 1]) + bytes(9)
    first = header.pack(ident, 1, 0, 1, 0, 0, start, 0, header.size, 0, 0, entry.size, 3, 2)
    sections = [
        entry.pack(*[0] * 10),
        entry.pack(1, 1, 0, 0, header.size, len(info), 0, 0, 1, 0),
        entry.pack(10, 3, 0, 0, header.size + len(info), len(names), 0, 0, 1, 0),
    ]
    return first + info + names + b"".join(sections)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("wide", [False, True])
def test_modules_of_either_class_and_byte_order(order: str, wide: bool) -> None:
    data = elf(order, wide, b"license=MIT\0version=2.0\0version=1.0\0")
    reading = kernel.read("lib/modules/6/kernel/my-module.ko", data)
    assert [(each.name, each.version, each.licenses) for each in reading.records] == [("my_module", "2.0", ("MIT",))]


def test_a_module_without_a_version_is_part_of_its_kernel() -> None:
    reading = kernel.read("lib/modules/6/kernel/a.ko", elf("<", True, b"license=GPL\0name=a\0"))
    assert not reading.records
    assert not reading.problems


def test_a_cut_or_foreign_module_is_a_problem() -> None:
    whole = fixture("applications", "module.ko")
    for data in (b"", b"\x7fELF", whole[:70], whole[: len(whole) - 100], b"MZ" * 100):
        reading = kernel.read("lib/modules/6/kernel/a.ko", data)
        assert not reading.records
        assert reading.problems


def test_a_text_in_korean_is_no_module() -> None:
    reading = kernel.read("usr/share/vim/vim90/tutor/tutor.ko", "안녕".encode())
    assert not reading.records
    assert not reading.problems
