"""A synthetic fleet in a store of envscout's own making: as large as a big company's, the same at every building.

Sizes at scale 1: 57,000 names that can be installed and 68,000 that only advisories know, 187,392 packages, 25,600 sets
with 1.4 million links, 20,000 images of some 310 packages, 513,000 advisories with 1.5 million ranges (3,000 of them
for `linux` in every release of a distribution), 50 environments of 400 services, 227,000 deployments. Popularity
follows Zipf's law; popular packages have more advisories, loosely. Rows are written in bulk, past the product's verbs,
so that it takes a minute or two; the tables are the product's.
"""

import functools
import hashlib
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import msgspec
from shape import FEEDS, POSITIONS, RELEASE_COUNT, Pool, Sizes, name_of, pools, version
from sql import queries

from envscout import store
from envscout.model import Distribution, Image, Layer
from envscout.store import FOREVER, Connection, Database
from envscout.versions import HIGHEST, LOWEST, key

START = 1_700_000_000_000_000
YEAR = 365 * 86_400 * 1_000_000
"""Microseconds: when the fleet's history begins (since 1970 UTC), and how long it is."""

_SQL = queries("synthetic")
_MIGRATIONS = sorted(Path(store.__file__).parent.glob("migrations/*.sql"))
_TEXT = "A remote attacker can send a crafted message that is copied into a buffer that is too small for it. " * 3
_encode = msgspec.json.encode


def edition() -> str:
    """Return what changes with the tables and with what is written into them: a fleet of another edition is no use."""
    here = Path(__file__).parent
    parts = [here / "shape.py", here / "synthetic.py", here / "synthetic.sql", *_MIGRATIONS]
    return hashlib.sha256(b"".join(part.read_bytes() for part in parts)).hexdigest()[:8]


def build(path: Path, sizes: Sizes) -> None:
    """Build the fleet into a new store at path; a building that was broken off leaves nothing there."""
    unfinished = path.with_suffix(".part")
    unfinished.unlink(missing_ok=True)
    with Database(unfinished) as database:
        connection = database.connection
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -1000000")
        with database.write():
            _write(connection, sizes)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    unfinished.rename(path)


def _write(connection: Connection, sizes: Sizes) -> None:
    def put(query: str, rows: Iterable[Sequence[Any]]) -> None:
        connection.executemany(_SQL[query], rows)

    # One generator, drawn from in one order: every building gives the same fleet.
    chance = random.Random(20_000)
    ecosystems = pools(sizes)
    keys = _Keys()
    for pool in ecosystems:
        rows = ((pool.first + rank, pool.ecosystem, name_of(pool, rank), pool.scheme) for rank in range(pool.size))
        put("name", rows)
    malware = ecosystems[-1].first + ecosystems[-1].size
    put("name", ((malware + number, "npm", f"malware-{number}", "semver") for number in range(sizes.malware)))
    by_name = _packages(put, chance, ecosystems, sizes, keys)
    _images(put, chance, ecosystems, by_name, sizes)
    connection.execute(_SQL["set_packages"])
    _advisories(put, chance, ecosystems, malware, sizes, keys)
    _deployments(put, chance, sizes)
    connection.execute(_SQL["finding"], {"at": START})


class _Keys(dict[tuple[str, int], bytes]):
    """Byte keys of versions, each made once."""

    def __missing__(self, place: tuple[str, int]) -> bytes:
        found = key(place[0], version(*place))
        assert found is not None
        self[place] = found
        return found


Put = Callable[[str, Iterable[Sequence[Any]]], None]


def _zipf(count: int, exponent: float, flat: int = 5) -> list[float]:
    """Return cumulative weights of ranks."""
    return list(accumulate((rank + flat) ** -exponent for rank in range(count)))


def _packages(
    put: Put, chance: random.Random, ecosystems: Sequence[Pool], sizes: Sizes, keys: _Keys
) -> dict[int, list[int]]:
    """Write the packages and a component for each; return package numbers by name number."""
    places = [(pool, rank) for pool in ecosystems for rank in range(pool.size)]
    weights = list(accumulate((rank + 30) ** -0.1 for _, rank in places))
    # What is installed is mostly near the newest.
    chosen = {(place, int(POSITIONS * chance.random() ** 0.133)) for place in range(len(places))}
    while len(chosen) < sizes.packages:
        (place,) = chance.choices(range(len(places)), cum_weights=weights)
        chosen.add((place, int(POSITIONS * chance.random() ** 0.133)))
    by_name: dict[int, list[int]] = {}
    packages, components = [], []
    for number, (place, position) in enumerate(sorted(chosen), 1):
        pool, rank = places[place]
        name, text = name_of(pool, rank), version(pool.scheme, position)
        by_name.setdefault(pool.first + rank, []).append(number)
        packages.append((number, pool.first + rank, text, keys[pool.scheme, position]))
        purl = f"pkg:{pool.type}/{name}@{text}"
        if pool.distribution is not None:
            os = pool.distribution
            purl = f"pkg:{pool.type}/{os.id}/{name}@{text}?arch=amd64&distro={os.id}-{os.version}"
        components.append((number, number.to_bytes(16, "big"), number, purl, pool.type, name, text, name, text))
    put("package", packages)
    put("component", components)
    return by_name


