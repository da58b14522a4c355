"""Ten digits as a person draws them by mouse: polylines on a square of 0 to 1, y downward."""

import math

from playwright.sync_api import Page

Points = list[tuple[float, float]]


def arc(x: float, y: float, width: float, height: float, first: float, last: float, steps: int = 24) -> Points:
    """Part of an ellipse about (x, y); angles in degrees, clockwise from the right, as y grows downward."""
    turns = [math.radians(first + (last - first) * step / steps) for step in range(steps + 1)]
    return [(x + width * math.cos(turn), y + height * math.sin(turn)) for turn in turns]


DIGITS: dict[str, list[Points]] = {
    "0": [arc(0.5, 0.5, 0.22, 0.32, -90, 270)],
    "1": [[(0.42, 0.3), (0.54, 0.18), (0.52, 0.82)]],
    "2": [[*arc(0.5, 0.34, 0.2, 0.17, -160, 40), (0.32, 0.8), (0.74, 0.79)]],
    "3": [[*arc(0.48, 0.34, 0.19, 0.16, -150, 90), *arc(0.48, 0.66, 0.22, 0.17, -90, 150)]],
    "4": [[(0.4, 0.18), (0.3, 0.54), (0.72, 0.54)], [(0.63, 0.2), (0.6, 0.84)]],
    "5": [[(0.7, 0.2), (0.4, 0.2), (0.36, 0.46), *arc(0.48, 0.62, 0.21, 0.19, -120, 150)]],
    "6": [[(0.62, 0.17), (0.42, 0.4), *arc(0.5, 0.65, 0.18, 0.18, -170, 190)]],
    "7": [[(0.3, 0.22), (0.7, 0.22), (0.55, 0.5), (0.45, 0.84)]],
    "8": [[*arc(0.5, 0.34, 0.16, 0.15, 90, -270), *arc(0.5, 0.66, 0.19, 0.17, -90, 270)]],
    "9": [[*arc(0.5, 0.36, 0.17, 0.17, 0, -360), (0.66, 0.5), (0.6, 0.84)]],
}


def draw(page: Page, digit: str) -> None:
    """Draw a digit on the page's canvas with the mouse, button down, stroke by stroke."""
    canvas = page.locator(".st-key-drawing canvas").last
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    for stroke in DIGITS[digit]:
        places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place, steps=3)
        page.mouse.up()
