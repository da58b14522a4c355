"""CONTRIBUTING.md's table is followed: what is added at the places that it names is found everywhere by itself.

One made-up thing of each kind is written into a copy of the sources, at the places in the table's row and nowhere else;
then the command line and the pages of that copy are asked.
"""

from __future__ import annotations

import csv
import functools
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runs.processes import end_all
from vitcore.runs.folder import Results

ROOT = Path(__file__).resolve().parents[1]
KERNEL, ARCHITECTURE, DATASET, METRIC = "x^6", "made-up-net", "made-up-images", "top2"
CORRUPTION = "negative"
TABLE = re.compile(r"^\| (?P<what>an? [^|]+) \| (?P<where>[^|]+) \| (?P<follows>[^|]+) \|$", re.MULTILINE)
PLACES = {match["what"]: re.findall(r"`([^`]+)`", match["where"]) for match in TABLE.finditer(
    (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))}  # fmt: skip


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources with one made-up thing of each kind."""
    place = tmp_path_factory.mktemp("house")
    for name in ("vitcore", "pages", ".streamlit"):
        shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
    _add_kernel(place)
    _add_architecture(place)
    _add_dataset(place)
    _add_metric(place)
    _add_page(place)
    _add_corruption(place)
    return place


def _place(house: Path, what: str, ending: str) -> Path:
    """The place that the table names for such a change, by how it ends."""
    (found,) = [name for name in PLACES[what] if name.endswith(ending)]
    assert (house / found).exists(), f"CONTRIBUTING.md sends to {found}, which is not there"
    return house / found


def _insert(path: Path, pattern: str, text: str) -> None:
    """Writes lines before the one place that the pattern matches."""
    source = path.read_text(encoding="utf-8")
    (found,) = re.finditer(pattern, source, re.MULTILINE | re.DOTALL)
    path.write_text(source[: found.end()] + text + source[found.end() :], encoding="utf-8")


def _into_table(path: Path, table: str, row: str) -> None:
    """Writes a row at the end of a table of plain data."""
    _insert(path, rf"^{table}\b[^\n]*= \{{\n.*?(?=^\}})", f"    {row},\n")


def _add_kernel(house: Path) -> None:
    path = _place(house, "an attention kernel", "kernels.py")
    _into_table(path, "KERNELS", f'"{KERNEL}": Kernel("made-up x⁶", "x⁶", lambda y: y.square() ** 3, epsilon=1e-8)')


def _add_architecture(house: Path) -> None:
    row = f'"{ARCHITECTURE}": Architecture("made_up", {{}}, "Made up", attention=False)'
    _into_table(_place(house, "an architecture", "registry.py"), "ARCHITECTURES", row)
    family = _place(house, "an architecture", "models/") / "made_up.py"
    family.write_text(
        '"""One linear layer."""\n\nfrom torch import nn\n\n\ndef build(config, options):\n'
        "    return nn.Sequential(nn.Flatten(), nn.Linear(options.channels * options.image_size**2, options.classes))\n"
    )


def _add_dataset(house: Path) -> None:
    row = (
        f'"{DATASET}": Dataset("Made-up images", 1, 16, ("dark", "light"), 32, 8, "Made up", (0.5,), (0.3,), '
        '"made_up", "made-up")'
    )
    _into_table(_place(house, "a dataset", "registry.py"), "DATASETS", row)
    reader = _place(house, "a dataset", "readers/") / "made_up.py"
    reader.write_text(
        '"""Images of one gray: dark ones and light ones, drawn by the code itself."""\n\n'
        "from pathlib import Path\n\nimport numpy as np\n\nfrom vitcore.data.storage.decoded import stamp\n\n"
        "DOWNLOADS = False\n\n\n"
        'def wanted(dataset, place):\n    return "nothing"\n\n\n'
        "def find(dataset, place):\n    return [Path(__file__)]\n\n\n"
        "def read(dataset, found, side, writer, progress):\n"
        "    sizes = {'train': dataset.train_samples, 'test': dataset.test_samples}\n"
        "    labels = {split: np.arange(rows) % 2 for split, rows in sizes.items()}\n"
        "    writer.begin(labels)\n"
        "    for split, chosen in labels.items():\n"
        "        images = np.stack([np.full((1, side, side), 50 + 150 * label, np.uint8) for label in chosen])\n"
        "        writer.put(split, 0, images, [stamp(bytes([row])) for row in range(len(images))])\n"
        "    return writer.finish(dataset.classes)\n"
    )


def _add_metric(house: Path) -> None:
    schema = _place(house, "a metric of an epoch", "events.py")
    field = (
        f"    {METRIC}: Annotated[float, Meaning('a made-up metric', 'Made-up metric', '%', '.1f', 'higher',\n"
        "        of_run='evaluated', best=True, axis='y')]\n"
    )
    _insert(schema, r"^class Epoch\(Line\):.*?ClassVar\[str\] = \"epoch\"\n", field)
    _insert(
        _place(house, "a metric of an epoch", "reporting.py"),
        r"return events\.Epoch\(\n",
        f"        {METRIC}=40 + 1.5 * progress_state.epoch,\n",
    )


def _add_page(house: Path) -> None:
    folder = _place(house, "a page", "pages/") / "made_up"
    folder.mkdir()
    (folder / "page.py").write_text('"""A made-up page."""\n\nimport streamlit as st\n\nst.title("Made up")\n')
    _insert(
        _place(house, "a page", "contents.py"),
        r'^    "Understand": \[\n',
        '        Entry("made_up/page.py", "Made up", "made_up"),\n',
    )


def _add_corruption(house: Path) -> None:
    row = (
        f'"{CORRUPTION}": Corruption("Made-up negative", "Dark is light.", "", (1,) * 5, (1,) * 5, (1,) * 5, (1,) * 5, '
        "lambda images, strength, generator: 255 - images)"
    )
    _into_table(_place(house, "a corruption of test images", "corruptions.py"), "CORRUPTIONS", row)


@pytest.fixture(scope="module")
def environment(house: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Of commands that are the copy's, with results and data of their own."""
    home = tmp_path_factory.mktemp("home")
    places = {
        "PYTHONPATH": house,
        "VITCORE_RESULTS": home / "results",
        "VITCORE_DATA": home / "data",
        "XDG_CACHE_HOME": home,
    }
    yield {**os.environ, "OMP_NUM_THREADS": "1", **{name: str(path) for name, path in places.items()}}
    end_all(Results(home / "results"))


