"""A fast sample of `python -m benchmarks.robustness.fuzz`: input of every kind works or is refused in a sentence."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.fuzz.kinds import KINDS
from tests.fuzz.promise import CANARY, Kind, hold


@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")  # an image's bytes are long
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_it_works_or_is_refused_in_a_sentence(kind: Kind, tmp_path: Path) -> None:
    @settings(
        max_examples=max(6, kind.share // 50),
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )
    @given(kind.cases)
    def item(case: object) -> None:
        hold(kind, case, tmp_path)

    item()


def test_a_broken_promise_is_noticed(tmp_path: Path) -> None:
    """What runs, leaks, crashes or is refused without a word fails."""
    from vitcore.errors import UserError

    def refuses(text: str) -> Kind:
        def check(case: object, place: Path) -> None:
            raise UserError(text)

        return Kind("refuses", 1, st.none(), check, named=True)

    for kind in (
        Kind("runs", 1, st.none(), lambda case, place: (place / CANARY).touch()),
        Kind("leaks", 1, st.none(), lambda case, place: (place.parent / "out").touch()),
        refuses("no"),
        refuses("two\nlines of a sentence"),
        refuses("this does not say which file it was"),
    ):
        with pytest.raises(AssertionError):
            hold(kind, None, tmp_path)
