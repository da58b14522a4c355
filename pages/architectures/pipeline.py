"""The pipeline drawing (after the slides' Figure 1): models one above the other, stage by stage, as inline SVG.

Two layouts of the same stages: side by side where there is room, one below the other on a phone; the style sheet that
comes with the drawing shows one of them. Lines and letters take the page's own color (currentColor).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from vitcore.figures.style import PALETTE
from vitcore.models.stages import Stage

BLUE, ORANGE, GREEN, RED = PALETTE[0], PALETTE[1], PALETTE[2], PALETTE[3]
GLYPH = 60  # a glyph's side
CELL, GAP = 118, 22  # of the wide layout: a stage, and the arrow to the next
NARROW = 340  # the phone's layout
LINE = 15

STYLE = """<style>
.vitcore-pipeline { container-type: inline-size; }
.vitcore-pipeline svg { display: block; width: 100%; height: auto; font-family: inherit; overflow: visible; }
.vitcore-pipeline .narrow { display: none; max-width: 430px; }
@container (max-width: 700px) {
  .vitcore-pipeline .wide { display: none; }
  .vitcore-pipeline .narrow { display: block; }
}
</style>"""


@dataclass(frozen=True)
class Pipeline:
    """A model's name, a line about its size, and its stages."""

    name: str
    size: str
    stages: Sequence[Stage]


def pipelines(models: Sequence[Pipeline]) -> str:
    """HTML with both layouts of the drawing; nothing in it comes from another host."""
    text = "; ".join(f"{model.name}: " + ", ".join(_spoken(stage) for stage in model.stages) for model in models)
    both = _wide(models) + _narrow(models)
    return f'{STYLE}<div class="vitcore-pipeline" role="img" aria-label="{escape(text)}">{both}</div>'


def _spoken(stage: Stage) -> str:
    times = f" × {stage.count}" if stage.kind in ("encoder", "blocks") else ""
    return " ".join([f"{stage.title}{times}", *stage.details])


def _wide(models: Sequence[Pipeline]) -> str:
    most = max((len(model.stages) for model in models), default=0)
    width = max(most, 6) * (CELL + GAP) - GAP
    parts, y = [], 0.0
    for model in models:
        parts.append(_text(0, y + 16, model.name, size=16, weight=600))
        parts.append(_text(0, y + 34, model.size, faint=True))
        top = y + 50
        for place, stage in enumerate(model.stages):
            x = place * (CELL + GAP)
            parts.append(_box(stage, x + (CELL - GLYPH) / 2, top))
            parts.append(_text(x + CELL / 2, top + GLYPH + 20, stage.title, weight=600, anchor="middle"))
            for row, detail in enumerate(stage.details):
                at = top + GLYPH + 20 + LINE * (row + 1)
                parts.append(_text(x + CELL / 2, at, detail, size=12, faint=True, anchor="middle"))
            if place:
                parts.append(_arrow(x - GAP - (CELL - GLYPH) / 2 + 8, top + GLYPH / 2, GAP + CELL - GLYPH - 16))
        rows = max((len(stage.details) for stage in model.stages), default=0)
        y = top + GLYPH + 24 + LINE * rows + 26
    return _svg("wide", width, y - 20, parts)


def _narrow(models: Sequence[Pipeline]) -> str:
    parts, y = [], 0.0
    for model in models:
        parts.append(_text(0, y + 16, model.name, size=16, weight=600))
        parts.append(_text(0, y + 34, model.size, faint=True))
        y += 48
        for place, stage in enumerate(model.stages):
            if place:
                parts.append(_arrow(GLYPH / 2, y - 15, 13, down=True))
            parts.append(_box(stage, 0, y))
            lines = [stage.title, *stage.details]
            first = y + GLYPH / 2 + 5 - LINE * (len(lines) - 1) / 2
            for row, line in enumerate(lines):
                parts.append(_text(GLYPH + 18, first + LINE * row, line, weight=400 if row else 600, faint=bool(row)))
            y += GLYPH + 18
        y += 20
    return _svg("narrow", NARROW, y - 30, parts)


def _svg(kind: str, width: float, height: float, parts: Sequence[str]) -> str:
    view = f"-2 -2 {width + 4:.0f} {max(height, 0) + 4:.0f}"
    limit = f' style="max-width:{width:.0f}px"' if kind == "wide" else ""
    return f'<svg class="{kind}" viewBox="{view}" aria-hidden="true"{limit}>{"".join(parts)}</svg>'


def _text(
    x: float, y: float, text: str, *, size: float = 13, weight: int = 400, faint: bool = False, anchor: str = "start"
) -> str:
    dim = ' fill-opacity="0.75"' if faint else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" font-weight="{weight}" text-anchor="{anchor}" '
        f'fill="currentColor"{dim}>{escape(text)}</text>'
    )


def _arrow(x: float, y: float, length: float, *, down: bool = False) -> str:
    turn = f"translate({x:.1f} {y:.1f})" + (" rotate(90)" if down else "")
    tip = f"M0 0H{length - 1:.1f}M{length - 6:.1f} -4L{length:.1f} 0L{length - 6:.1f} 4"
    line = 'fill="none" stroke="currentColor" stroke-opacity="0.55" stroke-width="1.3"'
    return f'<path d="{tip}" transform="{turn}" {line}/>'


def _box(stage: Stage, x: float, y: float) -> str:
    return f'<g transform="translate({x:.1f} {y:.1f})">{GLYPHS[stage.kind](stage)}</g>'


