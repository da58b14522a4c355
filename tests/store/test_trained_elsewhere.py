"""A run of another program stands in the table with its origin, and in no mean, verdict, table, best or choice unless
its spec is given: every place that puts runs together is asked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import pytest

from pages.compare.cost_chart import gathered as gathered_by_spec
from pages.compare.run_table import gathered
from tests.store.writing import add, epoch_line
from vitcore.cost.speed import Speed
from vitcore.errors import UserError
from vitcore.published.tables import table
from vitcore.reproduction import evidence, size_tables
from vitcore.reproduction.missing import missing
from vitcore.reproduction.tables import results as result_table
from vitcore.reproduction.verify import cells
from vitcore.runs import dependencies, elsewhere, metrics, origins, queue, teachers
from vitcore.runs.elsewhere import Elsewhere
from vitcore.runs.folder import Results, RunFolder
from vitcore.runs.recorder import Recorder
from vitcore.settle.question import Question
from vitcore.settle.standing import standing
from vitcore.spec import RunSpec
from vitcore.store import choosing, exports, naming, pooling, queries
from vitcore.store.index import Index

T1 = table("performer-table-1")
ERROR = 0.25  # of the run from elsewhere: nothing here comes so low, so it would show in any minimum or mean


def spec(seed: int) -> RunSpec:
    return T1.spec("softmax", "error", "scaled", seed)


def trained_here(results: Results, spec: RunSpec) -> None:
    folder = results.create(spec)
    host = {"machine": "x86_64", "cpu": "a CPU", "cores": 2, "torch": "2", "system": "Linux"}
    sizes = {"parameters": 10, "macs": 1000, "train_samples": 600, "test_samples": 10_000}
    add(folder, {"event": "started", "device": "cpu", "precision": "float32", "host": host, **sizes})
    for epoch in (1, 2):
        add(folder, epoch_line(epoch, val_error=30 / epoch + spec.seed, error_percent=30 / epoch + spec.seed))
    add(folder, {"event": "ended", "status": "finished", "reason": "it has finished"})


def from_elsewhere(results: Results, given: RunSpec | None = None, status: str = "finished") -> RunFolder:
    """A run that says of itself all that the table's runs say, with the lowest error of all."""
    parameters = {name: value for name, value in spec(3).flat().items() if isinstance(value, str | int | float)}
    folder = results.create_elsewhere(Elsewhere(elsewhere.LOGGED, "keras-vit", parameters), given)
    recorder = Recorder(folder)
    recorder.start(known={"test_samples": 10_000, "parameters": 10})
    values = {"error_percent": ERROR, "val_error": ERROR, "train_loss": 0.1, "training_seconds": 0.001}
    recorder.epoch(1, metrics.checked(values))
    recorder.end(status, "It is over.")
    return folder


def stored(results: Results, given: RunSpec | None = None) -> tuple[Index, pd.DataFrame, str]:
    for seed in range(3):
        trained_here(results, spec(seed))
    id = from_elsewhere(results, given).id
    index = Index(results)
    index.poll()
    return index, queries.runs(index), id


def measured(index: Index, runs: pd.DataFrame) -> list[float]:
    return list(result_table(T1, runs, "scaled").at("softmax", "error").values.values())


def in_groups(index: Index, runs: pd.DataFrame, everything: bool) -> list[str]:
    found = queries.groups(index, ["architecture", "kernel"], everything=everything)
    return [id for ids in found["ids"] for id in ids]


def wanted_seeds(index: Index, runs: pd.DataFrame) -> list[int]:
    """The seeds that are there, as Reports and its Run what is missing see them."""
    left = {item.seed for item in missing(T1, runs, [0, 1, 2, 3], "scaled", rows=["softmax"]).specs}
    return sorted({0, 1, 2, 3} - left)


def drawn_against_cost(runs: pd.DataFrame) -> list[str]:
    return gathered_by_spec(pooling.pooled(runs)[0], "training_seconds").astype(str).to_numpy().ravel().tolist()


def settled(index: Index, runs: pd.DataFrame) -> list[str]:
    other = RunSpec.of(spec(0), learning_rate=0.5)
    return list(standing(Question((spec(0), other), 0.5, budget=20), runs).runs.values())


PLACES: Mapping[str, Callable[[Index, pd.DataFrame], Any]] = {
    "means": lambda index, runs: pooling.pooled(runs)[0]["id"],
    "means over unfinished runs too": lambda index, runs: pooling.pooled(runs, everything=True)[0]["id"],
    "groups in SQL": lambda index, runs: in_groups(index, runs, False),
    "groups in SQL of all": lambda index, runs: in_groups(index, runs, True),
    "best": lambda index, runs: choosing.best(runs)["id"],
    "validated": lambda index, runs: choosing.validated(runs)["id"],
    "taken where nobody has chosen": lambda index, runs: choosing.default(runs, spec(0).data.dataset),
    "Compare's groups": lambda index, runs: gathered(pooling.pooled(runs)[0], ["architecture"])["error_median"],
    "accuracy against cost": lambda index, runs: drawn_against_cost(runs),
    "accuracy against size": lambda index, runs: size_tables.of_dataset(runs, spec(0).data.dataset)[0]["id"],
    "a report's table": measured,
    "seeds that are there": wanted_seeds,
    "a question to settle": settled,
}
"""What each place that puts runs together makes of them."""

