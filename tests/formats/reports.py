"""Answers to write: small, hostile, empty, of several images, unknown, suppressed, compared, and large."""

from collections.abc import Iterable

import msgspec

from envscout.findings.coverage import combine
from envscout.findings.merge import vulnerabilities
from envscout.formats.answer import Answer
from envscout.model import (
    Affected,
    Coverage,
    Cvss,
    Deployment,
    Distribution,
    Epss,
    Finding,
    Image,
    Inventory,
    Kev,
    Layer,
    Package,
    PackageRef,
    Reason,
    Suppression,
)
from envscout.names import bounds
from envscout.names.purl import build
from envscout.verbs.ask import ImageReport, Report

AT = 1_790_000_000_000_000
LAYER = f"sha256:{'cd' * 32}"
VECTOR = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
WORDS = ("critical", "high", "medium", "low", "unspecified")

PRINTED = "=1+1|`<script>alert('1')</script>\"]]>&lt;--> @all [x](javascript:1) #{{7}}"
EVIL = f"\x1b]0;x\x07\x00\x0b\ud800\ufffe\u202e{PRINTED}\n# h\r\t"
"""What no name should be, and any may be: each format's own special characters, and those that no format takes."""
BAD_URL = "javascript:alert(1) \"'<>\n"


def finding(number: int, kind: str = "deb", **more: object) -> Finding:
    """Return one of any number of findings; every third one is of the vulnerability of the one before it."""
    name, version = f"library{number}", f"1.{number}-1"
    purl = build(kind, name, version, "debian" if kind == "deb" else "")
    word = WORDS[number % 5]
    found = Finding(
        vulnerability=f"CVE-2026-{10000 + number - (number % 3 == 2)}",
        package=PackageRef(purl, name, version, kind, f"source{number}"),
        severity=word,
        severity_source="CVSS 3.1 (advisory)",
        range=Affected(f"<1.{number}-2", fixed=f"1.{number}-2"),
        aliases=(f"GHSA-{number:04}-aaaa-bbbb",),
        advisories=(f"DEBIAN-CVE-2026-{10000 + number}",),
        cvss=Cvss(9.8, VECTOR, "3.1") if word != "unspecified" else None,
        epss=Epss(0.5, 0.99) if number % 2 else None,
        kev=Kev("2026-01-03", "2026-02-03") if number % 7 == 0 else None,
        fixed_version=f"1.{number}-2" if number % 4 else None,
        layer=LAYER,
        locations=("/var/lib/dpkg/status",),
        cwes=("CWE-79", "CWE-0", "nothing"),
        summary=f"Words about {name}",
        description="A longer text.\n\nIt has two paragraphs.",
        published=AT - number,
        url=f"https://nvd.nist.gov/vuln/detail/CVE-2026-{10000 + number}",
        references=("https://example.org/a/b/commit/0123abc", "https://example.org/words"),
    )
    return msgspec.structs.replace(found, **more)


def hostile() -> Finding:
    """Return a finding of which no word can be trusted."""
    return Finding(
        vulnerability=EVIL,
        package=PackageRef(build("deb", PRINTED, PRINTED, "debian"), EVIL, EVIL, "deb", EVIL),
        severity="high",
        severity_source=EVIL,
        range=Affected(EVIL, EVIL, EVIL, EVIL),
        aliases=(EVIL, f"GHSA-{EVIL}"),
        advisories=(EVIL,),
        cvss=Cvss(7.5, EVIL, EVIL),
        epss=Epss(0.5, 0.9),
        kev=Kev(EVIL, EVIL),
        fixed_version=EVIL,
        layer=LAYER,
        locations=(EVIL, "/../../etc/passwd"),
        cwes=(EVIL, "CWE-1٣"),
        summary=EVIL,
        description=EVIL * 400,
        url=BAD_URL,
        references=(BAD_URL, "https://exa mple.org/", "http://[::1", "https://x.org/%zz", f"https://x.org/{EVIL}"),
    )


COMPLETE = Coverage()
UNKNOWN = Coverage(
    "unknown", (Reason("no-package-database", "No package database was found."), Reason("not-indexed", EVIL))
)
PARTIAL = Coverage("partial", (Reason("stale-feed", "The advisories are old."),))

