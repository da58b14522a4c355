"""Every kind of bad input that is tried, here in a sample and by the thousand in benchmarks/robustness/fuzz.py."""

from tests.fuzz import (
    attempts,
    checkpoints,
    foreign,
    formulas,
    idx,
    images,
    journals,
    layouts,
    own_data,
    replaced,
    specs,
    typed,
)

KINDS = [
    *specs.KINDS,
    *journals.KINDS,
    *attempts.KINDS,
    *images.KINDS,
    *layouts.KINDS,
    *own_data.KINDS,
    *checkpoints.KINDS,
    *idx.KINDS,
    *typed.KINDS,
    *replaced.KINDS,
    *formulas.KINDS,
    *foreign.KINDS,
]