@functools.cache
def _done(house: Path, arguments: tuple[str, ...], given: frozenset[tuple[str, str]]) -> tuple[int, str, str]:
    """The exit code of a command of the copy and what it wrote; the same is asked once."""
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=house, env=dict(given), capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def _text(house: Path, environment: dict[str, str], *arguments: str, fails: bool = False) -> str:
    code, output, errors = _done(house, arguments, frozenset(environment.items()))
    assert (code != 0) == fails, errors
    return errors if fails else output


def _page(house: Path, environment: dict[str, str], page: str, code: str) -> list[str]:
    """What lines of code print of a page of the copy, which they know as `app`; each a line."""
    whole = (
        "from streamlit.testing.v1 import AppTest\n"
        f"app = AppTest.from_file({str(house / 'pages' / 'navigation.py')!r}, default_timeout=120).run()\n"
        f"app = app.switch_page({page!r}).run()\nassert not app.exception, app.exception\n{code}"
    )
    return _text(house, environment, "-c", whole).splitlines()


@pytest.fixture(scope="module")
def trained(house: Path, environment: dict[str, str]) -> str:
    """A run of the made-up architecture on the made-up images, trained by the copy; its id."""
    options = [
        "--architecture",
        ARCHITECTURE,
        "--dataset",
        DATASET,
        "--epochs",
        "2",
        "--batch-size",
        "8",
        "--device",
        "cpu",
    ]
    messages = json.loads(_text(house, environment, "-m", "vitcore", "train", *options, "--json").splitlines()[-1])
    assert messages["status"] == "finished"
    return str(messages["id"])


@pytest.mark.parametrize("what", PLACES)
def test_every_place_that_the_table_names_is_there(what: str) -> None:
    assert PLACES[what], f"CONTRIBUTING.md does not say where {what} goes"
    for name in PLACES[what]:
        if "/" in name:
            assert (ROOT / name).exists(), f"CONTRIBUTING.md sends to {name}, which is not there"


def test_a_metric_is_told_by_every_reader(house: Path, environment: dict[str, str], trained: str) -> None:
    head, row = _text(house, environment, "-m", "vitcore", "runs", "--csv").splitlines()
    messages = next(csv.DictReader([head, row]))
    assert (messages[METRIC], messages[f"{METRIC}_best"]) == ("43", "43")
    assert f"| `{METRIC}` | DOUBLE | % | a made-up metric" in _text(house, environment, "-m", "vitcore.store.columns")
    lines = (Path(environment["VITCORE_RESULTS"]) / "runs" / trained / "events.jsonl").read_text().splitlines()
    assert [line[METRIC] for line in map(json.loads, lines) if line["event"] == "epoch"] == [41.5, 43.0]
    curves = "import vitcore as vc; (run,) = vc.runs()['id']; print(*vc.run(run).curves['top2'])"
    assert _text(house, environment, "-c", curves) == "41.5 43.0\n"


