"""Every kind of bad input that is tried, here in a sample and by the thousand in benchmarks/fuzz.py."""

from tests.fuzz import checkpoints, idx, journals, pictures, replaced, specs

KINDS = [*specs.KINDS, *journals.KINDS, *pictures.KINDS, *checkpoints.KINDS, *idx.KINDS, *replaced.KINDS]
