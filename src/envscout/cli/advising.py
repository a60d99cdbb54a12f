"""What could be built on instead of a base image, as far as the store knows, and the registry where it is asked."""

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from envscout.cli.session import Session
from envscout.errors import EnvscoutError
from envscout.findings import rebase
from envscout.findings.base import moved
from envscout.model import BaseImage
from envscout.names.reference import Reference

if TYPE_CHECKING:
    from envscout.verbs.ask import ImageReport, Question
    from envscout.verbs.recommend import Known

MOST_KNOWN = 40
MOST_INDEXED = 3


class Wish(msgspec.Struct, frozen=True):
    """tag: of the base image, instead of its own. ask: the registry. index: look into the best that nobody knows."""

    tag: str = ""
    ask: bool = False
    index: bool = False


class Advice(msgspec.Struct, frozen=True):
    """What is known of a base image, and what there is instead.

    name: as people write it, "" where it has none. is_current: whether its tag stands for it still, None where nobody
    knows. notes: what could not be told, and why.
    """

    base: BaseImage | None
    name: str = ""
    current: rebase.Image | None = None
    is_current: bool | None = None
    refresh: rebase.Offer | None = None
    updates: tuple[rebase.Offer, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def best(self) -> rebase.Offer | None:
        """Return the offer that is shown first where there is room for one: a known update, else the refresh."""
        known = [each for each in self.updates if each.image.summary is not None]
        return known[0] if known else self.refresh


def advise(session: Session, report: "ImageReport", asked: "Question", wish: Wish) -> Advice:
    """Return what to build on instead of an image's base image."""
    from envscout.verbs import recommend

    name = recommend.base_name(report.base, wish.tag)
    if report.base is None or name is None:
        return Advice(report.base, notes=(_NAMELESS,))
    if wish.ask and not recommend.may_ask(name, session.call(recommend.in_use)):
        session.warn(_CLOSED.format(host=name.host))
        wish = Wish(wish.tag)
    advice = _known(session, report, name, asked, wish)
    if wish.index and _index(session, name, report, advice):
        return _known(session, report, name, asked, wish)
    return advice


_CLOSED = "the registry {host} is in a closed network and only the image names it: look into an image of it first"
_NAMELESS = (
    "Which image it was built on is not known by name: build with provenance (`docker buildx build --provenance "
    "mode=max`), or with the annotation org.opencontainers.image.base.name."
)


def _known(session: Session, report: "ImageReport", name: Reference, asked: "Question", wish: Wish) -> Advice:
    """Return what the store, and the registry if it is asked, know now."""
    from envscout.verbs import recommend

    assert report.base is not None
    platform = report.image.platform
    there = session.call(recommend.known_tags, name, platform)[:MOST_KNOWN]
    stored = session.call(recommend.built_on, report.base, platform)
    mine = [(stored, name.tag)] if stored else []
    described = _described(session, [*mine, *((each, "") for each in there)], asked)
    current = rebase.Image(name.tag, report.base.digest)
    if stored:
        current = msgspec.structs.replace(described.pop(0), tag=name.tag)
    others = [named for pair in zip(there, described, strict=True) for named in _under_its_tags(*pair)]
    notes: list[str] = []
    newest = next((each for each in others if each.tag == name.tag), None)
    seen = next((each for each in there if name.tag in each.tags), None)
    digests = _digests(seen) if seen and _counts(report, stored, seen) else ()
    if wish.ask:
        listed, told = recommend.asked_tags(name), recommend.asked_digests(name, platform)
        if listed is None:
            notes.append(f"The registry {name.host} does not answer: only what is known here is considered.")
        else:
            others += [rebase.Image(tag) for tag in recommend.offered(listed, there)]
        newest, digests = _newest(newest, told, there, name.tag), told or digests
    is_current = _is_current({report.base.digest, *(_digests(stored) if stored else ())}, digests)
    refresh = rebase.refresh(current, newest) if newest and is_current is False else None
    if is_current is None:
        notes.append(f"Whether {name.familiar} is another image by now is not known.")
    updates = tuple(rebase.updates(current, others))
    return Advice(report.base, name.familiar, current, is_current, refresh, updates, tuple(notes))


def _counts(report: "ImageReport", stored: "Known | None", seen: "Known") -> bool:
    """Tell whether what a tag was seen to stand for says what it stands for by now: it may be older than the base."""
    assert report.base is not None
    if report.base.digest in _digests(seen):
        return True
    return bool(moved(stored.image.created if stored else "", seen.image.created, seen.at, report.image.created))


def _newest(
    known: rebase.Image | None, digests: tuple[str, ...], there: "list[Known]", tag: str
) -> rebase.Image | None:
    """Return what a tag stands for by the registry's account, which counts more than what was seen here."""
    if not digests:
        return known
    seen = {each.image.digest for each in there if set(_digests(each)) & set(digests)}
    return known if known and known.digest in seen else rebase.Image(tag, digests[-1])


def _digests(known: "Known") -> tuple[str, ...]:
    return tuple(filter(None, (known.image.digest, known.image.index_digest)))


def _is_current(mine: Collection[str], newest: Collection[str]) -> bool | None:
    """Tell whether the image that was built on is among those that its tag stands for by now."""
    return not set(mine).isdisjoint(newest) if any(mine) and newest else None


def _described(session: Session, known: "Sequence[tuple[Known, str]]", asked: "Question") -> list[rebase.Image]:
    """Say what is in some images; all of them are asked for at once."""
    from envscout.verbs import ask

    found = session.call(ask.of_subjects, [(each.image_id, tag, None) for each, tag in known], asked).images
    return [_image(each, report) for (each, _), report in zip(known, found, strict=True)]


def _image(known: "Known", found: "ImageReport") -> rebase.Image:
    is_known = found.coverage.state != "unknown"
    return rebase.Image(
        "",
        known.image.digest,
        known.image.created,
        known.image.size,
        found.packages,
        known.distribution,
        frozenset(each.vulnerability for each in found.findings) if is_known else None,
        found.summary if is_known else None,
    )


def _under_its_tags(known: "Known", described: rebase.Image) -> Iterator[rebase.Image]:
    for tag in known.tags:
        yield msgspec.structs.replace(described, tag=tag, tags=tuple(each for each in known.tags if each != tag))


def _index(session: Session, name: Reference, report: "ImageReport", advice: Advice) -> bool:
    """Look into the best images that nobody looked into; return whether any could be."""
    from envscout.cli.indexing import index_shown

    offers = [*([advice.refresh] if advice.refresh else []), *advice.updates]
    unknown = [each.image.tag for each in offers if each.image.summary is None][:MOST_INDEXED]
    done = False
    for tag in unknown:
        wanted = msgspec.structs.replace(name, prefix="registry", tag=tag, tag_typed=True)
        try:
            index_shown(session, wanted, platform=report.image.platform, is_named=False)
            done = True
        except EnvscoutError as error:
            session.warn(f"{wanted.familiar} could not be looked into: {error.cause}")
    return done
