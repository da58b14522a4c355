"""What fine-tuning on own drawings has changed: the error on the held-out ones before and after, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vitcore.errors import UserError
from vitcore.runs import drawing_sets
from vitcore.runs.files import open_own
from vitcore.runs.folder import Results, RunFolder
from vitcore.runs.predict import Loaded, load, predict
from vitcore.statistics.proportions import sign_test, wilson


@dataclass(frozen=True)
class BeforeAfter:
    """Held-out drawings and how often either model answered wrongly: counts of drawings.

    Attributes:
        trained: drawings that the run was trained on; none of them is among the others.
        of: held out.
        mended: wrong before, right after.
        broken: right before, wrong after.
    """

    trained: int
    of: int
    before: int
    after: int
    mended: int
    broken: int

    def sentences(self) -> tuple[str, str]:
        """Both errors with their intervals; and whether the difference is more than chance."""
        both = self.mended + self.broken
        p = sign_test(self.mended, self.broken)
        errors = (
            f"Error on the {self.of:,} held-out drawings, none of which was trained on: {self._error(self.before)} "
            f"before and {self._error(self.after)} after fine-tuning on the other {self.trained:,}."
        )
        if not both:
            return errors, "Each of them is answered rightly or wrongly as before."
        verdict = "more than chance would explain" if p < 0.05 else "no more than chance may explain"
        mended = "1 that was wrong is right" if self.mended == 1 else f"{self.mended} that were wrong are right"
        return errors, f"{mended} now, {self.broken} the other way round: {verdict} (sign test, p = {p:.2g})."

    def _error(self, wrong: int) -> str:
        ends = wilson(wrong / self.of, self.of)
        return f"{100 * wrong / self.of:.1f} % ({100 * ends.low:.1f} to {100 * ends.high:.1f})"


def before_after(results: Results, run: RunFolder) -> BeforeAfter:
    """Ask a fine-tuned run's last weights, and those that it began with, about its held-out drawings.

    Raises:
        UserError: it was not fine-tuned on drawings, either has no weights, or the drawings are gone.
    """
    spec = run.spec()
    if not drawing_sets.is_set(results, spec) or spec.init.init_from is None:
        raise UserError(f"run {run.id} was not fine-tuned on drawings of these results; name one that was")
    held_out, trained = (drawing_sets.files(spec, split) for split in ("test", "train"))
    origin = load(results.run(spec.init.init_from), spec.init.init_weights)
    before, after = (_right(loaded, held_out) for loaded in (origin, load(run)))
    changed = [now for was, now in zip(before, after, strict=True) if was != now]
    return BeforeAfter(
        trained=len(trained),
        of=len(held_out),
        before=before.count(False),
        after=after.count(False),
        mended=changed.count(True),
        broken=changed.count(False),
    )


def _right(loaded: Loaded, held_out: Sequence[tuple[Path, str]]) -> list[bool]:
    """Whether each drawing is read as what it is; one that cannot be opened, or shows nothing, is not."""
    from PIL import Image

    found = []
    for path, label in held_out:
        try:
            with open_own(path) as file, Image.open(file, formats=("PNG",)) as image:
                found.append(predict(loaded, image).best == label)
        except (UserError, OSError, SyntaxError):
            found.append(False)
    return found
