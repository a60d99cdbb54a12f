"""What exceptions and VEX cost: an environment of a large fleet asked about without them, and with many.

    python bench/suppress.py [--work FOLDER] [--scale 0.05] [--times N] [--exceptions 5000] [--statements 20000]

Builds the fleet of bench/synthetic.py once, as bench/fleet.py does, and asks for the findings of its largest
environment: with nothing said; with exceptions, a fifth of them for everywhere and the others for one service each;
with a VEX document whose statements are about images of it, one each. CPU time, median.
"""

import argparse
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import synthetic
from measure import Timing, alternate, call, heading
from shape import Sizes

from envscout.findings.heeding import Heed
from envscout.model import Product, Statement
from envscout.store import Database
from envscout.store.deployments import Scope
from envscout.verbs import ask


def main() -> None:
    """Build the fleet where it is not there yet, measure, print."""
    wanted = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    wanted.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "envscout-bench", help="kept fleet")
    wanted.add_argument("--scale", type=float, default=0.05, help="size, 1 = 20,000 images")
    wanted.add_argument("--times", type=int, default=5, help="runs of each question")
    wanted.add_argument("--exceptions", type=int, default=5_000)
    wanted.add_argument("--statements", type=int, default=20_000)
    options = wanted.parse_args()
    heading()
    options.work.mkdir(parents=True, exist_ok=True)
    path = options.work / f"fleet-{synthetic.edition()}-{options.scale:g}.db"
    if not path.exists():
        synthetic.build(path, Sizes() if options.scale == 1 else Sizes().scaled(options.scale))
    with Database(path) as database:
        _measure(database, options)


def _measure(database: Database, options: argparse.Namespace) -> None:
    largest = max(ask.environments(database, Scope()), key=lambda row: row.images)
    scope = Scope(largest.organization, largest.name)
    plain = ask.of_environment(database, scope, ask.Question())
    print(f"# {len(plain.images):,} images, {sum(len(each.findings) for each in plain.images):,} findings")
    said = {
        "nothing said": (),
        f"{options.exceptions:,} exceptions": tuple(_exceptions(plain, options.exceptions)),
        f"{options.statements:,} VEX statements": tuple(_vex(plain, options.statements)),
    }

    def asked(statements: tuple[Statement, ...]) -> Timing:
        question = ask.Question(heed=Heed(statements=statements))
        return call(lambda: ask.of_environment(database, scope, question))

    found = alternate(options.times, *(lambda each=each: asked(each) for each in said.values()))
    for (label, statements), timing in zip(said.items(), found, strict=True):
        report = ask.of_environment(database, scope, ask.Question(heed=Heed(statements=statements)))
        hushed = sum(len(each.suppressed) for each in report.images)
        extra = f"{(timing.cpu - found[0].cpu) * 1000:+8.0f} ms"
        print(f"{label:28}{timing.cpu * 1000:8.0f} ms {extra}  {hushed:,} suppressed")


def _exceptions(report: ask.Report, count: int) -> Iterator[Statement]:
    chance = random.Random(1)
    held = [each for each in report.images if each.findings]
    for number in range(count):
        image = chance.choice(held)
        finding = chance.choice(image.findings)
        service = "" if number % 5 == 0 or image.deployment is None else image.deployment.service
        product = Product(service=service, packages=(finding.package.name,))
        yield Statement("exception", "accepted-risk", (finding.vulnerability,), (product,), at=1, where=str(number))


def _vex(report: ask.Report, count: int) -> Iterator[Statement]:
    chance = random.Random(2)
    held = [each for each in report.images if each.findings]
    for _ in range(count):
        image = chance.choice(held)
        finding = chance.choice(image.findings)
        product = Product(digest=image.image.digest, packages=(finding.package.purl,))
        yield Statement("vex", "not_affected", (finding.vulnerability,), (product,), at=1, place="location")


if __name__ == "__main__":
    main()
