"""Exceptions: say that a vulnerability does not count, for how long and where; take it back; list what was said."""

import fnmatch
from collections.abc import Collection, Iterable

import msgspec

from envscout.errors import InvalidReference, LimitExceeded, NotFound, UsageError
from envscout.model import Product, Statement
from envscout.model.statement import ACCEPTED, FALSE_POSITIVE, JUSTIFICATIONS, KINDS
from envscout.names import purl
from envscout.names.reference import parse, valid_digest
from envscout.names.vulnerability import is_cve
from envscout.store import Connection, Database, deployments, exceptions, findings, now, proposals
from envscout.store.exceptions import Entry
from envscout.store.proposals import Decision

MAX_TEXT = 2_000
MAX_NAME = 200
MAX_AT_ONCE = 1_000
MAX_WAITING = 10_000


class Wish(msgspec.Struct, frozen=True):
    """An exception that is to be made. image: a digest, or a name that is known here. packages: URLs or patterns."""

    kind: str
    owner: str
    reason: str
    justification: str = ""
    organization: str = ""
    environment: str = ""
    service: str = ""
    image: str = ""
    packages: tuple[str, ...] = ()
    until: int | None = None
    on_fix: bool = False
    on_kev: bool = False


class Listed(msgspec.Struct, frozen=True):
    """An exception and how it stands at the moment of the answer: `active`, `expired`, `removed`."""

    entry: Entry
    state: str


class Proposal(msgspec.Struct, frozen=True):
    """Exceptions that somebody asks for. decided_at: microseconds, None while nobody decided. why: of who refused."""

    number: int
    names: tuple[str, ...]
    wish: Wish
    asked_at: int
    asked_by: str
    decided_at: int | None = None
    decided_by: str = ""
    approved: bool = False
    why: str = ""


class _Asked(msgspec.Struct, frozen=True):
    names: tuple[str, ...]
    wish: Wish


def add(database: Database, names: Collection[str], wish: Wish, actor: str) -> list[Entry]:
    """Make one exception for each vulnerability, all or none. Raise UsageError, NotFound."""
    asked = _names(names)
    _check(wish)
    with database.write() as connection:
        return _added(connection, asked, wish, actor)


def _names(names: Collection[str]) -> tuple[str, ...]:
    asked = tuple(dict.fromkeys(map(_vulnerability, names)))
    if not 0 < len(asked) <= MAX_AT_ONCE:
        raise UsageError("no vulnerability is named" if not asked else "too many at once", "name CVE ids, at most 1000")
    return asked


def _added(connection: Connection, names: Iterable[str], wish: Wish, actor: str) -> list[Entry]:
    at = now()
    product = _product(connection, wish, at)
    numbers = [exceptions.add(connection, _statement(name, wish, product), actor, at) for name in names]
    return [each for number in numbers for each in exceptions.entries(connection, number=number)]


def _product(connection: Connection, wish: Wish, at: int) -> Product:
    """Return what an exception would hold for. Raise UsageError for one that has ended, NotFound."""
    if wish.until is not None and wish.until <= at:
        raise UsageError("it would have expired before it began", "choose a moment to come: --expires 90d")
    return Product(
        organization=wish.organization,
        environment=wish.environment,
        service=wish.service,
        digest=_digest(connection, wish.image),
        packages=wish.packages,
    )


def propose(database: Database, names: Collection[str], wish: Wish, actor: str) -> Proposal:
    """Ask for one exception for each vulnerability; none is made before somebody approves. Raise as `add` does."""
    named = _names(names)
    _check(wish)
    with database.write() as connection:
        if proposals.waiting(connection) >= MAX_WAITING:
            raise LimitExceeded(f"over {MAX_WAITING} wait already", "decide on those first: envscout exception asked")
        at = now()
        # A name may mean another image by the time of the decision.
        wish = msgspec.structs.replace(wish, image=_product(connection, wish, at).digest)
        document = msgspec.json.encode(_Asked(named, wish)).decode()
        number = proposals.put(connection, wish.organization, wish.environment, document, at, actor)
    return Proposal(number, named, wish, at, actor)


def proposed(database: Database, *, every: bool = False) -> list[Proposal]:
    """Return what waits for a decision, the oldest first; every: what was decided on, too."""
    with database.read() as connection:
        return [_proposal(each) for each in proposals.listed(connection, every=every)]


