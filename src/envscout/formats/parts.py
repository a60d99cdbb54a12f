"""Parts that pages share: counts, how far an answer can be trusted, findings, what was suppressed, what is unknown."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from envscout import __version__
from envscout.formats.markup import Child, Markup, anchor, el, facts, join, table, text
from envscout.formats.words import reason
from envscout.model import BaseImage, Coverage, Deployment, Finding, Reason, Summary
from envscout.names import moment
from envscout.verbs.ask import ImageReport

WORDS = ("critical", "high", "medium", "low", "unspecified")
_BASES = {
    "provenance": "as its provenance says",
    "label": "as its labels say",
    "known": "which has the same layers",
    "history": "guessed from its history",
}


def when(at: int) -> str:
    """Write a moment for people: `1 October 2026, 00:00:00 UTC`."""
    stamp = moment.show(at)
    return f"{int(stamp[8:10])} {_MONTHS[int(stamp[5:7]) - 1]} {stamp[:4]}, {stamp[11:19]} UTC"


_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def day(at: int) -> Markup:
    """Write the day of a moment, in one piece."""
    return el("span", moment.show(at)[:10], class_="nowrap")


def named(vulnerability: str, url: str = "") -> Markup:
    """Return the name of a vulnerability, in one piece where it is as short as most are, and where to read about it."""
    return el("b", anchor(vulnerability, url), class_="nowrap" if len(vulnerability) <= _SHORT else None)


_SHORT = 20


def tag(words: str, tone: str) -> Markup:
    """Return a word in its colour."""
    return el("span", words, class_=f"tag {tone}")


def tiles(summary: Summary, coverage: Coverage, *more: tuple[str, str, str]) -> Markup:
    """Return the counts by severity; more: number, what it counts, and its tone. Of the unknown none is exact."""
    least = "≥ " if coverage.state == "unknown" else ""
    shown = [(f"{least}{getattr(summary, word)}", word, word) for word in WORDS]
    return el(
        "ul",
        *(el("li", el("b", number), el("span", what), class_=tone) for number, what, tone in (*shown, *more)),
        class_="tiles",
    )


_TRUST = {
    "complete": ("good", "No reason is known why a vulnerability could have been missed."),
    "partial": ("", "What is listed is known; for these reasons there may be more:"),
    "unknown": ("bad", "An empty list does not mean that there is nothing. For these reasons nobody can tell:"),
}


def trust(title: str, state: str, reasons: Iterable[tuple[str, Reason]], level: str = "h2") -> Markup:
    """Return how far an answer can be trusted, with all reasons: the image that each is about, "" for all, and it."""
    tone, words = _TRUST[state]
    told = [
        el("li", [el("b", reference), ": "] if reference else None, why.message, " ", el("code", why.code))
        for reference, why in reasons
    ]
    body = (el(level, title), el("p", words), el("ul", *told) if told else None)
    return el("section", *body, class_=f"note {tone}".strip())


def trusted(images: Sequence[ImageReport], coverage: Coverage, reasons: Iterable[tuple[str, Reason]]) -> Markup:
    """Return how far an answer about several images can be trusted."""
    unknown = sum(each.coverage.state == "unknown" for each in images)
    partial = sum(each.coverage.state == "partial" for each in images)
    title = {
        "complete": "Everything could be assessed",
        "partial": f"Not everything could be assessed in {_of(partial, images)}"
        if partial
        else "This is not everything",
        "unknown": f"What {_of(unknown, images)} may be vulnerable to is not known" if unknown else "This is not known",
    }[coverage.state]
    return trust(title, coverage.state, reasons)


def _of(count: int, images: Sequence[ImageReport]) -> str:
    return "this image" if len(images) == 1 else f"{count} of {len(images)} images"


def state(coverage: Coverage) -> Markup:
    """Return in a word how far what is said of an image can be trusted."""
    return tag(coverage.state, {"complete": "pass", "unknown": "fail"}.get(coverage.state, "unknown"))


def counts(summary: Summary, coverage: Coverage) -> Markup:
    """Return the counts of one image in one line; what is not known is never read as nothing."""
    said = [tag(f"{getattr(summary, word)} {word}", word) for word in WORDS if getattr(summary, word)]
    if coverage.state == "unknown":
        return join([tag("unknown", "unknown"), *([" at least ", *said] if said else [])])
    return join(said) if said else text("none")


def base(found: BaseImage | None) -> str:
    """Say what an image was built on, and who says so."""
    if found is None:
        return "not known"
    name = found.name or found.digest or "unnamed"
    layers = f"{found.layers} layers" if found.layers else "layers not known"
    return f"{name} ({layers}, {_BASES.get(found.source, found.source)})"


def who(ran: Deployment) -> Child:
    """Say who deployed something, through what, from which commit and in which run."""
    said: list[Child] = [ran.actor or "nobody said who"]
    said.append(f" ({ran.source})" if ran.source else "")
    if ran.commit:
        said.append(el("span", "commit ", el("code", ran.commit[:64]), class_="small"))
    if ran.run_url:
        said.append(
            el("span", anchor("run", ran.run_url), class_="small")
            if len(ran.run_url) > 40
            else el("span", anchor(ran.run_url, ran.run_url), class_="small")
        )
    return said


def findings(
    caption: str,
    found: Iterable[Finding],
    changes: dict[str, str] | None = None,
    about: Callable[[str], Markup] | None = None,
) -> Markup:
    """Return the findings, each with what is known of it. about: where to read on about one, by its name."""
    head = ("Severity", "Vulnerability", "Package", "Affected versions", "Fixed in", "CVSS / EPSS")
    return table(caption, head, (_row(each, changes or {}, about) for each in found), class_="findings")


def _row(found: Finding, changes: dict[str, str], about: Callable[[str], Markup] | None) -> tuple[Child, ...]:
    change = changes.get(found.vulnerability, "")
    marks = [tag("known exploited", "critical") if found.kev else None, tag(change, "") if change else None]
    scores = " / ".join(
        filter(None, (f"{found.cvss.score:g}" if found.cvss else "", f"{found.epss.score:.1%}" if found.epss else ""))
    )
    return (
        tag(found.severity, found.severity),
        [
            named(found.vulnerability, found.url),
            " ",
            marks,
            el("span", found.summary, class_="small") if found.summary else None,
            about(found.vulnerability) if about else None,
            _more(found),
        ],
        [found.package.name, " ", el("code", found.package.version), el("span", found.package.type, class_="small")],
        el("code", found.range.text),
        el("code", found.fixed_version) if found.fixed_version else "not fixed",
        scores,
    )


def _more(found: Finding) -> Markup:
    rows = (
        ("Severity from", found.severity_source),
        ("CVSS vector", found.cvss.vector if found.cvss else ""),
        ("Advisories", ", ".join(found.advisories)),
        ("Also known as", ", ".join(found.aliases)),
        ("Published", moment.show(found.published)[:10] if found.published else ""),
        ("Package URL", el("code", found.package.purl)),
        ("Found in", ", ".join(found.locations)),
        ("Layer", el("code", found.layer) if found.layer else ""),
        ("From the base image", {True: "yes", False: "no", None: ""}[found.from_base]),
    )
    said = found.description if found.description != found.summary else ""
    return el("details", el("summary", "Details"), el("p", said) if said else None, facts(rows))


def suppressed(found: Iterable[Finding]) -> Markup:
    """Return what does not count, and who says so."""
    rows = (
        (
            tag(each.severity, each.severity),
            [
                named(each.vulnerability, each.url),
                el("span", each.summary, class_="small") if each.summary else None,
            ],
            [each.package.name, " ", el("code", each.package.version)],
            [reason(each.suppression) if each.suppression else "", el("span", _origin(each), class_="small")],
        )
        for each in found
    )
    return table(
        "Suppressed: somebody said that these do not count", ("Severity", "Vulnerability", "Package", "Why"), rows
    )


def _origin(found: Finding) -> str:
    said = found.suppression
    if said is None:
        return ""
    since = f", since {moment.show(said.since)[:10]}" if said.since is not None else ""
    return f"{ {'exception': 'exception', 'vex': 'VEX'}.get(said.source, said.source) } {said.where}{since}"


def unassessed(image: ImageReport) -> Markup | None:
    """Return what nobody could assess."""
    if not image.unassessed:
        return None
    rows = [
        el(
            "li",
            el("b", name),
            " may have ",
            el("b", vulnerability),
            ": its advisory names no versions that can be compared.",
        )
        for name, vulnerability in image.unassessed
    ]
    return el("section", el("h3", "To be checked by hand"), el("ul", *rows), class_="note")


def lapsed(image: ImageReport) -> Markup | None:
    """Return exceptions that have ended: what they spoke of counts again."""
    rows = [
        el(
            "li",
            el("b", each.vulnerability),
            f": the exception of {each.who or 'nobody'} ended ",
            _ended(each.cause, each.until, each.detail),
        )
        for each in image.lapses
    ]
    return el("section", el("h3", "Exceptions that have ended"), el("ul", *rows), class_="note") if rows else None


def _ended(cause: str, until: int | None, detail: str) -> str:
    said = {
        "expired": "as it was meant to",
        "fix-known": "with a fix being known",
        "known-exploited": "with it being exploited",
    }
    at = f" on {moment.show(until)[:10]}" if until is not None else ""
    return f"{said.get(cause, cause)}{at}{f' ({detail})' if detail else ''}"


def image_facts(image: ImageReport) -> Markup:
    """Return what an image is, and what it runs as."""
    ran, system = image.deployment, image.distribution
    rows: list[tuple[str, Child]] = [
        ("Digest", el("code", image.image.digest)),
        ("Platform", image.image.platform),
        ("Running since", when(ran.since) if ran else ""),
        ("Deployed by", who(ran) if ran else ""),
        ("Base image", base(image.base)),
        (
            "Distribution",
            (f"{system.name or system.id} {'' if system.name else system.version}".strip() if system else "not known"),
        ),
        ("Packages", str(image.packages)),
    ]
    return facts(rows)


def made(given: int) -> Markup:
    """Return the foot of a page: who wrote it, when, and how to read it."""
    return el(
        "footer",
        el(
            "p",
            f"Written by envscout {__version__} on {when(given)}. This file is complete in itself: it loads nothing and"
            " runs no script.",
        ),
        el(
            "p",
            "“Unknown” and “partial” mean that vulnerabilities may be missing from a list; only “complete” with an"
            " empty list means that none is known.",
        ),
    )


def sections(image: ImageReport, changes: dict[str, str] | None = None) -> Iterator[Markup | None]:
    """Yield what is known of the vulnerabilities of one image."""
    if image.coverage.state != "complete":
        title = "Not known" if image.coverage.state == "unknown" else "Not everything could be assessed"
        yield trust(title, image.coverage.state, (("", why) for why in image.coverage.reasons), "h4")
    yield lapsed(image)
    if image.findings:
        yield findings(f"{len(image.findings)} findings, the worst first", image.findings, changes)
    elif image.coverage.state == "unknown":
        yield el("p", tag("unknown", "unknown"), " It is unknown whether there are vulnerabilities.")
    else:
        yield el(
            "p",
            "No vulnerability that counts was found"
            + (" in what could be assessed." if image.coverage.state == "partial" else "."),
        )
    if image.suppressed:
        yield suppressed(image.suppressed)
    yield unassessed(image)