def _images(
    put: Put, chance: random.Random, ecosystems: Sequence[Pool], by_name: dict[int, list[int]], sizes: Sizes
) -> None:
    """Write sets and images: of three layers each, two of them shared with others."""
    releases, languages = ecosystems[:RELEASE_COUNT], ecosystems[RELEASE_COUNT:]
    members: list[list[int]] = []
    for pool in releases:
        members += [_draw(chance, pool, by_name, 0, 140) for _ in range(sizes.bases)]
    for pool in releases:
        members += [_draw(chance, pool, by_name, 1, 137) for _ in range(sizes.middles)]
    homes = [(chance.randrange(RELEASE_COUNT), chance.choice(languages)) for _ in range(sizes.services)]
    base, middle = _zipf(sizes.bases, 1.0), _zipf(sizes.middles, 0.8)
    images, links = [], []
    for number in range(1, sizes.images + 1):
        release, language = homes[number % sizes.services]
        members.append(_draw(chance, language, by_name, None, 33))
        used = (
            release * sizes.bases + chance.choices(range(sizes.bases), cum_weights=base)[0] + 1,
            RELEASE_COUNT * sizes.bases + release * sizes.middles
            + chance.choices(range(sizes.middles), cum_weights=middle)[0] + 1,
            len(members),
        )  # fmt: skip
        links += [(number, each, digest("layer", each)) for each in used]
        images.append(_image(number, used, releases[release].distribution))
    put("set", ((number, number.to_bytes(16, "big")) for number in range(1, len(members) + 1)))
    put(
        "set_component",
        ((number, package, "") for number, packages in enumerate(members, 1) for package in sorted(packages)),
    )
    put("image", images)
    put("image_set", links)


