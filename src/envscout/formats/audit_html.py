"""The report of an environment as one page that stands alone: for an auditor."""

from collections.abc import Iterator

from envscout.formats import parts
from envscout.formats.audit import Audit, Judged
from envscout.formats.markup import Child, anchor, el, page, table, text
from envscout.formats.parts import tag, when
from envscout.formats.words import fingerprint
from envscout.model import Product, Verdict
from envscout.policies.force import Effective
from envscout.verbs.exceptions import Listed

_PARTS = (
    ("summary", "Summary"),
    ("running", "What ran"),
    ("policies", "Policies"),
    ("exceptions", "Exceptions"),
    ("images", "Images and findings"),
    ("history", "History"),
    ("sources", "Sources"),
)
_SHOWN = 20
"""Violations of a policy that are told; the rest is counted."""


def write(audit: Audit) -> Iterator[str]:
    """Yield the page."""
    answer = audit.answer
    organizations = ", ".join(audit.organizations)
    head = el(
        "header",
        el("p", f"Environment report{f' · {organizations}' if organizations else ''}", class_="kicker"),
        el("h1", audit.environment),
        el("p", audit.moments),
        el("p", f"Written on {when(answer.given)}.", class_="soft small"),
        el("nav", el("ul", *(el("li", el("a", title, href=f"#{name}")) for name, title in _PARTS)), aria_label="Parts"),
    )
    bodies = (_summary, _running, _policies, _exceptions, _images, _history, _sources)
    sections = (
        el("section", el("h2", title, id=name), *body(audit), aria_labelledby=name)
        for (name, title), body in zip(_PARTS, bodies, strict=True)
    )
    trusted = parts.trusted(answer.report.images, answer.coverage, answer.reasons)
    main = el("main", trusted, *sections, id="content")
    yield page(f"{audit.environment}: environment report, {when(audit.at)}", head, main, parts.made(answer.given))


def _summary(audit: Audit) -> Iterator[Child]:
    report = audit.answer.report
    suppressed = sum(len(each.suppressed) for each in report.images)
    failing = audit.failing
    yield parts.tiles(report.summary, report.coverage)
    more = (
        (str(len(report.images)), "images running", ""),
        (str(failing), "of them fail a policy", "fail" if failing else "pass"),
        (str(suppressed), "findings suppressed", ""),
        (str(len(audit.exceptions)), "exceptions in force", ""),
    )
    yield el(
        "ul", *(el("li", el("b", count), el("span", what), class_=tone) for count, what, tone in more), class_="tiles"
    )
    yield el(
        "p",
        "A vulnerability in several packages or images is counted once, with its worst severity.",
        class_="soft small",
    )


def _running(audit: Audit) -> Iterator[Child]:
    rows = (_ran(each) for each in audit.judged)
    head = ("Service", "Image", "Running since", "Deployed by", "Vulnerabilities", "Policies", "Coverage")
    yield table(f"{len(audit.judged)} images ran", head, rows)


def _ran(each: Judged) -> tuple[Child, ...]:
    report, ran = each.report, each.report.deployment
    digest = report.image.digest
    return (
        el("a", el("b", ran.service if ran else report.reference), href=f"#{_anchor(each)}"),
        [report.reference, el("code", digest[:19] + ("…" if len(digest) > 19 else ""), class_="small", title=digest)],
        when(ran.since) if ran else "",
        parts.who(ran) if ran else "",
        parts.counts(report.summary, report.coverage),
        _grade(each),
        parts.state(report.coverage),
    )


def _anchor(each: Judged) -> str:
    ran = each.report.deployment
    slot = (ran.organization, ran.service, ran.platform, str(ran.since)) if ran else ()
    return f"image-{fingerprint(each.report.image.digest, *slot)[:16]}"


def _grade(each: Judged) -> Child:
    fails = any(one.blocks for one in each.verdicts)
    count = f"{each.met} of {len(each.verdicts)} met"
    tone = "fail" if fails else "pass"
    health = f"health {each.health.grade} ({each.health.percent}%)" if each.health.grade else ""
    return [tag(count, tone), el("span", health, class_="small") if health else None]


def _policies(audit: Audit) -> Iterator[Child]:
    for each in audit.in_force:
        yield el("p", *_origin(each))
    rows = [
        (
            el("b", each.report.deployment.service if each.report.deployment else each.report.reference),
            tag(verdict.state, verdict.state),
            [verdict.title, el("code", verdict.policy, class_="small")],
            verdict.result,
            _why(verdict),
        )
        for each in audit.judged
        for verdict in each.verdicts
        if verdict.state != "pass"
    ]
    if rows:
        yield table(
            "Policies that are not met, or not known to be", ("Service", "Verdict", "Policy", "Result", "Why"), rows
        )
    else:
        yield el("p", "Every image meets every policy." if audit.judged else "Nothing was judged.")


