"""The drawings of a report, as SVG. Each takes plain numbers and words and knows neither report nor language nor page.

Shape speaks before colour, so that a grey printer loses nothing; nothing is joined over a gap. Units are 1/96 inch. `FONT` stands where
the page and the PDF put the name of their own type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from itertools import pairwise

from dashboards.report.paper import Picture

Scale = Callable[[float], float]
FONT = "@type"
INK, INK_2, INK_3, RULE, EDGE = "#1d282d", "#47545b", "#5f6a70", "#dfdbd3", "#7d868a"
USUAL, ABOVE, WELL, BAND, UNSURE, HATCH = "#468d89", "#6a55a4", "#3b1d63", "#e4efed", "#868e92", "#8f989c"

WIDE = 536.0
"""The wide column: 142 mm."""
PLOT = 504.0
"""Of it, what days are drawn on; the rest is for the words of the axis."""
STRIP = 100.0
STRIP_TALL = 14.0
LOW, HIGH = -2.0, 4.0
"""Standard deviations that a strip shows; what lies outside is drawn at its end, as a wedge."""

GLYPHS: Mapping[str, str] = {
    "rejection": "<y 6.5 14><p M14 6v16><t 21.5 14 3.6>",
    "exclusion": "<y 7 21.5><t 13.5 7.5 3.1><t 21.5 7.5 3.1><t 20 15.5 3.1>",
    "ignored": "<y 7 14><d 20.5 14 4.4>",
    "criticism": "<t 14 6 3.4><p M14 11.5v5m-2.6-2.4 2.6 2.6 2.6-2.6><y 14 22.6>",
    "conflict": "<y 5.5 14><p m10.5 16.5 3-5 2 5 3-5><t 23 14 3.2>",
    "boundary": "<y 12 14><p M12 5.5a8.5 8.5 0 1 1 0 17><q M12 5.5a8.5 8.5 0 0 0 0 17><t 25 6 1.9>",
    "connection": "<t 10.5 14 6.2><t 17.5 14 6.2><y 14 14 2.6>",
    "support": "<y 14 10><p M6 13a8 8 0 0 0 16 0><p M14 21v2.5>",
    "reaching_out": "<y 6 14><p M11 14h6m-2.4-2.6L17.2 14l-2.6 2.6><t 23 14 3.2>",
    "group": "<y 14 15><t 14 6 2.9><t 6 20.5 2.9><t 22 20.5 2.9>",
    "exposure_step": "<p M4 23h6v-5h6v-5h6V8><y 13 12.4 3>",
    "other": "<y 14 14 3><t 6 14 2><t 22 14 2>",
}
"""As on the page: the filled dot (`y`) is always you, open circles (`t`, dashed `d`) are others; `p` and `q` (dotted) are strokes."""


def mark(name: str, **given: object) -> str:
    """One element; `_` in a name stands for `-`."""
    return f"<{name} " + " ".join(f'{key.rstrip("_").replace("_", "-")}="{escape(fixed(value))}"' for key, value in given.items() if value is not None) + "/>"


def fixed(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def words(x: float, y: float, text: str, *, anchor: str = "start", fill: str = INK_3, bold: bool = False) -> str:
    weight = ' font-weight="700"' if bold else ""
    return f'<text x="{fixed(x)}" y="{fixed(y)}" text-anchor="{anchor}" fill="{fill}" font-size="10"{weight}>{escape(text)}</text>'


def width_of(text: str) -> float:
    """About how wide words are drawn, on the safe side."""
    return 5.6 * len(text)


def picture(width: float, height: float, alt: str, parts: Iterable[str]) -> Picture:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {fixed(width)} {fixed(height)}" width="{fixed(width)}" height="{fixed(height)}" '
    return Picture(f'{head}font-family="{FONT}">{"".join(parts)}</svg>', alt, width, height)


def hline(y: float, start: float, stop: float, colour: str = RULE, width: float = 0.8) -> str:
    return mark("path", d=f"M{fixed(start)} {fixed(y)}H{fixed(stop)}", stroke=colour, stroke_width=width, fill="none")


def ring(x: float, y: float, r: float = 2.4, *, filled: bool = False, colour: str = INK_2) -> str:
    return mark("circle", cx=x, cy=y, r=r, fill=colour if filled else "none", stroke=colour, stroke_width=0.9)


def joined(points: Sequence[tuple[float, float] | None]) -> str:
    """A path through neighbours that are there; it breaks where one is not."""
    steps = [("M" if before is None else "L", here) for before, here in pairwise([None, *points])]
    return "".join(f"{step}{here[0]:.1f} {here[1]:.1f}" for step, here in steps if here is not None)


def hatched(x: float, y: float, width: float, height: float, gate: str) -> str:
    """A gate as a texture, drawn line by line: patterns of one document share their names."""
    outline: dict[str, object] = {"fill": BAND if gate == "still" else "none", "stroke": EDGE, "stroke_width": 0.7}
    box = mark("rect", x=x, y=y, width=width, height=height, stroke_dasharray="2 2" if gate == "unknown" else None, **outline)
    if gate == "light":
        dots = (mark("circle", cx=x + dx, cy=y + dy, r=0.9, fill=HATCH) for dx in steps_of(3, width - 1, 6) for dy in steps_of(3, height, 5))
        return box + "".join(dots)
    lean, dash, every = {"moving": (height, None, 8), "recovery": (height, "3 3", 8), "posture": (0.0, None, 4)}.get(gate, (0.0, None, 0))
    lines = (slanted(x, y, width, height, start, lean) for start in (steps_of(every / 2 - lean, width, every) if every else ()))
    return box + "".join(mark("path", d=d, stroke=HATCH, stroke_width=1.5, stroke_dasharray=dash, fill="none") for d in lines if d)


def slanted(x: float, y: float, width: float, height: float, start: float, lean: float) -> str:
    """A line from the lower edge at `start`, leaning right by `lean` over the height, kept inside the box."""
    if not lean:
        return f"M{x + start:.1f} {y:.1f}v{height:.1f}"
    low, high = max(start, 0.0), min(start + lean, width)
    if high <= low:
        return ""
    at = [y + height - height * (each - start) / lean for each in (low, high)]
    return f"M{x + low:.1f} {at[0]:.1f}L{x + high:.1f} {at[1]:.1f}"


def steps_of(start: float, stop: float, every: float) -> list[float]:
    return [start + every * i for i in range(max(0, int((stop - start) / every) + 1)) if start + every * i < stop]


# ---------------------------------------------------------------- days


def day_x(day: float, days: int) -> float:
    return PLOT * (day + 0.5) / days


def day_width(days: int) -> float:
    return PLOT / days


def dated(ticks: Sequence[tuple[int, str]], days: int, y: float) -> list[str]:
    """Dates under an axis, at the left edge of their day; the last day ends at its own right edge."""
    return [words(PLOT, y, text, anchor="end") if day == days - 1 and days > 1 else words(PLOT * day / days + 1, y, text) for day, text in ticks]


def coverage(alt: str, worn: Sequence[float], usable: Sequence[float], ticks: Sequence[tuple[int, str]], hour: str) -> Picture:
    """Hours worn a day (open), of them usable (filled); a dash where nothing was worn. `hour`: `{n} h`."""
    days, floor, top = len(worn), 44.0, max(16.0, *worn, 0.0)
    pitch = day_width(days)
    inset = min(2.0, pitch / 5)

    def bar(day: int, hours: float, **how: object) -> str:
        tall = hours / top * 39
        return mark("rect", x=pitch * day + inset, y=floor - tall, width=pitch - 2 * inset, height=tall, **how)

    parts = [hline(floor - h / top * 39, 0, PLOT) + words(WIDE, floor - h / top * 39 + 4, hour.format(n=h), anchor="end") for h in (8, 16)]
    for day, (all_, good) in enumerate(zip(worn, usable, strict=True)):
        if all_ > 0:
            parts += [bar(day, all_, fill="none", stroke=UNSURE, stroke_width=0.8), bar(day, min(good, all_), fill=USUAL)]
        elif pitch > 5:
            parts.append(words(day_x(day, days), floor - 2, "–", anchor="middle"))
    return picture(WIDE, 59, alt, [*parts, hline(floor, 0, PLOT), *dated(ticks, days, floor + 12)])


def gates(alt: str, shares: Sequence[tuple[str, float, str]]) -> Picture:
    """Worn time by gate: (gate, share, label). From the first label on that does not fit under its part, all stand below, in order."""
    at, free = 0.0, 0.0
    parts: list[str] = []
    below: list[str] = []
    for gate, share, label in shares:
        wide = share * WIDE
        parts.append(hatched(at, 1, max(wide - 2, 1), 12, gate))
        if not below and at >= free and at + width_of(label) <= WIDE:
            parts.append(words(at, 24, label))
            free = at + width_of(label) + 6
        else:
            below.append(label)
        at += wide
    lines = filled(below)
    parts += [words(WIDE, 35 + 11.5 * row, line, anchor="end") for row, line in enumerate(lines)]
    return picture(WIDE, 27 + 11.5 * len(lines), alt, parts)


def filled(labels: Sequence[str]) -> list[str]:
    """Labels in as few lines as hold them."""
    lines: list[str] = []
    for label in labels:
        longer = f"{lines[-1]} · {label}" if lines else label
        lines[-1:] = [longer] if width_of(longer) <= WIDE else [*lines[-1:], label]
    return lines


def marked(days: int, height: float, unwell: Sequence[int], changed: Sequence[int]) -> list[str]:
    """Days said to be unwell (dotted) and days a medication changed (a dashed line), behind a row of days."""
    pitch = day_width(days)
    dots = [
        mark("circle", cx=pitch * day + dx, cy=dy, r=0.8, fill=HATCH) for day in unwell for dx in steps_of(pitch / 6, pitch, 6) for dy in steps_of(2, height, 6)
    ]
    lines = [mark("path", d=f"M{day_x(day, days):.1f} 0V{height:.0f}", stroke=INK_2, stroke_width=1, stroke_dasharray="4 2", fill="none") for day in changed]
    return dots + lines


def level(
    alt: str,
    dots: Sequence[float | None],
    line: Sequence[float | None],
    band: tuple[float, float] | None,
    *,
    behind: Sequence[str],
    left_out: Sequence[int],
    usual: str,
    shift: int | None,
    tall: float = 1.0,
) -> Picture:
    """Still heart rate less what is usual, a dot a day; open where the day is marked. `shift`: the day from which a lasting change shows."""
    days, height = len(dots), 52.0 * tall
    reach: float = max([4.0, *(abs(each) for each in (*dots, *(band or ())) if each is not None)])

    def y(value: float) -> float:
        return height / 2 - value / reach * (height / 2 - 5)

    parts = [mark("rect", x=0, y=y(band[1]), width=PLOT, height=y(band[0]) - y(band[1]), fill=BAND)] if band else []
    step = max(each for each in (1.0, 2.0, 3.0, 5.0, 10.0, 15.0, 20.0, 30.0, 50.0) if each <= max(1.0, reach * 0.9))
    scale = [(step, f"+{step:.0f}"), (0.0, usual), (-step, f"−{step:.0f}")]
    parts += [hline(y(0), 0, PLOT), *(words(WIDE, y(value) + 4, text, anchor="end") for value, text in scale), *behind]
    parts.append(mark("path", d=path, stroke=INK, stroke_width=1.3, fill="none") if (path := curve(line, days, y)) else "")
    parts += [ring(day_x(day, days), y(v), dot_size(days), filled=day not in left_out) for day, v in enumerate(dots) if v is not None]
    if shift is not None:
        parts.append(mark("path", d=f"M{PLOT * shift / days:.1f} 2V{height:.0f}", stroke=WELL, stroke_width=1.2, fill="none"))
    return picture(WIDE, height, alt, parts)


def dot_size(days: int) -> float:
    return max(1.0, min(2.4, day_width(days) / 3))


def curve(line: Sequence[float | None], days: int, y: Scale) -> str:
    return joined([None if v is None else (day_x(day, days), y(v)) for day, v in enumerate(line)])


def rises(alt: str, counts: Sequence[int | None], chance: Sequence[float | None], *, behind: Sequence[str], tall: float = 1.0) -> Picture:
    """Rises a day as bars; a tick where chance alone would put them."""
    days, floor = len(counts), 42.0 * tall
    top = max(6.0, *(float(n) for n in (*counts, *chance) if n is not None), 0.0)
    bar = min(6.0, day_width(days) * 0.7)

    def y(n: float) -> float:
        return floor - n / top * (floor - 4)

    parts = [
        mark("path", d=f"M{day_x(day, days):.1f} {floor:.1f}V{y(n):.1f}", stroke=ABOVE, stroke_width=bar, fill="none") for day, n in enumerate(counts) if n
    ]
    parts += [hline(y(n), day_x(day, days) - bar, day_x(day, days) + bar, INK, 1.3) for day, n in enumerate(chance) if n is not None]
    return picture(
        WIDE,
        floor + 2,
        alt,
        [*behind, *parts, hline(floor, 0, PLOT), words(WIDE, y(top) + 4, fixed(float(round(top))), anchor="end"), words(WIDE, floor, "0", anchor="end")],
    )


def ratings(
    alt: str,
    first: Sequence[float | None],
    first_line: Sequence[float | None],
    second: Sequence[float | None],
    second_line: Sequence[float | None],
    *,
    behind: Sequence[str],
    tall: float = 1.0,
) -> Picture:
    """Two ratings, 0 to 10: rings and a line; small squares and a dashed line."""
    days, floor = len(first), 44.0 * tall
    r = dot_size(days)

    def y(value: float) -> float:
        return floor - value / 10 * (floor - 4)

    parts = [hline(y(10), 0, PLOT), hline(floor, 0, PLOT), words(WIDE, y(10) + 6, "10", anchor="end"), words(WIDE, floor, "0", anchor="end"), *behind]
    parts += [ring(day_x(day, days), y(v), r) for day, v in enumerate(first) if v is not None]
    square: dict[str, object] = {"width": 1.6 * r, "height": 1.6 * r, "fill": USUAL}
    parts += [mark("rect", x=day_x(day, days) - 0.8 * r, y=y(v) - 0.8 * r, **square) for day, v in enumerate(second) if v is not None]
    if path := curve(first_line, days, y):
        parts.append(mark("path", d=path, stroke=INK, stroke_width=1.5, fill="none"))
    if path := curve(second_line, days, y):
        parts.append(mark("path", d=path, stroke=USUAL, stroke_width=1.3, stroke_dasharray="4 2", fill="none"))
    return picture(WIDE, floor + 3, alt, parts)


MOST_RINGS = 4


def people(
    alt: str,
    contacts: Sequence[int | None],
    reached: Sequence[bool],
    ticks: Sequence[tuple[int, str]],
    *,
    behind: Sequence[str],
) -> Picture:
    """Contacts a day, a ring each (a stroke on top where there were more than four); the lowest is filled where the person reached out."""
    days, floor = len(contacts), 42.0
    r = dot_size(days) + 0.2
    parts = []
    for day, n in enumerate(contacts):
        x = day_x(day, days)
        if n is None:
            parts += [mark("circle", cx=x, cy=floor - 3, r=0.7, fill=INK_3)]
            continue
        parts += [ring(x, floor - 5 - 8.5 * i, r, filled=i == 0 and reached[day]) for i in range(min(n, MOST_RINGS))]
        parts += [hline(floor - 3 - 8.5 * MOST_RINGS, x - r, x + r, INK_2, 1.2)] if n > MOST_RINGS else []
    return picture(WIDE, floor + 15, alt, [*behind, *parts, hline(floor, 0, PLOT), *dated(ticks, days, floor + 12)])


# ---------------------------------------------------------------- moments


def strip_x(z: float, width: float = STRIP) -> float:
    return 5 + (min(max(z, LOW), HIGH) - LOW) / (HIGH - LOW) * (width - 10)


def wedge(z: float, y: float) -> str:
    """Where a moment lies beyond the scale."""
    x, turn = strip_x(z), 1 if z > HIGH else -1
    return mark("path", d=f"M{x - 2 * turn:.1f} {y - 2.6:.1f}l{4 * turn} 2.6l{-4 * turn} 2.6z", fill="none", stroke=INK_2, stroke_width=0.9)


def moments(
    alt: str,
    points: Sequence[float],
    matched: tuple[float, float] | None,
    told: tuple[float, float, float] | None,
    *,
    claimed: bool,
    tall: float = 1.0,
) -> Picture:
    """One row of reactions: each moment, the middle 80 % of its matched moments, and (effect, low, high) where it may be said.

    In a taller row moments that would lie on each other are set apart."""
    height = STRIP_TALL * tall
    parts = [mark("path", d=f"M{strip_x(0):.1f} 0V{height:.1f}", stroke=EDGE, stroke_width=0.6, fill="none")]
    if matched and points:
        low, high = (strip_x(each) for each in matched)
        parts.append(mark("rect", x=low, y=1, width=high - low, height=height - 2, fill=BAND))
        parts.append(mark("path", d=f"M{strip_x(0):.1f} 0V{height:.1f}", stroke=EDGE, stroke_width=0.6, fill="none"))
    parts += [ring(strip_x(z), y, 2.2) if LOW <= z <= HIGH else wedge(z, y) for z, y in zip(points, apart(points, height - 9.7), strict=True)]
    if told:
        effect, low, high = told
        parts.append(hline(height - 3.4, strip_x(low), strip_x(high), WELL, 2.0 if claimed else 1.0))
        parts.append(mark("circle", cx=strip_x(effect), cy=height - 3.4, r=3.1 if claimed else 2.2, fill=WELL if claimed else "#ffffff", stroke=WELL))
    return picture(STRIP, height, alt, parts)


def apart(points: Sequence[float], lowest: float) -> list[float]:
    """A height for each moment: down from the lowest, up where the last one there is too near, as far as the row is tall."""
    levels = [lowest - 4.4 * row for row in range(1 + max(0, int((lowest - 2.8) / 4.4)))]
    last = dict.fromkeys(range(len(levels)), -1e9)
    at = {}
    for k in sorted(range(len(points)), key=lambda k: points[k]):
        x = strip_x(points[k])
        row = next((row for row in last if x - last[row] >= 4.6), min(last, key=lambda row: last[row]))
        at[k], last[row] = levels[row], x
    return [at[k] for k in range(len(points))]


def strip_axis(texts: Mapping[int, str]) -> Picture:
    """`texts` by standard deviations: -2, 0, 2, 4."""
    anchors = {-2: "start", 4: "end"}
    return picture(
        STRIP, 11, "", [words(0 if z == -2 else STRIP if z == 4 else strip_x(z), 9, text, anchor=anchors.get(z, "middle")) for z, text in texts.items()]
    )


def key(matched: str, moment: str, told: str, open_: str, beyond: str) -> Picture:
    """What the signs of a strip are, every one of them."""
    rows = [
        mark("rect", x=0, y=2, width=20, height=9, fill=BAND) + words(26, 10, matched),
        ring(10, 20) + words(26, 23.5, moment),
        mark("path", d="M8 30.4l4 2.6l-4 2.6z", fill="none", stroke=INK_2, stroke_width=0.9) + words(26, 36.5, beyond),
        hline(46, 0, 20, WELL, 2.0) + mark("circle", cx=10, cy=46, r=3.1, fill=WELL) + words(26, 49.5, told),
        hline(59, 0, 20, WELL) + mark("circle", cx=10, cy=59, r=2.2, fill="#ffffff", stroke=WELL) + words(26, 62.5, open_),
    ]
    return picture(128, 65, "", rows)


def glyph(kind: str) -> Picture:
    """The small story of a kind; an ornament, since its word stands beside it."""
    drawn = []
    for part in GLYPHS.get(kind, GLYPHS["other"]).strip("<>").split("><"):
        sign, rest = part[0], part[2:]
        if sign in "pq":
            drawn.append(mark("path", d=rest, stroke_dasharray=".1 3.4" if sign == "q" else None))
            continue
        x, y, *r = rest.split()
        how = {"y": {"fill": INK, "stroke": "none"}, "d": {"stroke_dasharray": "2 2.6"}}.get(sign, {})
        drawn.append(mark("circle", cx=x, cy=y, r=r[0] if r else "3.4", **how))
    group = f'<g fill="none" stroke="{INK}" stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round" transform="scale(.5)">{"".join(drawn)}</g>'
    return picture(14, 14, "", [group])


# ---------------------------------------------------------------- after

HALF = 254.0
TALL = 98.0


def settling(
    alt: str,
    steps: Sequence[tuple[float, float]],
    cuts: Sequence[tuple[float, float]],
    median: float | None,
    *,
    all_: str,
    half: str,
    axis: str,
    tall: float = 1.0,
) -> Picture:
    """Share of moments still more than half up, by minutes since the peak; a stroke where one was not seen to its end."""
    last = 20.0 * max(1, -(-max((t for t, _ in (*steps, *cuts)), default=0.0) // 20))
    left, high = max(width_of(all_), width_of(half)) + 4, TALL * tall

    def x(t: float) -> float:
        return left + t / last * (HALF - left - 6)

    def y(share: float) -> float:
        return 6 + (1 - share) * (high - 34)

    parts = [hline(y(share), left, HALF) for share in (0.0, 0.5)] + [words(0, y(1) + 4, all_), words(0, y(0.5) + 3, half)]
    if median is not None:
        parts.append(mark("path", d=f"M{x(median):.1f} {y(0.5):.1f}V{y(0):.1f}", stroke=INK_3, stroke_dasharray="2 2", fill="none"))
    corners = [corner for (_, was), (t, share) in pairwise([(0.0, 1.0), *steps]) for corner in ((x(t), y(was)), (x(t), y(share)))]
    parts.append(mark("path", d=joined(corners), stroke=WELL, stroke_width=1.7, fill="none") if corners else "")
    parts += [mark("path", d=f"M{x(t):.1f} {y(share) - 4:.1f}v8", stroke=WELL, fill="none") for t, share in cuts]
    parts += [words(x(t), high - 14, fixed(t), anchor="end" if t == last else "middle") for t in steps_of(0, last + 1, last / 4)]
    return picture(HALF, high, alt, [*parts, words(0, high - 2, axis)])


def felt(alt: str, points: Sequence[tuple[int, float]], *, axis: str, tall: float = 1.0) -> Picture:
    """Felt distress, 0 to 10, against change in arousal; points of one rating are set a little apart."""
    left, high = 20.0, TALL * tall

    def x(value: float) -> float:
        return left + 6 + value / 10 * (HALF - left - 14)

    def y(z: float) -> float:
        return 6 + (HIGH - min(max(z, LOW), HIGH)) / (HIGH - LOW) * (high - 34)

    parts = [mark("rect", x=left, y=y(1), width=HALF - left, height=y(-1) - y(1), fill=BAND), hline(y(LOW), left, HALF)]
    parts += [ring(x(value) + (i % 3 - 1) * 2, y(z)) for i, (value, z) in enumerate(points)]
    parts += [words(left - 4, y(z) + 4, text, anchor="end") for z, text in ((4, "+4"), (0, "0"), (-2, "−2"))]
    parts += [words(x(value), high - 14, str(value), anchor="middle") for value in (0, 5, 10)]
    return picture(HALF, high, alt, [*parts, words(0, high - 2, axis)])


def offers(alt: str, arms: Sequence[tuple[str, Sequence[float], tuple[float, float, float] | None]], *, usual: str, minus: str, plus: str) -> Picture:
    """Arousal 5 to 15 minutes after a decision, by arm: (label, each, (mean, low, high))."""
    left = max(74.0, *(width_of(label) + 6 for label, _, _ in arms))
    wide = 330.0

    def x(z: float) -> float:
        return left + (min(max(z, LOW), 3.0) - LOW) / (3 - LOW) * (wide - left - 4)

    parts = [mark("rect", x=x(-1), y=1, width=x(1) - x(-1), height=50, fill=BAND)]
    parts.append(mark("path", d=f"M{x(0):.1f} 1V51", stroke=EDGE, stroke_width=0.6, fill="none"))
    for row, (label, values, mean) in enumerate(arms):
        y = 11 + 24 * row
        parts += [words(0, y + 4, label, fill=INK), *(ring(x(z), y) for z in values)]
        if mean:
            parts += [hline(y + 8, x(mean[1]), x(mean[2]), USUAL, 1.8), mark("circle", cx=x(mean[0]), cy=y + 8, r=3.1, fill=USUAL)]
    return picture(wide, 64, alt, [*parts, words(x(-2) - 4, 61, minus), words(x(0), 61, usual, anchor="middle"), words(x(2), 61, plus, anchor="middle")])