def _proposal(kept: proposals.Kept) -> Proposal:
    asked = msgspec.json.decode(kept.document, type=_Asked)
    return Proposal(
        kept.number, asked.names, asked.wish, kept.asked_at, kept.asked_by, kept.decided_at, kept.decided_by,
        kept.approved, kept.why,
    )  # fmt: skip


def approve(database: Database, number: int, actor: str) -> list[Entry]:
    """Make the exceptions that somebody asked for; return them. Raise NotFound, UsageError."""
    with database.write() as connection:
        asked = _decided(connection, number, Decision(now(), actor, approved=True))
        return _added(connection, asked.names, asked.wish, actor)


def refuse(database: Database, number: int, actor: str, reason: str) -> Proposal:
    """Refuse what somebody asked for; it stays in the record. Raise NotFound, UsageError."""
    _text("reason", reason, MAX_TEXT)
    decision = Decision(now(), actor, approved=False, why=reason)
    with database.write() as connection:
        asked = _decided(connection, number, decision)
    return msgspec.structs.replace(asked, decided_at=decision.at, decided_by=actor, why=reason)


def _decided(connection: Connection, number: int, decision: Decision) -> Proposal:
    """Keep a decision on what waits for one; return that. Needs the write lock."""
    found = proposals.listed(connection, number, every=True) if 0 < number < 1 << 62 else []
    if not found:
        raise NotFound(f"nobody asked for an exception {number}", "`envscout exception asked` shows what waits")
    if not proposals.decide(connection, number, decision):
        raise UsageError(f"somebody decided on {number} before", "`envscout exception asked --all` says who")
    return _proposal(found[0])


def unknown(database: Database, names: Collection[str]) -> tuple[str, ...]:
    """Return the vulnerabilities that no advisory of the store speaks of."""
    with database.read() as connection:
        return tuple(name for name in names if not findings.resolve(connection, name))


def remove(database: Database, number: int, actor: str, reason: str) -> Entry:
    """Take an exception back, which stays in the record. Raise NotFound, UsageError."""
    _text("reason", reason, MAX_TEXT)
    with database.write() as connection:
        found = exceptions.entries(connection, number=number, removed=True) if number > 0 else []
        if not found:
            raise NotFound(f"there is no exception {number}", "`envscout exception list --all` shows all there were")
        if found[0].removed_at is not None:
            raise UsageError(f"exception {number} was removed before", "`envscout exception list --all` says by whom")
        exceptions.remove(connection, number, actor, reason, now())
        return exceptions.entries(connection, number=number, removed=True)[0]


def listed(database: Database, at: int | None = None, *, every: bool = False) -> tuple[list[Listed], int]:
    """Return the exceptions that stood at a moment (None: now), or all that there were by then; and the moment."""
    moment = now() if at is None else at
    with database.read() as connection:
        found = [Listed(each, _state(each, moment)) for each in exceptions.entries(connection, at, removed=every)]
    return [each for each in found if every or each.state == "active"], moment


def chosen(
    found: Iterable[Listed], scope: deployments.Scope, *, owner: str = "", kind: str = "", names: Iterable[str] = ()
) -> list[Listed]:
    """Return those of some exceptions that were made for a scope, by an owner, of a kind, for vulnerabilities."""
    wanted = {name.upper() for name in names}
    return [
        each
        for each in found
        if _fits(each.entry.statement.products[0], scope)
        and owner in ("", each.entry.statement.who)
        and kind in ("", each.entry.statement.kind)
        and (not wanted or each.entry.statement.names[0].upper() in wanted)
    ]


def _fits(product: Product, scope: deployments.Scope) -> bool:
    return (
        (not scope.organization or product.organization in ("", scope.organization))
        and scope.environment in ("", product.environment)
        and (not scope.service or product.service in (scope.service, scope.other))
    )


def _state(entry: Entry, moment: int) -> str:
    if entry.removed_at is not None:
        return "removed"
    until = entry.statement.until
    return "expired" if until is not None and until <= moment else "active"


class Hushed(msgspec.Struct, frozen=True):
    """One package of one image whose finding an exception suppresses. number: of the exception."""

    number: str
    reference: str
    digest: str
    purl: str


