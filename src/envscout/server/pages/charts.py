"""Pictures of numbers over time, drawn here: no script, no style of their own, and words for who cannot see them."""

from collections.abc import Sequence
from typing import NamedTuple

from envscout.formats.markup import Markup, el
from envscout.formats.words import cut
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
    between = "between" if part in (0.25, 0.75) else None
    return el("text", words, x=f"{left + width * part:.1f}", y=str(height - 6), text_anchor=place, class_=between)


def _round(number: int) -> int:
    """Return the next number that four lines part well."""
    step = 1
    while True:
        for each in (4, 8, 12, 20, 40):
            if each * step >= number:
                return each * step
        step *= 10


class Mark(NamedTuple):
    """Something that happened at a moment, in words; tone: "" or a class."""

    at: int
    tone: str
    words: str


class Lane(NamedTuple):
    """A line of its own, and what lies on it, in any order."""

    name: str
    marks: Sequence[Mark]


_LEFT, _WIDTH, _LANE, _TOP = 190, 720, 22, 150
_FIRST = 10


def story(
    span: tuple[int, int], moments: Sequence[int], rows: Sequence[Sequence[int]], lanes: Sequence[Lane], label: str
) -> Markup:
    """Return what happened from a moment to another: severities as lines, and under them lanes over the same time.

    moments, rows: counts at moments, from critical to unspecified. Marks that would lie on one another are one.
    """
    top = _TOP if len(moments) > 1 else _FIRST
    height = top + _LANE * len(lanes) + 30
    box = (_LEFT, 0, _WIDTH - _LEFT - 12, height)
    lines = _lines(span, moments, rows) if len(moments) > 1 else []
    days = [_day(span, part / 4, box, height) for part in range(5)]
    told = [_lane(each, span, top + _LANE * place + 14) for place, each in enumerate(lanes)]
    return _svg(_WIDTH, height, label, (*days, *lines, *told), "chart happened")


def _lines(span: tuple[int, int], moments: Sequence[int], rows: Sequence[Sequence[int]]) -> list[Markup]:
    most = _round(max(max(row) for row in rows))
    box = (_LEFT, _FIRST, _WIDTH - _LEFT - 12, _TOP - 2 * _FIRST - 10)
    marks = [_level(most * part / 2, most, box) for part in range(3)]
    _, top, _, height = box
    for column, word in reversed([*enumerate(SEVERITIES)]):
        points = [
            (_across(at, span), top + height - height * row[column] / most)
            for at, row in zip(moments, rows, strict=True)
        ]
        marks.append(el("path", class_=f"stroke {word}", d=_path(points), stroke_dasharray=_DASHES.get(word)))
    return marks


def _across(at: int, span: tuple[int, int]) -> float:
    since, until = span
    return _LEFT + (_WIDTH - 12 - _LEFT) * (at - since) / max(1, until - since)


def _lane(lane: Lane, span: tuple[int, int], y: int) -> Markup:
    line = el("line", class_="axis", x1=str(_LEFT), x2=str(_WIDTH - 12), y1=str(y), y2=str(y))
    label = el("text", cut(lane.name, 28), x=str(_LEFT - 8), y=str(y), dy="4", text_anchor="end")
    close: dict[int, list[Mark]] = {}
    for each in sorted(lane.marks):
        close.setdefault(round(_across(each.at, span)), []).append(each)
    dots = (_dot(x, y, marks) for x, marks in close.items())
    return Markup(line + label + "".join(dots))


def _dot(x: int, y: int, marks: Sequence[Mark]) -> Markup:
    more = f" and {len(marks) - 1:,} more" if len(marks) > 1 else ""
    words = f"{moment.show(marks[0].at)} {marks[0].words}{more}"
    radius = "4.5" if len(marks) == 1 else "6"
    class_ = f"dot {marks[0].tone}".strip()
    return el("circle", el("title", words), class_=class_, cx=str(x), cy=str(y), r=radius)