def test_a_metric_stands_on_compare_as_column_and_as_curve(
    house: Path, environment: dict[str, str], trained: str
) -> None:
    code = f"""
import base64, json, struct
columns = next(each for each in app.multiselect if each.label == "Shown besides those that differ")
columns.select({METRIC!r}).run()
(table,) = [each for each in app.dataframe if {METRIC!r} in each.value]
next(each for each in app.selectbox if each.label == "Value").set_value({METRIC!r}).run()
assert not app.exception, app.exception
parts = [json.loads(each.proto.json) for each in app.get("bidi_component")]
(chart,) = [each["charts"][0]["figure"] for each in parts if "charts" in each]
ys = struct.unpack("<2d", base64.b64decode(chart["data"][0]["y"]["bdata"]))
print(json.dumps([columns.options, table.proto.columns, table.value[{METRIC!r}].tolist(), chart["layout"], ys]))
"""
    options, settings, shown, layout, points = json.loads(_page(house, environment, "compare/page.py", code)[-1])
    assert {"Made-up metric, last weights", "Made-up metric, best epoch"} <= set(options)
    assert json.loads(settings)[METRIC]["label"] == "Made-up metric, last weights"
    assert json.loads(settings)[METRIC]["type_config"]["format"] == "%.1f %%"
    assert shown == [43.0]
    assert layout["yaxis"]["title"]["text"] == "Made-up metric (%)"
    assert points == [41.5, 43.0]


def test_a_dataset_and_an_architecture_train(house: Path, environment: dict[str, str], trained: str) -> None:
    code = f"import vitcore as vc; run = vc.run({trained!r}); print(*run.row['classes'], run.confusion.sum())"
    assert _text(house, environment, "-c", code) == "dark light 8\n"


def test_a_corruption_is_evaluated_and_named_on_the_page(
    house: Path, environment: dict[str, str], trained: str
) -> None:
    options = ["-m", "vitcore", "robustness", trained, "--corruption"]
    assert "Made-up negative" in _text(house, environment, *options, CORRUPTION)
    assert CORRUPTION in _text(house, environment, *options, "fog", fails=True)
    code = "print(*(each.value.to_csv() for each in app.dataframe), *(each.value for each in app.caption))"
    assert "Made-up negative" in " ".join(_page(house, environment, "diagnostics/page.py", code))


def test_a_kernel_is_measured_before_it_trains(house: Path, environment: dict[str, str]) -> None:
    options = ["--architecture", "cct-mini/3x3", "--kernel", KERNEL, "--dataset", DATASET, "--device", "cpu"]
    assert "made-up x⁶ on made-up-images" in _text(house, environment, "-m", "vitcore", "forecast", *options)


def test_an_architecture_is_listed_and_counted(house: Path, environment: dict[str, str]) -> None:
    (counted,) = json.loads(_text(house, environment, "-m", "vitcore", "models", ARCHITECTURE, "--json"))
    assert counted["parameters"] == 3 * 32 * 32 * 10 + 10
    assert ARCHITECTURE in _text(house, environment, "-m", "vitcore", "models")


@pytest.mark.parametrize(
    ("option", "name"), [("architecture", ARCHITECTURE), ("kernel", KERNEL), ("dataset", DATASET)], ids=str
)
def test_a_choice_is_a_flag_a_message_and_in_the_form(
    option: str, name: str, house: Path, environment: dict[str, str]
) -> None:
    listed = ["models"] if option == "architecture" else ["train", "--help"]  # too many for a help
    assert name in _text(house, {**environment, "COLUMNS": "4000"}, "-m", "vitcore", *listed)
    wrong = _text(house, environment, "-m", "vitcore", "train", f"--{option}", f"{name}-x", fails=True)
    assert name in wrong.replace(f"{name}-x", ""), wrong
    code = "print(*(app.selectbox(key=f'field-{option}').options for option in ('architecture', 'kernel', 'dataset')))"
    label = {"kernel": "made-up x⁶", "dataset": "Made-up images"}.get(option, name)
    assert repr(label) in _page(house, environment, "train/page.py", code)[-1]


@pytest.mark.parametrize(
    ("page", "name"),
    [
        ("architectures/page.py", ARCHITECTURE),
        ("kernels/page.py", "made-up x⁶"),
        ("datasets/page.py", "Made-up images"),
    ],
    ids=str,
)
def test_a_choice_is_on_the_page_about_its_kind(page: str, name: str, house: Path, environment: dict[str, str]) -> None:
    code = f"""
shown = [each.value for kind in ("markdown", "subheader", "caption", "dataframe") for each in app.get(kind)]
shown += [each.options for kind in ("selectbox", "multiselect") for each in app.get(kind)]
print(any({name!r} in (each.to_csv() if hasattr(each, "to_csv") else str(each)) for each in shown))
"""
    assert _page(house, environment, page, code) == ["True"]


def test_a_page_is_reached_from_the_navigation(house: Path, environment: dict[str, str]) -> None:
    assert _page(house, environment, "made_up/page.py", "print(app.title[0].value)") == ["Made up"]
