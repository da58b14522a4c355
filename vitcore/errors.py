"""The one exception a person is meant to read, and what to quote of the others."""


class UserError(ValueError):
    """A request that cannot be carried out.

    Its text is one sentence that names what was wrong and what would be right. Pages show it as it is, the command
    line prints it and exits with 2, a worker journals it as the reason its run failed. What it quotes may come from a
    file of somebody else: halves of characters, which no page and no terminal can show, stand in it by their numbers.
    """

    def __init__(self, sentence: str = "") -> None:
        super().__init__(str(sentence).encode("utf-8", "backslashreplace").decode())


def first_line(error: BaseException) -> str:
    """What a library's exception says first, short enough for a sentence."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:120].rstrip(".")
