"""The standing tasks, as one table. Each is small here: what is to be done is a verb's business."""

from typing import TYPE_CHECKING

from envscout.config import Settings
from envscout.store import now
from envscout.work.indexing import index
from envscout.work.task import PROMPT, Task, Work

if TYPE_CHECKING:
    from envscout.findings.heeding import Heed

_STRETCH = 3.0
"""Seconds after which is looked whether the process is to stop."""


def match(work: Work) -> bool:
    """Make messages of news, by the rules of the channels."""
    from envscout.verbs import news

    return news.match(work.database).news > 0


def deliver(work: Work) -> bool:
    """Send the messages that are due."""
    from envscout.verbs import deliver as verb

    done = verb.due(work.database, seconds=20.0)
    return done.sent > 0 and 0 < done.next_due <= now()


def retain(work: Work) -> bool:
    """Forget what the rules of retention no longer keep."""
    from envscout.verbs import news
    from envscout.verbs import retain as verb

    is_news_left = news.forget(work.database) > 0
    return verb.sweep(work.database, verb.rules(work.settings)).more or is_news_left


def refresh(work: Work) -> bool:
    """Ask for the feeds that are due, and apply what is new."""
    from envscout.network.within import within
    from envscout.verbs import refresh as verb
    from envscout.verbs.update.believing import bounds_of
    from envscout.verbs.update.run import update

    def apply(feeds: object) -> object:
        bounds = bounds_of(work.settings)
        with within(verb.reachable(work.settings)):
            return update(work.database, (), lambda _: feeds, lambda *_: None, 0, bounds, 1)  # type: ignore[arg-type, return-value]

    return verb.due(work.database, verb.plan(work.settings), apply, work.worker) < 0


def reconcile(work: Work) -> bool:
    """Tell what changed since it was last told."""
    from envscout.verbs import reconcile as verb

    heed = _heed(work.settings)
    done = verb.reconcile(work.database, heed, seconds=_STRETCH)
    while done.left and not work.is_over:
        done = verb.reconcile(work.database, heed, seconds=_STRETCH)
    return done.left > 0


def judge(work: Work) -> bool:
    """Count what policies say of what runs in each environment."""
    from envscout.work import judging

    return judging.judge(work, _heed(work.settings))


def count(work: Work) -> bool:
    """Count what each environment carries and carried."""
    from envscout.verbs import count as verb

    verb.count(work.database, _heed(work.settings), seconds=_STRETCH)
    return False


def check(settings: Settings) -> None:
    """Raise ConfigError for settings by which no task can do its work: it would fail again and again, unseen."""
    from envscout.network.addresses import allowed
    from envscout.verbs import refresh, retain
    from envscout.verbs.update.believing import bounds_of

    allowed(settings.text("allow_private_addresses"))
    refresh.plan(settings)
    bounds_of(settings)
    retain.rules(settings)
    _heed(settings)


def _heed(settings: Settings) -> "Heed":
    """Return whose statements are heeded, as the settings say."""
    from envscout.findings.heeding import heeded

    return heeded(settings.text("vex_authors"), settings.text("vex_sources"))


TASKS: tuple[Task, ...] = (
    Task("reconcile", "tell what changed since it was last told", reconcile, 60, 85, ("mark",)),
    Task("refresh", "ask for the feeds that are due, and apply what is new", refresh, 30, 20),
    Task("match", "make messages of news, by the rules of the channels", match, 15, 80, ("news",)),
    Task("deliver", "send the messages that are due", deliver, 5, 90, ("outbox",)),
    Task("index", "look into images that were asked for", index, 30, 30, ("index_request",), lanes=4),
    Task("count", "count what each environment carries and carried", count, 15, 6, ("deployment",)),
    Task("judge", "count what policies say of what runs", judge, 120, 5),
    Task("retain", "forget what the rules of retention no longer keep", retain, 3600, 10),
)
"""In the order in which they are shown."""

BY_NAME = {task.name: task for task in TASKS}


def is_prompt(task: Task) -> bool:
    """Return whether a task is never to wait for those that take long."""
    return task.priority >= PROMPT