def _rect(x: float, y: float, width: float, height: float, shade: str, *, fill: float = 0.22, round: float = 2) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="{round:g}" fill="{shade}" '
        f'fill-opacity="{fill:g}" stroke="{shade}" stroke-width="1.2"/>'
    )


def _sign(text: str, x: float = GLYPH / 2, y: float = GLYPH / 2 + 6) -> str:
    return _text(x, y, text, size=16, weight=600, anchor="middle")


def _image(stage: Stage) -> str:
    hill = f'<path d="M4 50 22 28 34 42 43 33 56 50Z" fill="{GREEN}" fill-opacity="0.45"/>'
    return _rect(2, 2, 56, 56, GREEN, fill=0.1, round=4) + hill + f'<circle cx="42" cy="18" r="6" fill="{ORANGE}"/>'


def _patches(stage: Stage) -> str:
    """As many squares a side as there are patches, four at most."""
    count = min(stage.count, 4)
    step = GLYPH / count
    cells = [(row, column) for row in range(count) for column in range(count)]
    return "".join(_rect(column * step + 2, row * step + 2, step - 4, step - 4, GREEN) for row, column in cells)


def _convolutions(stage: Stage) -> str:
    """Maps behind one another, and the window that moves over them."""
    sheets = "".join(_rect(2 + shift, 14 - shift, 44, 44, GREEN, fill=0.12) for shift in (12, 6, 0))
    return sheets + _rect(8, 20, 16, 16, ORANGE, fill=0.45)


def _tokens(stage: Stage) -> str:
    """A row of tokens in two lines, learned ones first; dots under them are positions."""
    shown = min(stage.count, 8)
    found = []
    for place in range(shown):
        x, y = 2 + place % 4 * 15, 6 + place // 4 * 28
        found.append(_rect(x, y, 11, 15, ORANGE if place < stage.num_prefix_tokens else BLUE, fill=0.35))
        if stage.positioned:
            found.append(f'<circle cx="{x + 5.5:.1f}" cy="{y + 20}" r="1.8" fill="currentColor" fill-opacity="0.6"/>')
    return "".join(found)


def _recurrence(stage: Stage) -> str:
    cells = "".join(_rect(2 + 20 * place, 22, 14, 18, RED) for place in range(3))
    links = "".join(f'<path d="M{16 + 20 * place} 31h6" stroke="{RED}" stroke-width="1.4"/>' for place in range(2))
    return cells + links + f'<path d="M9 20C15 2 45 2 51 18" fill="none" stroke="{RED}" stroke-width="1.2"/>'


def _encoder(stage: Stage) -> str:
    """A pile of blocks with their number; one block alone is one sheet."""
    piles = (8, 4, 0) if stage.count > 1 else (0,)
    sheets = "".join(_rect(2 + shift, 10 - shift, 48, 48, BLUE, fill=0.14, round=5) for shift in piles)
    return sheets + _sign(f"× {stage.count}", 26, 40)


def _weighted(heights: Sequence[int], stored: Callable[[int], bool]) -> str:
    """Tokens above, each with its weight as a bar, and the one vector they become."""
    found = []
    for place, height in enumerate(heights):
        shade = ORANGE if stored(place) else BLUE
        found.append(
            _rect(2 + place * 12, 28 - height, 8, height, shade, fill=0.35 if stored(place) else 0.1, round=1.5)
        )
        if stored(place):
            found.append(f'<path d="M{6 + place * 12} 30L30 43" stroke="currentColor" stroke-opacity="0.45"/>')
    return "".join(found) + _rect(20, 44, 20, 12, ORANGE, fill=0.45)


def _sequence(stage: Stage) -> str:
    return _weighted((10, 24, 14, 20, 8), lambda place: True)


def _mean(stage: Stage) -> str:
    return _weighted((16,) * 5, lambda place: True)


def _class(stage: Stage) -> str:
    return _weighted((20,) * 5, lambda place: place < stage.num_prefix_tokens)


def _head(stage: Stage) -> str:
    lengths = (18, 30, 12, 46, 22)
    return "".join(_rect(6, 4 + 11 * row, length, 7, ORANGE, round=1.5) for row, length in enumerate(lengths))


def _blocks(stage: Stage) -> str:
    return _encoder(stage) if stage.count > 1 else _rect(6, 6, 48, 48, BLUE, fill=0.14, round=5)


def _shrink(stage: Stage) -> str:
    funnel = 'd="M6 8 54 22V38L6 52Z"'
    return f'<path {funnel} fill="{GREEN}" fill-opacity="0.2" stroke="{GREEN}" stroke-width="1.2"/>'


def _linear(stage: Stage) -> str:
    left, right = (10, 30, 50), (18, 42)
    lines = "".join(
        f'<path d="M12 {a}L48 {b}" stroke="currentColor" stroke-opacity="0.35"/>' for a in left for b in right
    )
    ends = [(12, y) for y in left] + [(48, y) for y in right]
    return lines + "".join(f'<circle cx="{x}" cy="{y}" r="5" fill="{BLUE}"/>' for x, y in ends)


GLYPHS: dict[str, Callable[[Stage], str]] = {
    "image": _image,
    "patches": _patches,
    "convolutions": _convolutions,
    "tokens": _tokens,
    "recurrence": _recurrence,
    "encoder": _encoder,
    "sequence": _sequence,
    "class": _class,
    "mean": _mean,
    "head": _head,
    "blocks": _blocks,
    "shrink": _shrink,
    "linear": _linear,
}
"""What each kind of stage looks like, in a square of 60."""
