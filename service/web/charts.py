"""Charts drawn on the server: numbers in, SVG out. Each has a title and a text that says it."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

WIDTH, HEIGHT, EDGE = 240, 48, 4
# A line of no length with round ends stays a dot however the chart is stretched.
_LINE = Markup('<polyline class="line" points="{}"/><path class="end" d="M{} {}h0"/>')
_COLUMN = Markup('<rect class="column" x="{:g}" y="{:g}" width="{:g}" height="{:g}"/>')
_FRAME = Markup(
    '<svg class="chart {kind}" viewBox="0 0 {width} {height}" role="img" '
    'aria-labelledby="{key}-t {key}-d" preserveAspectRatio="none">'
    '<title id="{key}-t">{title}</title><desc id="{key}-d">{text}</desc>{shapes}</svg>'
)


def sparkline(values: Sequence[int], *, key: str, title: str, text: str) -> Markup:
    """Return a line over the values, its end marked. `key` is unique on the page."""
    points = _points(values)
    line = " ".join(f"{x:g},{y:g}" for x, y in points)
    shapes = Markup("")
    if points:
        shapes = _LINE.format(line, *(f"{place:g}" for place in points[-1]))
    return _figure("sparkline", shapes, key, title, text)


def columns(values: Sequence[int], *, key: str, title: str, text: str) -> Markup:
    """Return one column for each value, from a common ground line."""
    step = WIDTH / max(len(values), 1)
    top = max([*values, 1])
    shapes = Markup("")
    for place, value in enumerate(values):
        height = round((HEIGHT - EDGE) * value / top, 2)
        x = round(place * step, 2)
        shapes += _COLUMN.format(x, HEIGHT - height, round(step * 0.8, 2), height)
    return _figure("columns", shapes, key, title, text)


def _points(values: Sequence[int]) -> list[tuple[float, float]]:
    step = (WIDTH - 2 * EDGE) / max(len(values) - 1, 1)
    scale = (HEIGHT - 2 * EDGE) / max([*values, 1])
    return [
        (round(EDGE + place * step, 1), round(HEIGHT - EDGE - value * scale, 1))
        for place, value in enumerate(values)
    ]


def _figure(kind: str, shapes: Markup, key: str, title: str, text: str) -> Markup:
    return _FRAME.format(
        kind=kind, width=WIDTH, height=HEIGHT, key=key, title=title, text=text, shapes=shapes
    )
