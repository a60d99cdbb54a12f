"""What runs where is a fold of events: "now" is all of them, "then" the same fold cut earlier. Pure."""

from collections.abc import Iterable

import msgspec

from envscout.model import Deployment, Event


def advance(running: Iterable[Deployment], event: Event) -> tuple[tuple[Deployment, ...], tuple[Deployment, ...]]:
    """Apply one event to what runs in its slot; return what it ends (with `until`) and what it begins.

    Saying again that the same image runs changes nothing: the interval goes on.
    """
    ended = tuple(held for held in running if _ends(held, event))
    stays = any(held for held in running if held.digest == event.digest and held not in ended)
    begun = () if event.action == "remove" or stays else (_begin(event),)
    return tuple(msgspec.structs.replace(held, until=event.at) for held in ended), begun


def _ends(held: Deployment, event: Event) -> bool:
    if event.action == "remove":
        return event.digest in ("", held.digest)
    same = held.digest == event.digest
    # A new name for the same image (another tag) begins a new interval, so that both names are in the history.
    renamed = same and held.reference != event.reference
    return renamed or (event.action == "record" and not same)


def _begin(event: Event) -> Deployment:
    return Deployment(
        organization=event.organization,
        environment=event.environment,
        service=event.service,
        platform=event.platform,
        digest=event.digest,
        reference=event.reference,
        since=event.at,
        actor=event.actor,
        source=event.source,
        commit=event.commit,
        run_url=event.run_url,
    )


def fold(events: Iterable[Event], until: int | None = None) -> tuple[Deployment, ...]:
    """Return every interval that events (oldest first) add up to, leaving out events after until."""
    running: dict[tuple[str, str, str, str], tuple[Deployment, ...]] = {}
    past: list[Deployment] = []
    for event in events:
        if until is not None and event.at > until:
            break
        slot = (event.organization, event.environment, event.service, event.platform)
        held = running.get(slot, ())
        ended, begun = advance(held, event)
        past += ended
        gone = {each.digest for each in ended}
        running[slot] = (*(each for each in held if each.digest not in gone), *begun)
    return (*past, *(held for slot in running.values() for held in slot))
