"""Ink on unevenly lit paper: the light is estimated and divided out before anything counts as ink.

Shading correction (Gonzalez and Woods, "Digital Image Processing", Section 2.6.3) in two steps. What changes slowly is
a polynomial in the logarithm of the gray levels, fitted so that ink and shadows count as outliers (Tukey's biweight,
Beaton and Tukey 1974); it is left out where the second step does better alone. The edges of shadows are in the
gray-level closing of what is left (Serra 1982), whose window is wider than strokes and narrower than shadows. Otsu's
threshold (1979) then parts ink from paper.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

WINDOW = 0.4  # of the shorter side: wider than any stroke
STROKE = 0.2  # of the shorter side: wider than most strokes, narrower than most loops
COARSE = 96  # pixels of the longer side at which evenness is judged, and the slow part of the light fitted
DEGREE = 4  # of the polynomial
RIDGE = 1e-6  # so that the smallest images have an answer too
ROUNDS = 12  # in which its outliers are found
UNEVEN = 0.08  # of full brightness, between the paper's lightest and darkest place
DARKEST = 0.02  # light below which nothing can be told of the paper
FAINTEST = 0.12  # of the light that ink has to swallow
SPECK = 0.04  # of the largest piece of ink: what is smaller is dust or noise
RIM = 0.02  # of the longer side: how far ink fades out round a piece


class Evened(NamedTuple):
    """Arrays (y x) from 0 to 1: the light on the paper, the image without it, and the ink."""

    light: np.ndarray
    flat: np.ndarray
    ink: np.ndarray


def uneven(gray: np.ndarray) -> bool:
    """Whether the paper of a gray image (y x), ink darker than paper, is lit so unevenly that it matters."""
    light = _closed(_coarse(gray))
    return bool(np.quantile(light, 0.99) - np.quantile(light, 0.01) > UNEVEN)


def chalk(gray: np.ndarray) -> bool:
    """Whether the narrow shapes of a gray image (y x) are clearly lighter than what is round them."""
    from scipy.ndimage import grey_closing, grey_opening

    small = _coarse(gray)
    flat = np.log(np.maximum(small, DARKEST) / _slow(small))
    window = max(3, round(STROKE * min(small.shape)))
    light, dark = flat - grey_opening(flat, window), grey_closing(flat, window) - flat
    return bool(light.mean() > 2.5 * dark.mean())


def evened(gray: np.ndarray) -> Evened:
    """A gray image (y x) from 0 to 1, ink darker than paper, without the light that falls on it."""
    from scipy.ndimage import gaussian_filter

    smooth = gaussian_filter(gray, max(gray.shape) / 300)
    slow = _slow(smooth)
    # A polynomial overshoots at a shadow's edge: of both ways the light is taken that leaves the paper lighter.
    lights = [np.maximum(light, DARKEST) for light in (_closed(smooth), slow * _closed(smooth / slow))]
    light = max(lights, key=lambda each: float(np.clip(smooth / each, 0, 1).mean()))
    flat = np.clip(smooth / light, 0, 1)
    return Evened(np.clip(light, 0, 1), flat, _pieces(_inked(1 - flat)))


def _coarse(gray: np.ndarray) -> np.ndarray:
    step = max(1, max(gray.shape) // COARSE)
    return gray[::step, ::step]


def _closed(gray: np.ndarray) -> np.ndarray:
    """The paper's brightness at each place, as if nothing narrow and dark were on it."""
    from scipy.ndimage import maximum_filter, minimum_filter

    window = max(3, round(WINDOW * min(gray.shape)) | 1)
    margin = min(window // 2, min(gray.shape) - 1)
    if not margin:
        return gray
    padded = np.pad(gray, margin, mode="reflect", reflect_type="odd")  # as if the light went on beyond the edges
    closed: np.ndarray = minimum_filter(maximum_filter(padded, window), window)
    return closed[margin:-margin, margin:-margin]


def _slow(gray: np.ndarray) -> np.ndarray:
    """What changes slowly over the image (y x), ink and shadows left out of account."""
    step = max(1, max(gray.shape) // COARSE)
    terms = _terms(*gray.shape)
    design = terms[:, ::step, ::step].reshape(len(terms), -1).T
    wanted = np.log(np.maximum(gray[::step, ::step], DARKEST)).ravel()
    weights = np.ones_like(wanted)
    for _ in range(ROUNDS):
        weighted = design * weights[:, None]
        found = np.linalg.solve(weighted.T @ design + RIDGE * np.eye(len(terms)), weighted.T @ wanted)
        away = wanted - design @ found
        scale = 4.685 * max(1.4826 * float(np.median(np.abs(away))), 0.02)  # 95 % efficient where nothing is an outlier
        weights = np.where(np.abs(away) < scale, (1 - (away / scale) ** 2) ** 2, 0)
    slow: np.ndarray = np.exp(np.tensordot(found, terms, axes=1))
    return slow


def _terms(rows: int, columns: int) -> np.ndarray:
    """Products of Legendre polynomials (term y x), of degree DEGREE at most together."""
    down, across = (
        np.polynomial.legendre.legvander(np.linspace(-1, 1, length), DEGREE).T for length in (rows, columns)
    )
    pairs = [(y, x) for y in range(DEGREE + 1) for x in range(DEGREE + 1 - y)]
    return np.stack([down[y][:, None] * across[x][None] for y, x in pairs])


def _inked(swallowed: np.ndarray) -> np.ndarray:
    """Ink from 0 to 1 of the share of light that each place swallows; all 0 where nothing stands out."""
    threshold = otsu(swallowed)
    inked = swallowed[swallowed > threshold]
    if not len(inked) or (full := float(np.median(inked))) < FAINTEST:
        return np.zeros_like(swallowed)
    ink: np.ndarray = np.clip((swallowed - threshold / 2) / (full - threshold / 2), 0, 1)
    return ink


def otsu(values: np.ndarray, bins: int = 128) -> float:
    """The threshold that leaves two classes of values from 0 to 1 as little spread as can be (Otsu 1979)."""
    counts, edges = np.histogram(values, bins, (0, 1))
    middles = (edges[:-1] + edges[1:]) / 2
    below, sums = np.cumsum(counts), np.cumsum(counts * middles)
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    return float(edges[1 + int(np.nanargmax(np.where(above * below > 0, between, -1)))])


def _pieces(ink: np.ndarray) -> np.ndarray:
    """The ink without specks, and without what runs off the edge where something else stands within."""
    from scipy.ndimage import label

    found, count = label(ink > 0.25)
    if not count:
        return ink
    areas = np.bincount(found.ravel(), minlength=count + 1)[1:]
    edge = set(np.concatenate([found[0], found[-1], found[:, 0], found[:, -1]])) - {0}
    largest = max((area for piece, area in enumerate(areas, 1) if piece not in edge), default=0)
    if largest < 0.2 * areas.max():  # what was written runs off the edge itself
        edge, largest = set(), areas.max()
    dropped = [piece for piece, area in enumerate(areas, 1) if piece in edge or area < SPECK * largest]
    return _without(ink, found, dropped)


def _without(ink: np.ndarray, found: np.ndarray, dropped: list[int]) -> np.ndarray:
    """The ink without some of its pieces, and without what is far from every other."""
    from scipy.ndimage import distance_transform_edt

    away, places = distance_transform_edt(found == 0, return_indices=True)
    nearest = found[tuple(places)]
    return np.where(np.isin(nearest, dropped) | (away > max(2, RIM * max(ink.shape))), 0, ink)
