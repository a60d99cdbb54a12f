"""What the world was last told of each vulnerability in each environment, and marks where that may have changed.

Whatever changes answers marks what it touched in its own transaction; nothing is told until `verbs.reconcile` compares.
"""

from array import array
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import msgspec

from envscout.store.database import FOREVER, Connection, queries
from envscout.store.sql import listed

_SQL = queries("standing")

MarkKind = Literal["vulnerability", "slot", "environment", "baseline"]
_NARROW = 0xFFFF
Key = tuple[int, int]
"""Number of the vulnerability, number of the environment."""


class Mark(NamedTuple):
    """What is to be looked at again. times: how often it was marked again since somebody looked."""

    kind: MarkKind
    env_id: int
    number: int
    times: int


class Told(NamedTuple):
    """What stands. state: as `state` makes it. services: where it counts, as `packed` makes it."""

    state: int
    services: bytes

    @property
    def level(self) -> int:
        """Return the level of the severity."""
        return self.state >> 5

    @property
    def fixed(self) -> bool:
        """Tell whether a fix is known."""
        return self.state & 16 > 0

    @property
    def kev(self) -> bool:
        """Tell whether it is known to be exploited."""
        return self.state & 8 > 0

    @property
    def band(self) -> int:
        """Return the band of EPSS, 0 to 3."""
        return self.state >> 1 & 3

    @property
    def suppressed(self) -> bool:
        """Tell whether nothing of it counts."""
        return self.state & 1 > 0

    @property
    def numbers(self) -> Sequence[int]:
        """Return the numbers of the services, rising."""
        if len(self.services) % 2:
            return memoryview(self.services)[1:].cast("I")
        return memoryview(self.services).cast("H")


def state(level: int, fixed: bool, kev: bool, band: int, suppressed: bool) -> int:
    """Return what stands but for the services, as one number."""
    return level << 5 | fixed << 4 | kev << 3 | band << 1 | suppressed


def packed(services: Sequence[int]) -> bytes:
    """Return numbers of services, which rise, in as few bytes as suffice for all of them."""
    if services and services[-1] > _NARROW:
        return b"I" + array("I", services).tobytes()
    return array("H", services).tobytes()


class Signal(msgspec.Struct, frozen=True):
    """What a vulnerability is called and what is known of it wherever it is."""

    name: str
    score: float | None
    percentile: float | None
    kev: bool


class Slot(msgspec.Struct, frozen=True):
    """Which images a service was known to run, and why nothing could be said of them: codes, parted by spaces."""

    images: tuple[int, ...]
    unknown: str


def turn(connection: Connection) -> int:
    """Return a number that is another one where what stands was written since, or marked by what stood then."""
    return int(connection.execute(_SQL["turn"]).fetchone()[0])


def next_turn(connection: Connection) -> None:
    """Have whoever looks at the moment look again. Needs the write lock."""
    connection.execute(_SQL["next_turn"])


def mark_touched(connection: Connection) -> None:
    """Mark what an update that is being applied touches; before and after names or findings change."""
    next_turn(connection)
    if connection.execute(_SQL["any_deployment"]).fetchone()[0]:
        connection.execute(_SQL["mark_touched"])


def mark_advisories(connection: Connection, adv_ids: Iterable[int]) -> None:
    """Mark the vulnerabilities of some records; before and after their names change."""
    next_turn(connection)
    if connection.execute(_SQL["any_deployment"]).fetchone()[0]:
        connection.executemany(_SQL["mark_advisory"], [{"adv_id": adv_id} for adv_id in adv_ids])


def mark_signals(connection: Connection) -> None:
    """Mark what KEV or EPSS say something else of than the world was told."""
    next_turn(connection)
    connection.execute(_SQL["mark_signals"])


def keep_cve(connection: Connection) -> None:
    """Remember what CVE records say, for `mark_cve` after they were replaced."""
    connection.execute(_SQL["drop_cve_before"])
    connection.execute(_SQL["keep_cve"])


def mark_cve(connection: Connection) -> None:
    """Mark what CVE records say something else of than before."""
    next_turn(connection)
    connection.execute(_SQL["mark_cve"])
    connection.execute(_SQL["drop_cve_before"])


def mark_names(connection: Connection, names: Iterable[str]) -> None:
    """Mark vulnerabilities by their names."""
    connection.executemany(_SQL["mark_named"], [{"name": name} for name in names])


def mark_services(connection: Connection, services: Iterable[tuple[int, int]]) -> None:
    """Mark services by the numbers of their environments and their own."""
    rows = [{"env_id": env_id, "service_id": service_id} for env_id, service_id in services]
    connection.execute(_SQL["mark_services"], {"rows": listed(rows)})


