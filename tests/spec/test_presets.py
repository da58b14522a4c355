"""Presets: specs that hold, and are named for what every seed of them reached."""

import re

import pytest

from vitcore.errors import UserError
from vitcore.spec import RunSpec
from vitcore.spec.presets import preset, presets


@pytest.mark.parametrize("name", presets())
def test_the_name_holds_for_every_measured_seed(name: str) -> None:
    item = preset(name)
    dataset, percent = re.fullmatch(r"(.+)-([\d.]+)-percent", name).groups()
    spec = RunSpec.of(**item.fields)
    assert spec.data.dataset == dataset
    assert len(item.errors) == len(item.seconds) >= 5
    assert 0 < max(item.errors) <= float(percent)


@pytest.mark.parametrize("name", presets())
def test_a_preset_says_only_what_differs_from_the_defaults_and_no_seed(name: str) -> None:
    defaults = RunSpec().flat()
    assert "seed" not in preset(name).fields
    assert not [option for option, value in preset(name).fields.items() if defaults[option] == value]


def test_a_preset_tells_mean_and_worst() -> None:
    messages = str(preset("mnist-2-percent"))
    worst, longest = max(preset("mnist-2-percent").errors), max(preset("mnist-2-percent").seconds)
    assert f"{worst:.2f} % at worst over 5 seeds" in messages
    assert f"({longest:.0f} s at most)" in messages


def test_one_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(UserError, match=r"no preset 'cifar'; there are mnist-2-percent, "):
        preset("cifar")
