"""Every kind of bad input that is tried, here in a sample and by the thousand in benchmarks/fuzz.py."""

from tests.fuzz import checkpoints, idx, journals, layouts, pictures, specs, typed

KINDS = [
    *(*specs.KINDS, *journals.KINDS, *pictures.KINDS, *layouts.KINDS),
    *(*checkpoints.KINDS, *idx.KINDS, *typed.KINDS),
]