def mark_image(connection: Connection, image_id: int, *, wholly: bool = False) -> None:
    """Mark the services that run an image; wholly: the environments, for what it held is not known any more."""
    row = {"image_id": image_id, "forever": FOREVER}
    connection.execute(_SQL["mark_environments" if wholly else "mark_slots"], row)


def mark_all(connection: Connection, env_ids: Iterable[int], kind: MarkKind) -> None:
    """Mark whole environments."""
    connection.executemany(_SQL["mark"], [(kind, env_id, 0) for env_id in env_ids])


def marked_environment(connection: Connection) -> tuple[MarkKind, int] | None:
    """Return an environment of which something is marked, and what; None if there is none."""
    row = connection.execute(_SQL["marked_environment"]).fetchone()
    return (row[0], row[1]) if row else None


def marked(connection: Connection, kind: MarkKind, env_id: int, limit: int) -> list[Mark]:
    """Return what is marked, the lowest number first."""
    row = {"kind": kind, "env_id": env_id, "limit": limit}
    return [Mark(*each) for each in connection.execute(_SQL["marked"], row)]


def marked_in(connection: Connection, env_id: int) -> list[Mark]:
    """Return all that is marked of an environment: itself and its services."""
    return [Mark(*each) for each in connection.execute(_SQL["marked_in"], {"env_id": env_id})]


def marks(connection: Connection) -> int:
    """Return how many marks there are."""
    return int(connection.execute(_SQL["marks"]).fetchone()[0])


def is_marked(connection: Connection, env_id: int) -> bool:
    """Tell whether something of an environment is marked."""
    return bool(connection.execute(_SQL["is_marked"], {"env_id": env_id}).fetchone()[0])


def unmark(connection: Connection, marks: Iterable[Mark]) -> None:
    """Take marks away, but for those that were made again since they were read."""
    connection.executemany(_SQL["unmark"], marks)


def make_room(connection: Connection) -> None:
    """Make the temporary tables that the functions below use."""
    _run(connection, "room")


def _run(connection: Connection, name: str) -> None:
    for statement in _SQL[name].split(";"):
        connection.execute(statement)


def want(connection: Connection, vuln_ids: Iterable[int]) -> None:
    """Say which vulnerabilities are asked about; once after `make_room`."""
    connection.executemany(_SQL["want"], [(number,) for number in vuln_ids])


def near(connection: Connection, image_ids: Iterable[int]) -> list[tuple[int, int]]:
    """Say which images are asked about, once after `make_room`; return (set, image) of them."""
    connection.executemany(_SQL["put_near"], [(number,) for number in image_ids])
    return connection.execute(_SQL["sets"]).fetchall()


def look_near(connection: Connection) -> None:
    """Say that the packages of the images asked about alone are of interest; once after `near`."""
    connection.execute(_SQL["near_packages"])


def vulnerabilities_near(connection: Connection) -> set[int]:
    """Return the vulnerabilities of those packages."""
    return {row[0] for row in connection.execute(_SQL["vulnerabilities_near"])}


def told_in(connection: Connection, env_id: int) -> set[int]:
    """Return the vulnerabilities that the world was told of in an environment."""
    return {row[0] for row in connection.execute(_SQL["vulnerabilities_told"], {"env_id": env_id})}


def running(connection: Connection, env_id: int = 0) -> list[tuple[int, int, int]]:
    """Return (environment, service, image) of all that runs, or of what runs in one environment."""
    row = {"env_id": env_id, "forever": FOREVER}
    return connection.execute(_SQL["running_near" if env_id else "running"], row).fetchall()


def twofold(connection: Connection) -> list[int]:
    """Return those of the images asked about that hold packages of one URL that are matched as different ones."""
    return [row[0] for row in connection.execute(_SQL["twofold"])]


def hits(connection: Connection, *, is_near: bool) -> list[tuple[int, int, str, int]]:
    """Return the ranges that hold packages under the wanted vulnerabilities; is_near: after `look_near`, of those."""
    return connection.execute(_SQL["hits_near" if is_near else "hits"], {"forever": FOREVER}).fetchall()


def records(connection: Connection, adv_ids: Iterable[int]) -> Mapping[int, list[tuple[Any, ...]]]:
    """Return what some records say of the wanted vulnerabilities, by number; once after `make_room`."""
    connection.executemany(_SQL["put_hit_advisory"], [(number,) for number in adv_ids])
    found: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for number, *row in connection.execute(_SQL["records"]):
        found[number].append(tuple(row))
    return found


def sets_of_packages(connection: Connection, pkg_ids: Iterable[int]) -> dict[int, list[int]]:
    """Return the sets that hold each package."""
    _hit(connection, pkg_ids)
    return {pkg_id: _numbers(text) for pkg_id, text in connection.execute(_SQL["sets_of_packages"])}


