"""What a name or a tag may be: any text of one line that can be seen, in any writing."""

from __future__ import annotations

import unicodedata

LONGEST = 120
"""Signs of a name or a tag."""

_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")  # control, format, half of a pair, private; ends of lines and paragraphs
_JOINERS = "\u200c\u200d"  # of format too, but Persian, Hindi and families of emoji are written with them


def checked(text: str, what: str) -> str:
    """The text itself; `what` is how a refusal calls it.

    Raises:
        ValueError: one sentence naming the sign that cannot be seen or how long it is.
    """
    if len(text) > LONGEST:
        raise ValueError(f"{what} of {len(text):,} signs is too long; {LONGEST} is the most")
    if text and not text.strip(" " + _JOINERS):
        raise ValueError(f"{what} of nothing but spaces cannot be seen; give it at least one other sign")
    for place, sign in enumerate(text, 1):
        if not _known(sign):
            raise ValueError(
                f"{what} holds the sign U+{ord(sign):04X} at place {place}, which cannot be seen; leave it out"
            )
    return text


def _known(sign: str) -> bool:
    if sign in _JOINERS:
        return True
    # Signs that this Python does not know yet may be known to another; what can never be a sign is none.
    return unicodedata.category(sign) not in _UNSEEN and ord(sign) & 0xFFFE != 0xFFFE
