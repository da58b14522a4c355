"""Every kind of bad input that is tried, here in a sample and by the thousand in benchmarks/fuzz.py."""

from tests.fuzz import attempts, checkpoints, idx, journals, pictures, replaced, specs, typed

KINDS = [
    *specs.KINDS,
    *journals.KINDS,
    *attempts.KINDS,
    *pictures.KINDS,
    *checkpoints.KINDS,
    *idx.KINDS,
    *typed.KINDS,
    *replaced.KINDS,
]