SUPPRESSED = tuple(
    finding(number, suppression=said)
    for number, said in enumerate(
        (
            Suppression("exception", "accepted-risk", "a person", "nobody reaches it", until=AT),
            Suppression("exception", "false-positive", "a person", "not ours", "vulnerable_code_not_present", AT),
            Suppression("exception", "false-positive", EVIL, EVIL, EVIL),
            Suppression("vex", "not_affected", "a vendor", "", "inline_mitigations_already_exist", AT, None, "doc"),
            Suppression("vex", "fixed", "a vendor"),
        ),
        100,
    )
)


def image(
    number: int,
    findings: Iterable[Finding] = (),
    suppressed: Iterable[Finding] = (),
    coverage: Coverage = COMPLETE,
    name: str = "",
    **more: object,
) -> ImageReport:
    """Return the answer for one image; name: of its service and repository."""
    name = name or f"myorg/app{number}"
    digest = f"sha256:{number:064x}"
    layers = (Layer(LAYER, LAYER, "application/vnd.oci.image.layer.v1.tar+gzip", 1),)
    ran = Deployment("myorg", "production", name, "", digest, f"{name}:v1", AT, actor="somebody", source="ci")
    findings, suppressed = tuple(findings), tuple(suppressed)
    report = ImageReport(
        image_id=number,
        image=Image(digest, "linux/amd64", created="2026-01-01T00:00:00Z", size=1234, layers=layers),
        reference=f"{name}:v1",
        deployment=ran,
        packages=len({found.package.purl for found in (*findings, *suppressed)}),
        findings=findings,
        summary=vulnerabilities(findings),
        coverage=coverage,
        suppressed=suppressed,
        distribution=Distribution("debian", "12"),
    )
    return msgspec.structs.replace(report, **more)


def report(*images: ImageReport, environment: str = "production") -> Report:
    """Return the answer for several."""
    found = [each for one in images for each in one.findings]
    coverage = combine([each.coverage for each in images])
    return Report(environment, None, AT - 5, images, vulnerabilities(found), coverage)


def _name(text: str) -> str:
    """Return what a package may be called at most: an inventory takes nothing that cannot be printed."""
    return text if bounds.is_name(text) else PRINTED


def answer(*images: ImageReport, beside: Report | None = None, environment: str = "production") -> Answer:
    """Return an answer; what an image holds are the packages of its findings."""
    by_number = {each.image_id: each for each in images}

    def inventory(number: int) -> tuple[Image, Inventory]:
        held = (*by_number[number].findings, *by_number[number].suppressed)
        refs = {found.package.purl: found for found in held}
        packages = tuple(
            Package(
                ref.package.type,
                _name(ref.package.name),
                _name(ref.package.version),
                purl,
                licenses=(_name(ref.summary),),
                locations=tuple(map(_name, ref.locations)),
            )
            for purl, ref in refs.items()
        )
        return by_number[number].image, Inventory(packages, Distribution("debian", "12"))

    return Answer(report(*images, environment=environment), AT, inventory, beside)


def compared() -> Answer:
    """Return a comparison: 1 is kept, 2 and 3 are new, 4 and 5 are gone."""
    ours = image(1, map(finding, (0, 3, 6)), name="myorg/app")
    theirs = image(2, map(finding, (0, 9, 12)), name="myorg/app")
    return answer(ours, beside=report(theirs))


def large(number: int = 20_000) -> Answer:
    """Return an answer of so many findings in one image."""
    return answer(image(1, (finding(each, ("deb", "pypi")[each % 2]) for each in range(number))))


HUSHED = [msgspec.structs.replace(hostile(), suppression=Suppression(*(EVIL,) * 5, AT, AT, EVIL))]
ANSWERS = {
    "small": answer(image(1, map(finding, range(12)))),
    "hostile": answer(
        image(1, [hostile()], HUSHED, UNKNOWN, reference=EVIL, deployment=None, unassessed=((EVIL, EVIL),)),
        environment=EVIL,
    ),
    "hostiles": answer(image(1, [hostile()], reference=EVIL), image(2, [hostile()], reference=EVIL), environment=EVIL),
    "empty": answer(image(1)),
    "nothing": answer(environment=""),
    "unknown": answer(image(1, coverage=UNKNOWN, unassessed=(("bash", "CVE-2026-1"),))),
    "several": answer(
        image(1, map(finding, range(5))),
        image(2, map(finding, range(3, 9)), coverage=PARTIAL),
        image(3, coverage=UNKNOWN),
    ),
    "suppressed": answer(image(1, [finding(1)], SUPPRESSED)),
    "compared": compared(),
    "ended": answer(image(1, [finding(1)]), beside=report(image(2, [finding(5)]), image(3, [finding(6)]))),
}  # fmt: skip
