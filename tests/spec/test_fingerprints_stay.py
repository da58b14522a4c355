"""Fingerprints of stored runs stay what they were: an option that is new leaves those that never had it as they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vitcore.spec import RunSpec

FIXTURES = Path(__file__).parents[1] / "fixtures"
MADE = json.loads((FIXTURES / "fingerprints.json").read_text(encoding="utf-8"))
"""What an earlier commit, named in the file, made of presets, of every scaled recipe of the reports, and of others."""


def test_presets_recipes_and_others_have_the_fingerprints_that_they_had() -> None:
    changed = [
        each["fields"] for each in MADE["specs"] if RunSpec.of(**each["fields"]).fingerprint() != each["fingerprint"]
    ]
    assert len(MADE["specs"]) > 150
    assert changed == []


@pytest.mark.parametrize("place", MADE["fixtures"])
def test_a_stored_run_has_the_fingerprint_that_it_had(place: str) -> None:
    raw: dict[str, Any] = json.loads((FIXTURES / place).read_text(encoding="utf-8"))
    assert RunSpec.parse(raw.get("spec", raw)).fingerprint() == MADE["fixtures"][place]
