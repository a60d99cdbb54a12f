"""The sample fleet with a past, behind a server of its own that asks nobody else for anything."""

import os
from collections.abc import Iterable
from pathlib import Path

from envscout.config import Settings
from envscout.demo.fleet import Told, past, write_fleet
from envscout.errors import UsageError
from envscout.model import Event
from envscout.model.statement import ACCEPTED
from envscout.names.reference import parse
from envscout.operations.indexing import index, within
from envscout.store import Database, now
from envscout.verbs import count, exceptions, record
from envscout.verbs.update.run import update

_DAY = 86_400 * 1_000_000
_ACTOR = "demo"


def fill(folder: Path) -> None:
    """Make a store of the sample fleet in a folder, as if it had run for months; what is there already stays."""
    place, part = folder / "envscout.db", folder / "envscout.db.part"
    if place.exists():
        return
    part.unlink(missing_ok=True)
    fleet = write_fleet(folder / "images")
    with Database(part) as database:
        update(database, [str(fleet.advisories)], lambda _used: (), lambda *_: None)
        record.many(database, list(_events(database, past(fleet), fleet.organization)))
        _except(database, fleet.organization)
        count.count(database)
    part.rename(place)


def _events(database: Database, told: Iterable[Told], organization: str) -> Iterable[Event]:
    at, digests = now(), dict[Path, str]()
    for each in told:
        layout = each.release.layout
        if layout not in digests:
            digests[layout] = index(within(database), parse(f"oci-dir://{layout}")).image.digest
        yield Event(
            organization=organization,
            environment=each.environment,
            service=f"{organization}/{each.release.service}",
            action="record",
            at=at - int(each.days * _DAY),
            digest=digests[layout],
            reference=each.release.reference,
            actor=_ACTOR,
        )


def _except(database: Database, organization: str) -> None:
    """Say of one vulnerability that it does not count, as a team would."""
    wish = exceptions.Wish(
        kind=ACCEPTED,
        owner="shop-team",
        reason="The worker reads no images from strangers; it goes with the next release.",
        organization=organization,
        environment="production",
        service=f"{organization}/worker",
        until=now() + 30 * _DAY,
    )
    exceptions.add(database, ["CVE-2023-4863"], wish, _ACTOR)


def serve(folder: Path, port: int) -> None:
    """Serve the store of a folder on this machine until told to stop. Raise UsageError, EnvscoutError."""
    try:
        from envscout.server.run import run
    except ImportError as error:
        raise UsageError(
            f"serving needs a library that is not here: {error.name}", "pip install 'envscout[server]'"
        ) from error
    # None of the settings of whoever looks counts, and no feed is asked for.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ENVSCOUT_")}
    os.environ.clear()
    os.environ |= {
        **kept,
        "ENVSCOUT_HOME": str(folder.absolute()),
        "ENVSCOUT_LISTEN_PORT": str(port),
        "ENVSCOUT_REFRESH_MINUTES": "0",
        "ENVSCOUT_LOG_FORMAT": "text",
    }
    run(Settings(), working=True)