def _draw(
    chance: random.Random, pool: Pool, by_name: dict[int, list[int]], parity: int | None, count: int
) -> list[int]:
    """Return packages of different names; parity keeps what two layers draw from apart."""
    ranks = range(pool.size) if parity is None else range(parity, pool.size, 2)
    weights = _weights(len(ranks))
    chosen: set[int] = set()
    while len(chosen) < min(count, len(ranks) // 2):
        chosen.update(chance.choices(ranks, cum_weights=weights, k=count - len(chosen)))
    return [chance.choice(by_name[pool.first + rank]) for rank in sorted(chosen)]


@functools.cache
def _weights(count: int) -> list[float]:
    return _zipf(count, 0.9)


def digest(kind: str, number: int) -> str:
    """Return the digest of the image, layer or blob of a number."""
    return "sha256:" + hashlib.sha256(f"{kind} {number}".encode()).hexdigest()


def _image(number: int, used: Iterable[int], distribution: Distribution | None) -> tuple[Any, ...]:
    media = "application/vnd.oci.image.layer.v1.tar+gzip"
    layers = tuple(Layer(digest("blob", each), digest("layer", each), media, 30_000_000) for each in used)
    image = Image(digest("image", number), "linux/amd64", size=90_000_000, layers=layers)
    return number, image.digest, _encode(image).decode(), START, _encode(distribution).decode()


class _Advisories:
    """Advisories on their way into the store."""

    def __init__(self, put: Put, keys: _Keys, chance: random.Random) -> None:
        self._put = put
        self._keys = keys
        self._chance = chance
        self.count = 0
        self.ranges: list[tuple[Any, ...]] = []

    def write(self, feed: int, ids: Iterable[tuple[str, str]], vulnerability: int) -> int:
        """Write records of one feed, given their ids and the vulnerabilities they speak of; return the first number.

        vulnerability: number of the first one.
        """
        first = self.count + 1
        records, aliases = [], []
        for number, (id_, name) in enumerate(ids, first):
            grade = self._chance.choice(("critical", "high", "medium", "medium", "low"))
            moment = START - self._chance.randrange(YEAR)
            vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
            text = f"Overflow in a parser, {id_}"
            records.append(
                (
                    number,
                    feed,
                    id_,
                    number.to_bytes(16, "big"),
                    moment,
                    moment,
                    grade,
                    vector,
                    9.8,
                    text,
                    _TEXT,
                    id_ != name,
                    START,
                )
            )
            if id_ != name:
                aliases.append((number, name))
        self._put("advisory", records)
        self._put("alias", aliases)
        self._put("advisory_vulnerability", ((number, vulnerability + number - first) for number, *_ in records))
        self.count += len(records)
        return first

    def range(self, pool: Pool, rank: int, advisory: int, begin: int | None, end: int | None) -> None:
        """Add a range; None: without beginning, without end."""
        lo = LOWEST if begin is None else self._keys[pool.scheme, begin]
        hi = HIGHEST if end is None else self._keys[pool.scheme, end]
        low = "" if begin is None else version(pool.scheme, begin)
        fixed = "" if end is None else version(pool.scheme, end)
        self.ranges.append((pool.first + rank, hi, lo, advisory, START, FOREVER, low, fixed))


def _advisories(
    put: Put, chance: random.Random, ecosystems: Sequence[Pool], malware: int, sizes: Sizes, keys: _Keys
) -> None:
    put("feed", ((number, f"osv:{name}", f"{name}/all.zip") for number, name in enumerate(FEEDS, 1)))
    put("feed_run", ((number, START, START, 1, START, 1) for number, _ in enumerate(FEEDS, 1)))
    put("feed_ecosystem", ((pool.feed, pool.ecosystem, START, FOREVER) for pool in ecosystems))
    cves = [f"CVE-2024-{number}" for number in range(10_000, 10_000 + sizes.cves)]
    others = [f"CVE-2025-{number}" for number in range(10_000, 10_000 + sizes.language)]
    bad = [f"MAL-2025-{number}" for number in range(sizes.malware)]
    put("vulnerability", enumerate((*cves, *others, *bad), 1))
    found = _Advisories(put, keys, chance)
    _of_distributions(found, chance, ecosystems[:RELEASE_COUNT], cves, sizes)
    _of_languages(found, chance, ecosystems[RELEASE_COUNT:], others, len(cves) + 1)
    first = found.write(4, ((name, name) for name in bad), len(cves) + len(others) + 1)
    found.ranges += [
        (malware + number, HIGHEST, LOWEST, first + number, START, FOREVER, "", "") for number in range(len(bad))
    ]
    found.ranges.sort()
    put("vrange", found.ranges)


def _of_distributions(
    found: _Advisories, chance: random.Random, releases: Sequence[Pool], cves: Sequence[str], sizes: Sizes
) -> None:
    """Each CVE is of one source package, with a record by each distribution and a range in each of its releases."""
    weights = _zipf(sizes.distribution - 1, 0.1, 20)
    drawn = chance.choices(range(1, sizes.distribution), cum_weights=weights, k=max(0, sizes.cves - sizes.linux))
    subjects = [(rank, chance.random()) for rank in [0] * sizes.linux + drawn]
    for feed in (1, 2, 3):
        prefix = FEEDS[feed - 1].upper()
        first = found.write(feed, ((f"{prefix}-{name}", name) for name in cves), 1)
        for advisory, (rank, age) in enumerate(subjects, first):
            for pool in releases:
                if pool.feed == feed:
                    _one(found, chance, pool, rank, advisory, age)


def _one(found: _Advisories, chance: random.Random, pool: Pool, rank: int, advisory: int, age: float) -> None:
    end = int(POSITIONS * min(0.9999, max(0.01, age + chance.uniform(-0.05, 0.05))))
    begin = None if chance.random() < 0.75 else int(end * chance.random())
    found.range(pool, rank, advisory, begin, None if chance.random() < 0.01 else end)


def _of_languages(
    found: _Advisories, chance: random.Random, languages: Sequence[Pool], names: Sequence[str], vulnerability: int
) -> None:
    """Each record is of one package, with a range for each branch that was mended; ranges may overlap."""
    total = sum(pool.size for pool in languages)
    begin = 0
    for pool in languages:
        mine = names[begin : begin + len(names) * pool.size // total]
        first = found.write(pool.feed, ((f"GHSA-{name[4:]}", name) for name in mine), vulnerability + begin)
        begin += len(mine)
        ranks = chance.choices(range(pool.size), cum_weights=_zipf(pool.size, 0.1, 20), k=len(mine))
        for advisory, rank in enumerate(ranks, first):
            age = chance.random()
            for _ in range(chance.randint(1, 4)):
                _one(found, chance, pool, rank, advisory, age)


def _deployments(put: Put, chance: random.Random, sizes: Sizes) -> None:
    """Every service of every environment runs images of its own, newer and newer."""
    put("environment", ((number, f"env-{number}", START) for number in range(1, sizes.environments + 1)))
    put("service", ((number, f"acme/service-{number}") for number in range(1, sizes.services + 1)))
    slots = ((e, s) for e in range(1, sizes.environments + 1) for s in range(1, sizes.services + 1))
    rows = list(_intervals(chance, slots, sizes))
    numbered = list(enumerate(rows, 1))
    put(
        "event",
        (
            (n, env, service, image, f"acme/service-{service}:{image}", begin)
            for n, (env, service, image, begin, _) in numbered
        ),
    )
    put("deployment", ((n, env, service, image, n, begin, end) for n, (env, service, image, begin, end) in numbered))


def _intervals(
    chance: random.Random, slots: Iterable[tuple[int, int]], sizes: Sizes
) -> Iterator[tuple[int, int, int, int, int]]:
    """Yield environment, service, image, begin and end of every deployment."""
    for env, service in slots:
        mine = list(range(service, sizes.images + 1, sizes.services)) or [sizes.images]
        changes = max(1, round(chance.gauss(sizes.changes + 1.37, 3)))
        moments = sorted(START + chance.randrange(YEAR) for _ in range(changes))
        chosen = sorted(chance.choices(mine, k=changes))
        for image, begin, end in zip(chosen, moments, [*moments[1:], FOREVER], strict=True):
            yield env, service, image, begin, end