def _origin(each: Effective) -> Iterator[Child]:
    """Say where policies come from, who put them in force and when, and what tells them from others."""
    applied = each.applied
    if applied is None:
        yield {"standard": "In force were the standard policies"}.get(
            each.source, f"Judged by policies from {each.where}"
        )
    else:
        who = f" by {applied.actor}" if applied.actor else ""
        yield f"In force were the policies of {applied.scope}, put there{who} on {when(applied.at)}"
    yield from (" (", el("code", each.digest[:19]), "): ", ", ".join(one.id for one in each.policies), ".")


def _why(verdict: Verdict) -> Child:
    said = [*(one.message for one in verdict.violations), *verdict.reasons]
    if not said:
        return ""
    if len(said) == 1:
        return said[0]
    more = [el("li", f"and {len(said) - _SHOWN} more")] if len(said) > _SHOWN else []
    return [
        said[0],
        el(
            "details", el("summary", f"{len(said)} reasons"), el("ul", *(el("li", one) for one in said[:_SHOWN]), *more)
        ),
    ]


def _exceptions(audit: Audit) -> Iterator[Child]:
    if not audit.exceptions:
        yield el("p", "No exception was in force.")
        return
    rows = (
        (
            parts.named(said.names[0]),
            [
                said.kind.replace("-", " "),
                el("span", said.justification.replace("_", " "), class_="small") if said.justification else None,
            ],
            _scope(each.entry.statement.products[0]),
            said.who,
            [
                parts.day(said.at),
                el("span", f"by {each.entry.added_by}", class_="small") if each.entry.added_by else None,
            ],
            _end(each),
            said.why,
        )
        for each in audit.exceptions
        for said in (each.entry.statement,)
    )
    head = ("Vulnerability", "Kind", "Where", "Owner", "Since", "Until", "Reason")
    yield table(f"{len(audit.exceptions)} exceptions stood", head, rows)


def _scope(product: Product) -> str:
    told = (
        ("", ", ".join(product.packages)),
        ("organization", product.organization),
        ("environment", product.environment),
        ("service", product.service),
        ("image", product.digest[:19]),
    )
    return ", ".join(f"{name} {value}".strip() for name, value in told if value) or "everywhere"


def _end(each: Listed) -> Child:
    said = each.entry.statement
    told: tuple[Child, ...] = (
        parts.day(said.until) if said.until is not None else None,
        "when a fix is known" if said.on_fix else None,
        "when it is exploited" if said.on_kev else None,
    )
    return [[", " if number else None, one] for number, one in enumerate(filter(None, told))] or "without end"


def _images(audit: Audit) -> Iterator[Child]:
    for each in audit.judged:
        yield el(
            "section",
            el("h3", each.report.reference, id=_anchor(each)),
            parts.image_facts(each.report),
            *parts.sections(each.report),
        )


def _history(audit: Audit) -> Iterator[Child]:
    if audit.since is None:
        yield el("p", "What was recorded before was not asked for: --since TIME tells it.", class_="soft")
        return
    period = f"between {when(audit.since)} and {when(audit.at)}"
    if not audit.events:
        yield el("p", f"Nothing was recorded {period}.")
        return
    rows = (
        (
            when(each.at),
            {"record": "deployed", "add": "deployed beside", "remove": "removed"}.get(each.action, each.action),
            el("b", each.service),
            [each.reference, el("code", each.digest[:19], class_="small", title=each.digest) if each.digest else None],
            [each.actor or "nobody said who", f" ({each.source})"],
            [
                el("code", each.commit[:64]),
                el("span", anchor(each.run_url, each.run_url), class_="small") if each.run_url else None,
            ]
            if each.commit or each.run_url
            else "",
        )
        for each in audit.events
    )
    head = ("When", "What", "Service", "Image", "By", "Commit and run")
    yield table(f"{len(audit.events)} events {period}, the newest first", head, rows)


def _sources(audit: Audit) -> Iterator[Child]:
    rows = (
        (
            el("b", each.name),
            each.kind,
            when(each.run.as_of) if each.run.as_of > 0 else "not known",
            when(each.run.at),
            f"{each.run.records:,}",
        )
        for each in audit.feeds
    )
    if audit.feeds:
        yield table(
            "Advisories and facts as they were known", ("Feed", "Kind", "Speaks for", "Fetched", "Records"), rows
        )
    else:
        yield el("p", tag("unknown", "unknown"), text(" No advisories were known."))