ONLY_HERE: Mapping[str, Callable[[Index, pd.DataFrame], Any]] = {
    "evidence that the project keeps": lambda index, runs: evidence.worth_keeping([T1], runs)["id"],
    "what verify trains again": lambda index, runs: [row["id"] for *_, row in cells(T1, "scaled", runs, "softmax")],
    "a report's times": lambda index, runs: result_table(T1, runs, "scaled").at("softmax", "time").values,
    "a forecast": lambda index, runs: [Speed(runs).seconds(spec(0))],
}
"""Places for which a spec is not enough: they speak of this machine, or need weights."""


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """The same three runs with one from elsewhere, and with one from elsewhere whose spec is given."""
    places = [Results(tmp_path_factory.mktemp("runs") / "results") for _ in range(2)]
    return stored(places[0]), stored(places[1], spec(3))


def of(place: Callable[[Index, pd.DataFrame], Any], found: tuple[Index, pd.DataFrame, str], *, all_runs: bool) -> Any:
    index, runs, id = found
    return list(place(index, runs if all_runs else runs[runs["id"] != id]))


@pytest.mark.parametrize("name", [*PLACES, *ONLY_HERE])
def test_no_place_takes_in_a_run_whose_spec_is_not_known(name: str, both: tuple[Any, Any]) -> None:
    place = {**PLACES, **ONLY_HERE}[name]
    found = of(place, both[0], all_runs=True)
    assert both[0][2] not in found
    if "SQL" not in name:
        assert found == of(place, both[0], all_runs=False)
        assert found or name in ("best", "validated"), "else the place tries nothing"


@pytest.mark.parametrize("name", PLACES)
def test_with_its_spec_it_is_one_of_the_seeds(name: str, both: tuple[Any, Any]) -> None:
    found = of(PLACES[name], both[1], all_runs=True)
    assert (both[1][2] in found) or found != of(PLACES[name], both[0], all_runs=True)


@pytest.mark.parametrize("name", ONLY_HERE)
def test_even_with_its_spec_it_is_not_trained_here(name: str, both: tuple[Any, Any]) -> None:
    assert of(ONLY_HERE[name], both[1], all_runs=True) == of(ONLY_HERE[name], both[1], all_runs=False)


@pytest.mark.parametrize("given", [None, spec(3)], ids=["no spec", "spec"])
def test_it_stands_in_the_table_with_its_origin(given: RunSpec | None, results: Results) -> None:
    index, runs, id = stored(results, given)
    row = runs.set_index("id").loc[id]
    assert (row["origin"], row["status"], row["error_percent"]) == ("logged from elsewhere", "finished", ERROR)
    assert (
        json.loads(str(row["logged_parameters"]))["architecture"] == row["architecture"] == spec(3).model.architecture
    )
    assert row["learning_rate"] == spec(3).optimizer.learning_rate
    assert isinstance(row["fingerprint"], str) == (given is not None)
    assert runs["origin"].notna().sum() == 1
    line = next(line for line in exports.csv(queries.exact(index, runs)).splitlines() if line.startswith(id))
    assert "logged from elsewhere" in line
    [sql] = index.cursor().execute("SELECT title FROM runs WHERE origin LIKE 'logged%'").fetchall()
    assert sql == ("keras-vit",)
    called = naming.called(runs)
    assert called.names[id] == "keras-vit"
    assert "architecture" not in called.also
    assert called.common, "what those share that were trained here"
    left = pooling.left_out(pooling.pooled(runs)[1])
    assert left.startswith("Not in the means: 1 trained elsewhere (keras-vit") == (given is None)


@pytest.mark.parametrize("given", [None, spec(3)], ids=["no spec", "spec"])
def test_nothing_starts_from_it_learns_from_it_or_goes_on_with_it(given: RunSpec | None, results: Results) -> None:
    id = from_elsewhere(results, given, status="stopped").id
    wishes: list[Callable[[], object]] = [
        lambda: dependencies.check(results, RunSpec.of(spec(0), init_from=id)),
        lambda: dependencies.check(results, RunSpec.of(spec(0), teacher=id)),
        lambda: dependencies.check(results, spec(0), after=[id]),
        lambda: queue.enqueue(results, RunSpec.of(spec(0), init_from=id)),
        lambda: queue.resume(results, id),
        lambda: queue.pause(results, id),
    ]
    if given is None:
        wishes += [lambda: origins.check(results, RunSpec.of(spec(0), init_from=id))]
        wishes += [lambda: teachers.check(results, RunSpec.of(spec(0), teacher=id)), results.run(id).spec]
    for wish in wishes:
        with pytest.raises(UserError) as caught:
            wish()
        assert "\n" not in str(caught.value)
    assert results.ids() == [id]
    assert queue.status(results, id) == "stopped"


def test_a_card_that_anybody_may_have_written_is_read_with_care(results: Results) -> None:
    folder = from_elsewhere(results)
    card = folder.card()
    nonsense: list[Any] = [None, 1, [], {}, {"origin": 1, "name": ["x"], "parameters": []}]
    nonsense += [{"origin": "x" * 10**6, "name": "\ud800", "parameters": {f"p{n}": [n] for n in range(5_000)}}]
    nonsense += [{"parameters": {"learning_rate": "high", "epochs": True, "batch_size": 2**80, "seed": 1e999}}]
    for found in nonsense:
        (folder.path / "spec.json").write_text(json.dumps({**card, "elsewhere": found}), encoding="utf-8")
        index = Index(results)
        index.poll()
        [row] = queries.runs(index).to_dict("records")
        assert pd.isna(row["fingerprint"])
        assert isinstance(row["origin"], str)
        assert len(row["origin"]) <= 120
        assert pd.isna(row["learning_rate"])
        assert pd.isna(row["batch_size"])
        assert pd.isna(row["logged_parameters"]) or len(row["logged_parameters"]) <= 10_000
        index.close()
