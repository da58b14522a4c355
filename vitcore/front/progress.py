"""A progress bar where somebody looks on: in a notebook or on a terminal; elsewhere nothing is shown."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape

Show = Callable[[str, float, str], None]
"""Status, share done (0 to 1), and what there is to say."""


@contextmanager
def bar() -> Iterator[Show]:
    """A bar for as long as the block lasts; call it with what is to be seen."""
    if _in_a_notebook():
        yield _in_the_cell()
    else:
        with _on_the_terminal() as show:
            yield show


def _in_a_notebook() -> bool:
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return hasattr(shell, "kernel")


def _in_the_cell() -> Show:
    """HTML's own bar: rich would need ipywidgets, which few have."""
    from IPython.display import HTML, display

    handle = display(HTML(""), display_id=True)

    def show(status: str, share: float, words: str) -> None:
        handle.update(HTML(f'<progress value="{share:.4f}"></progress> {escape(status)} · {escape(words)}'))

    return show


@contextmanager
def _on_the_terminal() -> Iterator[Show]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    screen = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[words]}"), TimeElapsedColumn())
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as drawn:
        task = drawn.add_task("queued", total=1.0, words="")

        def show(status: str, share: float, words: str) -> None:
            drawn.update(task, description=status, completed=share, words=words)

        yield show
