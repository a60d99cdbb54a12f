"""Exceptions as text and as JSON."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from envscout.model import Product
from envscout.names import moment

if TYPE_CHECKING:
    from envscout.model import Statement
    from envscout.store.exceptions import Entry
    from envscout.verbs.exceptions import Listed, Proposal

HEAD = ("Id", "Vulnerability", "Kind", "Where", "Owner", "Ends", "State", "Reason")
ASKED = ("Id", "Vulnerabilities", "Kind", "Where", "Asked by", "When", "Decided", "Reason")
SOON = 7 * 86_400_000_000
"""Microseconds before its end from which an exception is told to end soon."""


def row(each: "Listed") -> tuple[str, ...]:
    """Return the line of an exception."""
    said = each.entry.statement
    return (
        said.where,
        said.names[0],
        said.kind,
        scope(said.products[0]),
        said.who,
        end(said),
        each.state if each.state != "active" else "",
        said.why,
    )


def asked(each: "Proposal") -> tuple[str, ...]:
    """Return the line of exceptions that somebody asks for."""
    wish = each.wish
    product = Product(wish.organization, wish.environment, wish.service, digest=wish.image, packages=wish.packages)
    names = ", ".join(each.names[:3]) + (f" and {len(each.names) - 3} more" if len(each.names) > 3 else "")
    decided = f"{'approved' if each.approved else 'refused'} by {each.decided_by}" if each.decided_at else ""
    when = moment.show(each.asked_at)[:10]
    return str(each.number), names, wish.kind, scope(product), each.asked_by, when, decided, wish.reason


def scope(product: Product) -> str:
    """Return where an exception holds, in words."""
    parts = (
        ("", " ".join(product.packages)),
        ("org", product.organization),
        ("env", product.environment),
        ("service", product.service),
        ("image", product.digest[:19]),
    )
    return ", ".join(f"{name} {text}".strip() for name, text in parts if text) or "everywhere"


def end(said: "Statement") -> str:
    """Return when an exception ends, in words; "" for never."""
    parts = (
        moment.show(said.until)[:10] if said.until is not None else "",
        "when a fix is known" if said.on_fix else "",
        "when it is exploited" if said.on_kev else "",
    )
    return ", ".join(filter(None, parts))


def soon(each: "Listed", present: int) -> bool:
    """Tell whether an exception ends within the next days."""
    until = each.entry.statement.until
    return each.state == "active" and until is not None and until - present <= SOON


def added(each: "Entry") -> Iterator[str]:
    """Yield what a person is told of an exception that was made."""
    said = each.statement
    ends = f", ends {end(said)}" if end(said) else ""
    yield f"exception {said.where}: {said.names[0]} is {_CALLED[said.kind]} {scope(said.products[0])}{ends}"


_CALLED = {"accepted-risk": "an accepted risk,", "false-positive": "a false positive,"}


def document(each: "Entry", state: str) -> dict[str, Any]:
    """Return the part of a JSON document that describes an exception."""
    said, product = each.statement, each.statement.products[0]
    return {
        "id": each.number,
        "vulnerability": said.names[0],
        "kind": said.kind,
        "justification": said.justification or None,
        "owner": said.who,
        "reason": said.why,
        "organization": product.organization or None,
        "environment": product.environment or None,
        "service": product.service or None,
        "image": product.digest or None,
        "packages": product.packages,
        "expires": moment.show(said.until) if said.until is not None else None,
        "on_fix": said.on_fix,
        "on_kev": said.on_kev,
        "state": state,
        "added_at": moment.show(said.at),
        "added_by": each.added_by,
        "removed_at": moment.show(each.removed_at) if each.removed_at is not None else None,
        "removed_by": each.removed_by or None,
        "removed_because": each.removed_why or None,
    }
