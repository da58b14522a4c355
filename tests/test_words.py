"""The house speaks its field's words: no identifier, flag, column, label or heading has one that it gave up.

Prose may use any word. What stored files call by an old name stands in `vitcore/aliases.py`, which is not read here.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from vitcore import aliases
from vitcore.spec import fields
from vitcore.store.columns import GROUPS, columns

ROOT = Path(__file__).resolve().parents[1]
OURS = [
    ROOT / "app.py",
    *(path for base in ("vitcore", "pages", "tests", "benchmarks", "scripts") for path in (ROOT / base).rglob("*.py")),
]
SOURCES = sorted({*OURS} - {ROOT / "vitcore" / "aliases.py", Path(__file__).resolve()})

FIELD = {
    "picture": "image", "pictures": "images", "processor": "cpu", "optimiser": "optimizer", "optimisers": "optimizers",
    "normalise": "normalize", "normalised": "normalized", "normalisation": "normalization", "colour": "color",
    "colours": "colors", "coloured": "colored", "grey": "gray", "greys": "grays", "centre": "center",
    "centred": "centered", "posterise": "posterize", "equalise": "equalize", "solarise": "solarize",
    "initialise": "initialize", "organise": "organize", "neighbour": "neighbor", "neighbours": "neighbors",
    "behaviour": "behavior", "labelled": "labeled", "refusal": "UserError", "lane": "device queue",
    "lanes": "device queues", "ticket": "queue entry", "tickets": "queue entries", "tally": "training progress",
    "portion": "thread-parallel batch", "portions": "thread-parallel batches", "shelf": "label set",
    "edition": "version", "twin": "counterpart", "twins": "counterparts", "pulse": "change poller",
}  # fmt: skip
"""Words that no identifier has among its own, with what stands for them."""

NAMES = {
    *("told", "said", "seen", "one", "some", "mine", "ours", "theirs", "held", "kept", "lay", "mark", "marks", "beat"),
    *("claim_run", "step_back", "take_up", "hand_out", "key_heads", "looks", "attend", "rising", "telling", "chance"),
    *("Parts", "Tally", "Asked", "Interrupted", "Average", "Mixed", "Portions", "Told", "Mark", "Reading", "Refusal"),
    *("stochastic_depth", "weight_average", "start_rate", "final_rate", "train_rows", "test_rows", "val_rows"),
}
"""Names that nothing has as a whole; such plain words may stand within a longer name."""

OF_NETWORKS = {"width": "embed_dim", "layers": "depth", "hidden": "mlp_dim", "skip": "drop_path", "order": "norm_order"}
"""What an argument of a network is not called: a picture on a page may well have a width."""

LABELS = re.compile(
    r"\b(pictures?|processors?|training rows|test rows|validation rows|optimiser|colour|grey|normalise"
    r"|first rate|last rate|stop at error|my pictures|ask my drawings|fill in"
    r"|taken for|read rightly|where it looks|stochastic depth)\b",
    re.IGNORECASE,
)


def _words(name: str) -> list[str]:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().strip("_").split("_")


def _named(tree: ast.AST) -> Iterator[tuple[str, bool]]:
    """Every name that a file gives to something, and whether it is a test's, which is a sentence."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node.name.startswith("test_")
        elif isinstance(node, ast.arg):
            yield node.arg, False
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, False
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr, False
        elif isinstance(node, ast.alias) and node.asname:
            yield node.asname, False


def _given_up(path: Path) -> set[str]:
    """What of a file's names has such a word, and what it should be called where that is known."""
    named = [(name, sentence) for name, sentence in _named(ast.parse(path.read_text(encoding="utf-8")))]
    named += [(part, False) for part in path.relative_to(ROOT).with_suffix("").parts]
    bad = {
        f"{name}: {FIELD[word]}" for name, sentence in named if not sentence for word in _words(name) if word in FIELD
    }
    return bad | {
        name for name, _ in named if name.strip("_") in NAMES or name.strip("_").lower() in NAMES & {name.lower()}
    }


def test_no_identifier_has_a_word_that_was_given_up() -> None:
    assert len(SOURCES) > 700
    bad = {str(path.relative_to(ROOT)): sorted(found) for path in SOURCES if (found := _given_up(path))}
    assert bad == {}


@pytest.mark.parametrize("room", ["layers", "models"])
def test_what_builds_networks_names_its_arguments_as_papers_do(room: str) -> None:
    for path in (ROOT / "vitcore" / room).rglob("*.py"):
        arguments = {
            node.arg for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.arg)
        }
        assert not arguments & OF_NETWORKS.keys(), path.relative_to(ROOT)


def test_no_flag_or_column_has_an_old_name() -> None:
    todays = {field.name for field in fields()} | {*columns(), *(each.name for each in GROUPS)}
    assert not todays & {*aliases.OPTIONS, *aliases.EVENTS, *aliases.COLUMNS}
    assert not {name for name in todays for word in _words(name) if word in FIELD}


def test_no_option_or_column_is_labelled_with_an_old_word() -> None:
    texts = [text for field in fields() for text in (field.label, field.help)]
    texts += [each.label for each in (*columns().values(), *GROUPS)]
    assert not [text for text in texts if LABELS.search(text)]


def _old_labels(path: Path) -> list[str]:
    bad = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        shown = [
            *node.args[:1],
            *(word.value for word in node.keywords if word.arg in ("label", "help", "placeholder")),
        ]
        for part in (part for argument in shown for part in ast.walk(argument)):
            if isinstance(part, ast.Constant) and isinstance(part.value, str) and LABELS.search(part.value):
                bad.append(part.value)
    return bad


def test_no_widget_or_heading_is_labelled_with_an_old_word() -> None:
    pages = sorted((ROOT / "pages").rglob("*.py"))
    assert len(pages) > 100
    assert {str(path.relative_to(ROOT)): found for path in pages if (found := _old_labels(path))} == {}
