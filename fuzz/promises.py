"""What must hold of everything that was read, whoever wrote it. A promise that is broken raises Broken."""

import re

import msgspec

from envscout.inventory import build
from envscout.inventory.keeping import DISTRIBUTED, pack, unpack
from envscout.inventory.record import Claim, Reading, Record
from envscout.model import Content, File, Inventory, Package, Problem, Product, Statement
from envscout.model.statement import JUSTIFICATIONS, STATUSES
from envscout.names import bounds, purl

RELEASE = b'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n'
MAX_MESSAGE = 2000
"""Characters of a problem's message beyond its path."""

MAX_TEXT = 4096
_CODE = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_SUMS = frozenset({"", "md5", "sha1", "sha256"})
_LOOKED_AT = 200
"""Packages of one input whose package URL is read back; all of them would take longer than the reading itself."""


class Broken(Exception):
    """A promise that was not kept; the text says which, without the input's own words."""


def check(promise: object, what: str) -> None:
    """Raise Broken unless it holds."""
    if not promise:
        raise Broken(what)


def of_reading(path: str, data: bytes, reading: Reading, types: tuple[str, ...] = ()) -> None:
    """Check a reading, what is kept of it, and what an image becomes that holds nothing else but a release file.

    types: the purl types that its cataloguer is for.
    """
    check(isinstance(reading, Reading), "a reading is a Reading")
    for record in reading.records:
        _of_record(record)
        check(record.type not in DISTRIBUTED or record.type in types, "only its own database lists a distribution's")
    for claim in reading.claims:
        _of_claim(claim)
    for problem in reading.problems:
        of_problem(problem, path)
    kept = pack(path, data, reading)
    again = unpack(kept)
    check((again.records, again.problems, again.claims) == (reading.records, reading.problems, reading.claims), "kept")
    of_kept(path, kept)


def of_kept(path: str, kept: bytes) -> None:
    """Check that what is kept of a file folds into an inventory."""
    of_inventory(build([_file(path, kept)]), path)
    if any(record.type in DISTRIBUTED for record in unpack(kept).records):
        release = pack("etc/os-release", RELEASE, _release(RELEASE))
        of_inventory(build([_file("etc/os-release", release), _file(path, kept)]), path)


def of_inventory(inventory: Inventory, path: str = "") -> None:
    """Check packages and problems of an inventory."""
    for package in inventory.packages:
        _of_package(package)
    for package in inventory.packages[:_LOOKED_AT]:
        check(purl.parse(package.purl).type == package.type, "a package URL can be read back")
    for problem in inventory.problems:
        of_problem(problem, path)


def of_problem(problem: Problem, path: str = "") -> None:
    """Check that a problem can be told to machines and people. path: may be as long as it is."""
    check(_CODE.fullmatch(problem.code), "a problem's code is in kebab case")
    check(problem.message, "a problem says something")
    check(len(problem.message) <= MAX_MESSAGE + 4 * len(path), f"the message of {problem.code} is short")
    check(len(problem.where) <= MAX_TEXT + 4 * len(path), f"the place of {problem.code} is short")


def of_statement(statement: Statement) -> None:
    """Check that a statement can be looked up, shown and kept, and that it never means everything."""
    check(statement.kind in STATUSES, "a statement says what VEX can say")
    check(statement.names and all(each.isprintable() for each in statement.names), "a statement names a vulnerability")
    check(statement.products and Product() not in statement.products, "a statement is about something")
    check(statement.justification in ("", *JUSTIFICATIONS), "a justification is one of OpenVEX's")
    check(0 <= statement.at < 1 << 62, "a moment fits the store")
    texts = (statement.who, statement.why, statement.where, *statement.names)
    check(all(len(each) <= MAX_MESSAGE for each in texts), "texts of a statement are short")
    check(msgspec.msgpack.decode(msgspec.msgpack.encode(statement), type=Statement) == statement, "it can be kept")


def _of_record(record: Record) -> None:
    check(bounds.is_name(record.name), "a name is short and printable")
    check(not record.version or bounds.is_version(record.version), "a version is short and printable")
    check(bounds.is_name(record.source_name), "a source's name is short and printable")
    check(not record.source_version or bounds.is_version(record.source_version), "a source's version is usable")
    check(all(text.isprintable() for text in (record.architecture, record.inside, *record.licenses)), "texts print")
    check(all(key and value.isprintable() for key, value in record.qualifiers), "qualifiers print")
    check(len(record.inside) <= 8 * MAX_TEXT and len(record.architecture) <= MAX_TEXT, "texts of a record are short")


def _of_claim(claim: Claim) -> None:
    check(claim.algorithm in _SUMS, "a claim names an algorithm that is computed")
    check(not claim.path.startswith("/"), "a claimed path has no leading slash")


def _of_package(package: Package) -> None:
    check(package.name and package.name.isprintable(), "a package has a printable name")
    check(package.version.isprintable(), "a package has a printable version")
    check(package.purl.isprintable() and package.purl.startswith("pkg:"), "a package has a printable URL")


def _file(path: str, kept: bytes) -> File:
    return File(path, (Content("sha256:" + "0" * 64, kept),))


def _release(data: bytes) -> Reading:
    from envscout.inventory import os_release

    return os_release.read("etc/os-release", data)
