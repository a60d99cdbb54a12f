"""How long the forms of an answer take, beside its JSON: one answer of many findings, written in one run.

    python bench/formats.py [--findings N] [--times N]

The answer is synthetic: N findings of N packages in one image, with descriptions, references and scores as real ones
have them; every vulnerability is in two packages, as it is in real images on average. A tenth is suppressed.
"""

import argparse
import gc

import msgspec
from measure import Timing, alternate, call, heading, ratio, shown

from envscout.cli.commands.cves import FORMATS
from envscout.cli.outputs import writer
from envscout.cli.show.cves import Shown
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
    Layer,
    Package,
    PackageRef,
    Suppression,
)
from envscout.names.purl import build
from envscout.verbs.ask import ImageReport, Report

AT = 1_790_000_000_000_000
BAR = 2.0
HELD = ("sarif", "gitlab")
WORDS = ("critical", "high", "medium", "low", "unspecified")
LAYERS = [f"sha256:{number:064x}" for number in range(8)]
TEXT = (
    "A flaw was found in how the library parses a header of a compressed stream. A crafted stream lets an attacker who"
    " can send data to an application read beyond a buffer, which ends the process or tells parts of its memory.\n\n"
    "Applications that limit the size of what they read are not affected in the default configuration."
)


def main() -> None:
    """Measure and print."""
    wanted = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    wanted.add_argument("--findings", type=int, default=20_000, help="findings of the answer")
    wanted.add_argument("--times", type=int, default=7, help="runs of each form")
    options = wanted.parse_args()
    heading()
    # As the program does, which looks for cycles seldom.
    gc.set_threshold(50_000)
    answer = synthetic(options.findings)
    forms = {name: place for name, place in FORMATS.items() if name not in ("text", "only-packages", "sbom")}
    sizes = {name: len(_written(place, answer).encode()) for name, place in forms.items()}
    runs = [lambda place=place: call(lambda: _written(place, answer)) for place in forms.values()]
    timings: dict[str, Timing] = dict(zip(forms, alternate(options.times, *runs), strict=True))
    print(f"# {options.findings:,} findings; medians of {options.times}")
    print(f"{'form':12}{'MB':>7}   {'written in':38}of the JSON's time")
    for name, timing in timings.items():
        print(f"{name:12}{sizes[name] / 1e6:7.1f}   {shown(timing):38}{ratio(timing, timings['json'])}")
    for name in HELD:
        over = timings[name].cpu / timings["json"].cpu
        print(f"# {name}: {over:.2f} times the JSON's CPU time, bar {BAR:g}: {'met' if over <= BAR else 'NOT MET'}")


def _written(place: str, answer: Answer) -> str:
    # A copy has nothing prepared by the form before it.
    given = msgspec.structs.replace(answer) if place.startswith("formats.") else Shown(answer.report)
    return "\n".join(writer(place)(given))


def synthetic(number: int) -> Answer:
    """Return an answer of so many findings."""
    found = [_finding(each) for each in range(number)]
    held = [each for each in found if not each.suppression]
    image = Image(
        f"sha256:{1:064x}", "linux/amd64", created="2026-01-01T00:00:00Z", size=123_456_789,
        layers=tuple(Layer(each, each, "application/vnd.oci.image.layer.v1.tar+gzip", 1) for each in LAYERS),
    )  # fmt: skip
    report = ImageReport(
        image_id=1,
        image=image,
        reference="myorg/myapp:v1",
        deployment=Deployment("myorg", "production", "myorg/myapp", "", image.digest, "myorg/myapp:v1", AT),
        packages=number,
        findings=tuple(held),
        summary=vulnerabilities(held),
        coverage=Coverage(),
        suppressed=tuple(each for each in found if each.suppression),
        distribution=Distribution("debian", "12"),
    )
    packages = tuple(
        Package(each.package.type, each.package.name, each.package.version, each.package.purl, layer=each.layer)
        for each in found
    )
    inventory = Inventory(packages, Distribution("debian", "12"))
    whole = Report("production", None, AT, (report,), report.summary, report.coverage)
    return Answer(whole, AT, lambda _: (image, inventory))


def _finding(number: int) -> Finding:
    kind = ("deb", "npm", "pypi", "golang")[number % 4]
    name, version = f"library-{number}", f"1.{number % 90}.{number % 7}"
    cve = 10_000 + number // 2
    word = WORDS[number % 5]
    return Finding(
        vulnerability=f"CVE-2026-{cve}",
        package=PackageRef(build(kind, name, version, "debian" if kind == "deb" else ""), name, version, kind, name),
        severity=word,
        severity_source="CVSS 3.1 (advisory)",
        range=Affected(f">=1.0.0, <1.{number % 90 + 1}.0", "1.0.0", f"1.{number % 90 + 1}.0"),
        aliases=(f"GHSA-{number % 9999:04}-aaaa-bbbb",),
        advisories=(f"GHSA-{number % 9999:04}-aaaa-bbbb", f"DEBIAN-CVE-2026-{cve}"),
        cvss=Cvss(9.8, "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "3.1") if word != "unspecified" else None,
        epss=Epss(0.01, 0.5),
        fixed_version=f"1.{number % 90 + 1}.0" if number % 3 else None,
        layer=LAYERS[number % 8],
        locations=("/var/lib/dpkg/status",) if kind == "deb" else (f"/app/vendor/{name}/package.json",),
        cwes=("CWE-125",),
        summary=f"{name}: reads beyond a buffer while a header is parsed",
        description=TEXT,
        published=AT,
        url=f"https://nvd.nist.gov/vuln/detail/CVE-2026-{cve}",
        references=(
            f"https://github.com/example/{name}/security/advisories/GHSA-{number % 9999:04}-aaaa-bbbb",
            f"https://github.com/example/{name}/commit/0123456789abcdef0123456789abcdef01234567",
            f"https://example.org/releases/{name}",
        ),
        suppression=Suppression("exception", "accepted-risk", "an owner", "not reached") if number % 10 == 0 else None,
    )


if __name__ == "__main__":
    main()
