"""Pictures of numbers over time, drawn here: no script, no style of their own, and words for who cannot see them."""

from collections.abc import Sequence

from envscout.formats.markup import Markup, el
from envscout.formats.words import cut
from envscout.model import Event
from envscout.names import moment

SEVERITIES = ("critical", "high", "medium", "low", "unspecified")
_DASHES = {"high": "9 3", "medium": "4 3", "low": "1 3", "unspecified": "1 6"}
"""Lines are told apart by how they are drawn, too."""


def spark(values: Sequence[int], label: str, tone: str = "") -> Markup:
    """Return a small line that shows where numbers went. label: what it shows, in words."""
    width, height = 120, 28
    points = _points(values, max(*values, 1), (0, 2, width, height - 4))
    line = el("path", class_="stroke", d=_path(points))
    area = el("path", class_="fill", d=f"{_path(points)} L{width},{height} L0,{height} Z")
    return _svg(width, height, label, (area, line), f"chart spark {tone}")


def trend(
    moments: Sequence[int], rows: Sequence[Sequence[int]], label: str, shown: Sequence[str] = SEVERITIES
) -> Markup:
    """Return lines of severities over time. rows: counts at each moment, from critical to unspecified."""
    width, height, left, bottom = 720, 240, 40, 24
    columns = {word: [row[SEVERITIES.index(word)] for row in rows] for word in shown}
    most = _round(max((value for each in columns.values() for value in each), default=0))
    box = (left, 10, width - left - 8, height - bottom - 10)
    marks = [_level(most * part / 4, most, box) for part in range(5)]
    days = [_day(moments, part / 4, box, height) for part in range(5)] if len(moments) > 1 else []
    lines = [
        el("path", class_=f"stroke {word}", d=_path(_points(values, most, box)), stroke_dasharray=_DASHES.get(word))
        for word, values in reversed(columns.items())
    ]
    return _svg(width, height, label, (*marks, *days, *lines), "chart")


def _svg(width: int, height: int, label: str, children: Sequence[Markup], class_: str) -> Markup:
    title = el("title", label)
    return el("svg", title, *children, class_=class_, viewBox=f"0 0 {width} {height}", role="img", aria_label=label)


def _points(values: Sequence[int], most: int, box: tuple[int, int, int, int]) -> list[tuple[float, float]]:
    left, top, width, height = box
    step = width / max(1, len(values) - 1)
    return [(left + place * step, top + height - height * value / most) for place, value in enumerate(values)]


def _path(points: Sequence[tuple[float, float]]) -> str:
    """Draw steps, as numbers stay until they change; what does not change is drawn once."""
    first = points[0]
    parts, height = [f"M{first[0]:.1f},{first[1]:.1f}"], first[1]
    for x, y in points[1:]:
        if y != height:
            parts.append(f"H{x:.1f}V{y:.1f}")
            height = y
    return "".join(parts) + f"H{points[-1][0]:.1f}"


def _level(value: float, most: int, box: tuple[int, int, int, int]) -> Markup:
    left, top, width, height = box
    y = f"{top + height - height * value / most:.1f}"
    line = el("line", class_="axis", x1=str(left), x2=str(left + width), y1=y, y2=y)
    return Markup(line + el("text", f"{value:,.0f}", x=str(left - 6), y=y, dy="4", text_anchor="end"))


def _day(moments: Sequence[int], part: float, box: tuple[int, int, int, int], height: int) -> Markup:
    left, _, width, _ = box
    at = moments[0] + int((moments[-1] - moments[0]) * part)
    place = {0.0: "start", 1.0: "end"}.get(part, "middle")
    span = moments[-1] - moments[0]
    words = moment.show(at)[:10] if span > 4 * 86_400_000_000 else moment.show(at)[11:16]
    return el("text", words, x=f"{left + width * part:.1f}", y=str(height - 6), text_anchor=place)


def _round(number: int) -> int:
    """Return the next number that four lines part well."""
    step = 1
    while True:
        for each in (4, 8, 12, 20, 40):
            if each * step >= number:
                return each * step
        step *= 10


_MOST_LANES = 30


def happened(since: int, until: int, events: Sequence[Event], label: str) -> Markup:
    """Return what was said of services as marks on a line for each: at most 30, those of which most was said."""
    by_service: dict[str, list[Event]] = {}
    for each in events:
        by_service.setdefault(each.service, []).append(each)
    shown = sorted(sorted(by_service, key=lambda name: -len(by_service[name]))[:_MOST_LANES])
    left, width, lane = 190, 720, 20
    height = lane * len(shown) + 30
    box = (left, 0, width - left - 12, height)
    rows = [
        Markup(_lane(name, by_service[name], (since, until), (left, width, place * lane + 14)))
        for place, name in enumerate(shown)
    ]
    days = [_day((since, until), part / 4, box, height) for part in range(5)]
    return _svg(width, height, label, (*days, *rows), "chart happened")


def _lane(name: str, events: Sequence[Event], span: tuple[int, int], box: tuple[int, int, int]) -> str:
    since, until = span
    left, width, y = box
    line = el("line", class_="axis", x1=str(left), x2=str(width - 12), y1=str(y), y2=str(y))
    label = el("text", cut(name, 28), x=str(left - 8), y=str(y), dy="4", text_anchor="end")
    dots = [
        el(
            "circle",
            el("title", f"{moment.show(each.at)} {each.action} {each.reference}"),
            class_="dot fail" if each.action == "remove" else "dot",
            cx=f"{left + (width - 12 - left) * (each.at - since) / max(1, until - since):.1f}",
            cy=str(y),
            r="4.5",
        )
        for each in events
    ]
    return line + label + "".join(dots)
