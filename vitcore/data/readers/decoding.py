"""From what was found to decoded splits: the plan, whoever decodes it, and what is told of the images afterwards."""

from __future__ import annotations

from collections.abc import Callable

from vitcore.data.readers.found import Found
from vitcore.data.readers.summary import summary_of
from vitcore.data.storage.decode_all import Plan, planned
from vitcore.data.storage.decoded import Arrays, Writer


def written(known: Found, writer: Writer, decode: Callable[[Plan], None]) -> Arrays:
    """The splits as `writer` has them once `decode` has handed it every planned image; its notes are told anew.

    Raises:
        UserError: as `decode` raises it.
    """
    writer.notes = known.notes
    plan, labels = planned(known.splits)
    writer.begin(labels)
    decode(plan)
    writer.notes += summary_of(writer)
    return writer.finish(known.classes)
