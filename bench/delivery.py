"""How fast news become messages, and messages reach a receiver on this machine: `python bench/delivery.py [NEWS]`."""

import os
import sys
import tempfile
import time
from pathlib import Path

from receiver import receiving

from envscout.model import News
from envscout.notify.declared import Channel
from envscout.notify.rules import Rule
from envscout.store import Database, news, now
from envscout.verbs import channels, deliver
from envscout.verbs.news import match


def tell(database: Database, url: str) -> None:
    """Have everything told to a receiver."""
    channels.add(database, "", Channel("bench", url))
    channels.add_rule(database, "", Rule("all", "bench"))


def drained(database: Database) -> int:
    """Make messages of all news, send them all, and return how many were sent."""
    match(database)
    return deliver.due(database, seconds=600).sent


def main(count: int) -> None:
    """Measure."""
    with tempfile.TemporaryDirectory() as home, receiving() as receiver:
        os.environ |= {"ENVSCOUT_HOME": home, "ENVSCOUT_ALLOW_PRIVATE_ADDRESSES": "127.0.0.1"}
        with Database(Path(home) / "envscout.db") as database:
            tell(database, receiver.url)
            with database.write() as connection:
                news.append(connection, (_news(number) for number in range(count)))
            began, worked = time.monotonic(), time.process_time()
            made = match(database).messages
            matched = time.monotonic()
            sent = deliver.due(database, seconds=600).sent
            ended = time.monotonic()
        told = receiver.told()["/"]
        print(f"{count} news, {made} messages in {matched - began:.2f} s; {sent} sent in {ended - matched:.2f} s")
        each = (time.process_time() - worked) / count * 1000
        print(f"{count / (ended - matched):.0f} news/s; {each:.3f} ms of CPU each")
        print(f"the receiver got {told.requests}, {told.different} different ones, with {told.different_news} news")


def _news(number: int) -> News:
    return News(
        "appeared", now(), "acme", f"env-{number % 50}", f"service-{number % 400}", f"CVE-2026-{number}", "high",
        direction="worse", cause="advisory",
    )  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3000)