def purls(connection: Connection, pkg_ids: Iterable[int]) -> dict[int, str]:
    """Return a package URL for each package."""
    _hit(connection, pkg_ids)
    return dict(connection.execute(_SQL["purls"]).fetchall())


def _hit(connection: Connection, pkg_ids: Iterable[int]) -> None:
    connection.execute(_SQL["clear_hit_packages"])
    connection.executemany(_SQL["put_hit_package"], [(number,) for number in pkg_ids])


_numbers = msgspec.json.Decoder(list[int]).decode


def signals(connection: Connection) -> dict[int, Signal]:
    """Return what the wanted vulnerabilities are called and what is known of them."""
    return {
        number: Signal(name, score, percentile, bool(kev))
        for number, name, score, percentile, kev in connection.execute(_SQL["signals"])
    }


def withdrawn(connection: Connection) -> set[int]:
    """Return the wanted vulnerabilities that no record speaks of any more."""
    return {row[0] for row in connection.execute(_SQL["withdrawn"])}


def told(connection: Connection, env_id: int = 0) -> dict[Key, Told]:
    """Return what the world was told of the wanted vulnerabilities, everywhere or in one environment."""
    return _told(connection.execute(_SQL["told"], {"env_id": env_id}).fetchall())


def everything_told(connection: Connection) -> dict[Key, Told]:
    """Return all that the world was told of."""
    return _told(connection.execute(_SQL["everything_told"]).fetchall())


def _told(rows: Iterable[Sequence[Any]]) -> dict[Key, Told]:
    return {(row[0], row[1]): Told(row[2], bytes(row[3])) for row in rows}


def keep(connection: Connection, fresh: Mapping[Key, Told], gone: Collection[Key]) -> None:
    """Write down what the world is told. Needs the write lock."""
    if not fresh and not gone:
        return
    _run(connection, "room_to_keep")
    if fresh:
        connection.executemany(_SQL["put_fresh"], [(*key, *each) for key, each in fresh.items()])
        connection.execute(_SQL["keep"])
    if gone:
        connection.executemany(_SQL["put_gone"], gone)
        connection.execute(_SQL["drop_gone"])


def forget(connection: Connection) -> None:
    """Forget all that the world was told of."""
    connection.execute(_SQL["forget"])


def environments(connection: Connection) -> dict[int, tuple[str, str]]:
    """Return organization and name of each environment by number."""
    return {number: (organization, name) for number, organization, name in connection.execute(_SQL["environments"])}


def services(connection: Connection) -> dict[tuple[str, str], int]:
    """Return the number of each service by organization and name."""
    return {(organization, name): number for organization, name, number in connection.execute(_SQL["services"])}


def baselines(connection: Connection) -> list[Mark]:
    """Return up to which vulnerability the environments were looked at of which nobody was told anything yet."""
    return [Mark(*each) for each in connection.execute(_SQL["baselines"])]


def following(connection: Connection, number: int, limit: int) -> list[int]:
    """Return the next vulnerabilities after a number that stand somewhere, or may."""
    return [row[0] for row in connection.execute(_SQL["following"], {"number": number, "limit": limit})]


def proceed(connection: Connection, env_ids: Iterable[int], number: int) -> None:
    """Note up to which vulnerability some of those environments were looked at."""
    connection.executemany(_SQL["proceed"], [(number, env_id) for env_id in env_ids])


def slots(connection: Connection, env_id: int) -> dict[int, Slot]:
    """Return what the services of an environment were known to run."""
    return {
        number: Slot(tuple(_numbers(images)), unknown)
        for number, images, unknown in connection.execute(_SQL["slots"], {"env_id": env_id})
    }


def every_slot(connection: Connection) -> dict[int, dict[int, Slot]]:
    """Return the same of all environments, by their numbers."""
    found: dict[int, dict[int, Slot]] = defaultdict(dict)
    for env_id, number, images, unknown in connection.execute(_SQL["every_slot"]):
        found[env_id][number] = Slot(tuple(_numbers(images)), unknown)
    return found


def put_slots(connection: Connection, env_id: int, found: Mapping[int, Slot | None]) -> None:
    """Write down what services run; None: nothing any more."""
    kept = [
        (env_id, number, msgspec.json.encode(each.images).decode(), each.unknown)
        for number, each in found.items()
        if each is not None
    ]
    connection.executemany(_SQL["put_slot"], kept)
    connection.executemany(_SQL["drop_slot"], [(env_id, number) for number, each in found.items() if each is None])


def checked(connection: Connection) -> int | None:
    """Return up to when it was looked for what time alone changes, None if never."""
    row = connection.execute(_SQL["time"], {"what": "checked"}).fetchone()
    return int(row[0]) if row else None


def put_checked(connection: Connection, until: int) -> None:
    """Write down up to when it was looked."""
    connection.execute(_SQL["put_time"], {"what": "checked", "until": until})
