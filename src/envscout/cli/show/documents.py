"""Answers as JSON: versioned schemas, described in docs/reference/json.md. Fields are only ever added."""

import re
from typing import TYPE_CHECKING, Any

import msgspec

from envscout.names import moment

if TYPE_CHECKING:
    from envscout.model import BaseImage, Coverage, Deployment, Event, Finding, Lapse, Suppression
    from envscout.standing.spots import Spot
    from envscout.verbs.ask import ImageReport, Report
    from envscout.verbs.locate import Located


# Controls that JSON may hold as they are, and what turns or hides text: a document may be looked at in a terminal.
_STEERS = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff]")


def encoded(content: object) -> str:
    """Return a document on one line of JSON; what would steer a terminal is written as `\\uNNNN`: it means the same."""
    text = msgspec.json.encode(content).decode()
    return text if text.isascii() and "\x7f" not in text else _STEERS.sub(lambda sign: f"\\u{ord(sign[0]):04x}", text)


def cves(report: "Report") -> dict[str, Any]:
    """Return the document of `cves --format json`."""
    return {
        "schema": "envscout/cves/1",
        "environment": report.environment or None,
        "at": _moment(report.at),
        "as_of": _moment(report.as_of),
        "images": [image(each) for each in report.images],
        "findings": [finding(each, found) for each in report.images for found in each.findings],
        "suppressed": [finding(each, found) for each in report.images for found in each.suppressed],
        "lapses": [lapse(each) for image in report.images for each in image.lapses],
        "problems": [msgspec.structs.asdict(each) for each in report.problems],
        "summary": msgspec.structs.asdict(report.summary),
        "coverage": coverage(report.coverage),
    }


def image(each: "ImageReport") -> dict[str, Any]:
    """Return an image, and what it runs as."""
    ran = each.deployment
    return {
        "reference": each.reference,
        "digest": each.image.digest,
        "image_platform": each.image.platform or None,
        "size": each.image.size,
        "packages": each.packages,
        "base": base(each.base),
        "organization": ran.organization if ran else None,
        "service": ran.service if ran else None,
        "platform": (ran.platform or None) if ran else None,
        "since": moment.show(ran.since) if ran else None,
        "summary": msgspec.structs.asdict(each.summary),
        "coverage": coverage(each.coverage),
    }


def base(found: "BaseImage | None") -> dict[str, Any] | None:
    """Return the image that another was built on; what is not known is null."""
    if found is None:
        return None
    fields = msgspec.structs.asdict(found)
    return {key: value or None for key, value in fields.items()}


def finding(image: "ImageReport", found: "Finding") -> dict[str, Any]:
    """Return a finding with the image that it is in."""
    document = msgspec.structs.asdict(found)
    if found.suppression:
        document["suppression"] = suppression(found.suppression)
    document["published"] = moment.show(found.published) if found.published else None
    document["service"] = image.deployment.service if image.deployment else None
    document["digest"] = image.image.digest
    return document


def suppression(why: "Suppression") -> dict[str, Any]:
    """Return why a finding does not count; its moments as RFC 3339."""
    fields = msgspec.structs.asdict(why)
    return {**fields, "since": _moment(why.since), "until": _moment(why.until)}


def lapse(each: "Lapse") -> dict[str, Any]:
    """Return an exception that has ended."""
    return {**msgspec.structs.asdict(each), "until": _moment(each.until)}


def said(event: "Event | Deployment") -> dict[str, Any]:
    """Return an event or a deployment; its moments as RFC 3339."""
    fields = msgspec.structs.asdict(event)
    for name in ("at", "since", "until"):
        if fields.get(name) is not None:
            fields[name] = moment.show(fields[name])
    return fields


def coverage(found: "Coverage") -> dict[str, Any]:
    """Return the part of a document that says how far it can be trusted."""
    return {"state": found.state, "reasons": [msgspec.structs.asdict(reason) for reason in found.reasons]}


def where(located: "Located") -> dict[str, Any]:
    """Return the document of `where --format json`."""
    return {
        "schema": "envscout/where/1",
        "query": located.query,
        "kind": located.kind,
        "vulnerabilities": located.names,
        "similar": located.similar,
        "places": [_place(each) for each in located.spots],
        "coverage": coverage(located.coverage),
        "problems": [msgspec.structs.asdict(each) for each in located.problems],
    }


def _place(spot: "Spot") -> dict[str, Any]:
    why = suppression(spot.suppression) if spot.suppression else None
    return {**msgspec.structs.asdict(spot), "since": moment.show(spot.since), "suppression": why}


def _moment(value: int | None) -> str | None:
    return None if value is None else moment.show(value)