def exported(found: Iterable[Listed], hushed: Iterable[Hushed]) -> tuple[list[Statement], list[Listed]]:
    """Return what exceptions say in words that hold elsewhere, and those that nothing can be said of.

    An environment means nothing elsewhere: what is said is what an exception suppresses now, image by image. What is
    about an image, or about packages wherever they are, is said as well, unless it ends by itself.
    """
    packages: dict[str, dict[Product, set[str]]] = {}
    for each in hushed:
        image = Product(repository=_repository(each.reference), digest=each.digest)
        packages.setdefault(each.number, {}).setdefault(image, set()).add(each.purl)
    statements, silent = [], []
    for one in found:
        said = one.entry.statement
        products = [
            msgspec.structs.replace(image, packages=tuple(sorted(purls)))
            for image, purls in packages.get(said.where, {}).items()
        ]
        products += _anywhere(said)
        if products:
            statements.append(msgspec.structs.replace(said, products=tuple(products)))
        else:
            silent.append(one)
    return statements, silent


def _repository(reference: str) -> str:
    try:
        return parse(reference).repository
    except InvalidReference:
        return ""


def _anywhere(said: Statement) -> list[Product]:
    """Return the product of an exception where it means the same in every place."""
    (product,) = said.products
    is_bound = bool(product.organization or product.environment or product.service)
    is_named = all(text.startswith("pkg:") for text in product.packages)
    if is_bound or said.on_fix or said.on_kev or not is_named or not (product.digest or product.packages):
        return []
    return [product]


def _statement(name: str, wish: Wish, product: Product) -> Statement:
    return Statement(
        source="exception",
        kind=wish.kind,
        names=(name,),
        products=(product,),
        who=wish.owner,
        why=wish.reason,
        justification=wish.justification,
        until=wish.until,
        on_fix=wish.on_fix,
        on_kev=wish.on_kev,
    )


def _vulnerability(text: str) -> str:
    """Return a vulnerability's id as it is written; CVE ids in capitals."""
    name = text.strip()
    if is_cve(name.upper()):
        return name.upper()
    if not name or len(name) > MAX_NAME or not name.isprintable() or " " in name or "-" not in name:
        raise UsageError(f"{text[:MAX_NAME]!r} is no id of a vulnerability", "name it as CVE-2021-44228 or GHSA-...")
    return name


def _check(wish: Wish) -> None:
    """Refuse what nobody could understand later."""
    if wish.kind not in KINDS:
        raise UsageError(f"an exception cannot be {wish.kind!r}", f"choose from {', '.join(KINDS)}")
    if wish.kind == FALSE_POSITIVE and wish.justification not in JUSTIFICATIONS:
        raise UsageError("a false positive needs a justification", f"--justification {' | '.join(JUSTIFICATIONS)}")
    if wish.kind == ACCEPTED and wish.justification:
        raise UsageError("an accepted risk has no justification", "say why with --reason")
    _text("owner", wish.owner, MAX_NAME)
    _text("reason", wish.reason, MAX_TEXT)
    for field in ("organization", "environment", "service"):
        if getattr(wish, field):
            _text(field, getattr(wish, field), MAX_NAME)
    for text in wish.packages:
        _package(text)


def _text(field: str, text: str, most: int) -> None:
    if not text.strip() or len(text) > most or not all(each.isprintable() or each in "\n\t" for each in text):
        article = "an" if field[0] in "aeiou" else "a"
        raise UsageError(f"an exception needs {article} {field}", f"--{field} TEXT, at most {most} characters")


def _package(text: str) -> None:
    if text.startswith("pkg:"):
        purl.parse(text)
        return
    if not text or len(text) > MAX_NAME or not text.isprintable() or not text.strip("*?"):
        raise UsageError(
            f"{text[:MAX_NAME]!r} names no package",
            "write pkg:npm/lodash, pkg:npm/lodash@4.17.20, or a pattern: openssl*",
        )
    fnmatch.translate(text)


def _digest(connection: Connection, image: str) -> str:
    """Return the digest of the image that an exception is for. Raise NotFound where the name was never recorded."""
    if not image or valid_digest(image):
        return image
    reference = parse(image)
    if reference.digest:
        return reference.digest
    found = deployments.named_last(connection, reference) if reference.path else ()
    if not found:
        raise NotFound(f"no image was recorded as {image}", "name it by its digest: --image sha256:...")
    # The digest of an index means the image on every platform.
    return found[-1]
