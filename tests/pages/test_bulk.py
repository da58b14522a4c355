"""What Compare does with all chosen runs at once, and that each is said before it is done."""

import pytest

import vitcore as vc
from pages.compare import bulk
from pages.server import store_cache
from tests.pages.opening import Open
from tests.pages.texts import tell
from vitcore.errors import UserError
from vitcore.figures import color
from vitcore.figures.curves import curve_plot
from vitcore.runs import annotations
from vitcore.runs.folder import Results
from vitcore.spec import RunSpec
from vitcore.store import queries


@pytest.fixture
def four(empty: Results) -> list[str]:
    """Of three settings one with the seeds 0 and 2, one with 1, and the newest with 0."""
    specs = [(0.01, 0), (0.01, 2), (0.03, 1), (0.1, 0)]
    return [tell(empty, RunSpec.of(learning_rate=rate, seed=seed, epochs=3)).id for rate, seed in specs]


def test_nothing_is_offered_until_somebody_chooses(four: list[str], open_page: Open) -> None:
    app = open_page("compare")
    assert not [button for button in app.button if button.key and button.key.startswith(("bulk", "delete"))]


def test_tags_are_added_and_removed_and_others_stay(empty: Results, four: list[str], open_page: Open) -> None:
    annotations.write(empty.run(four[0]), tags=["old"])
    app = open_page("compare", {"runs": ",".join(four[:2])})
    app.multiselect(key="bulk-tags").set_value(["new", "paper"]).run()
    app.button(key="bulk-tag-add").click().run()
    tags = [annotations.read(empty.run(id)).tags for id in four]
    assert tags == [("new", "old", "paper"), ("new", "paper"), (), ()]
    app.multiselect(key="bulk-tags").set_value(["new"]).run()
    app.button(key="bulk-tag-remove").click().run()
    assert annotations.read(empty.run(four[0])).tags == ("old", "paper")
    app.multiselect(key="bulk-tags").set_value(["a\nb"]).run()
    app.button(key="bulk-tag-add").click().run()
    assert len(app.toast) == 1
    assert annotations.read(empty.run(four[1])).tags == ("paper",)


def test_runs_of_other_programs_are_neither_settled_nor_trained_again(
    empty: Results, four: list[str], open_page: Open
) -> None:
    with vc.log("elsewhere") as foreign:
        foreign.epoch(val_loss=0.5)
    store_cache.runs(now=True)
    alone = open_page("compare", {"runs": foreign.id})
    assert not [button for button in alone.button if button.key == "bulk-settle"]
    both = open_page("compare", {"runs": f"{foreign.id},{four[0]}"})
    assert both.button(key="bulk-settle").disabled, "one setting alone is left"
    both.session_state["bulk-seeds"] = True
    both.run()
    assert any("Without 1 run of other programs" in caption.value for caption in both.caption)


def test_a_color_of_all_runs_of_a_group_is_the_groups(empty: Results, four: list[str], open_page: Open) -> None:
    app = open_page("compare", {"runs": ",".join(four[:2])})
    app.selectbox(key="bulk-color-place").set_value(4).run()
    app.button(key="bulk-color-go").click().run()
    assert [annotations.read(empty.run(id)).color for id in four] == [4, 4, None, None]
    epochs, runs = queries.epochs(store_cache.index(now=True), four), store_cache.runs()
    lines = curve_plot(epochs, runs.assign(place=runs["id"].map(lambda id: annotations.read(empty.run(id)).color)),
                       group="learning_rate")["data"]  # fmt: skip
    colors = {line["name"].partition(" ")[0]: line["line"]["color"] for line in lines if "customdata" in line}
    assert colors["0.01"] == color(4)
    assert len({*colors.values()}) == 3


def test_several_are_renamed_by_what_they_differ_in(empty: Results, four: list[str], open_page: Open) -> None:
    app = open_page("compare", {"runs": ",".join(four[:2])})
    app.text_input(key="bulk-name").set_value("baseline").run()
    assert any("“baseline · seed 2”" in caption.value for caption in app.caption)
    app.button(key="bulk-rename-go").click().run()
    assert [annotations.read(empty.run(id)).name for id in four[:3]] == ["baseline · seed 0", "baseline · seed 2", ""]
    app.text_input(key="bulk-name").set_value("").run()
    app.button(key="bulk-rename-go").click().run()
    assert [annotations.read(empty.run(id)).name for id in four[:2]] == ["", ""]


def test_further_seeds_are_those_that_no_stored_run_has(four: list[str]) -> None:
    table = store_cache.runs(now=True)
    specs = bulk.further(table[table["id"].isin(four[:3])], table, 2)
    assert sorted((spec.optimizer.learning_rate, spec.seed) for spec in specs) == [
        (0.01, 1), (0.01, 3), (0.03, 0), (0.03, 2),
    ]  # fmt: skip


def test_the_seeds_are_queued_after_their_cost_was_said(
    empty: Results, four: list[str], open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pages.shared.launch.ensure_dispatcher", lambda _: None)  # queued is enough
    app = open_page("compare", {"runs": ",".join(four[:3])})
    assert not [button for button in app.button if button.key == "bulk-seeds-go"]
    app.session_state["bulk-seeds"] = True
    app.run()
    assert any("2 runs of 2 settings: " in caption.value for caption in app.caption)
    app.button(key="bulk-seeds-go").click().run()
    assert not app.exception
    queued = sorted(set(empty.ids()) - set(four))
    table = store_cache.runs(now=True)
    assert set(table.loc[table["id"].isin(queued), "status"]) == {"queued"}
    assert sorted(empty.run(id).spec().seed for id in queued) == [0, 1]
    shown = app.query_params["runs"]
    assert sorted((shown if isinstance(shown, str) else shown[0]).split(",")) == queued


def test_imported_weights_are_not_trained_again(four: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    table = store_cache.runs(now=True).head(1)
    spec = Results().run(str(table["id"].iloc[0])).spec()
    imported = spec.model_copy(update={"init": spec.init.model_copy(update={"checkpoint_digest": "0" * 12})})
    monkeypatch.setattr("vitcore.runs.folder.RunFolder.spec", lambda _: imported)
    with pytest.raises(UserError, match="imported weights"):
        bulk.further(table, table, 1)


def test_settle_opens_with_a_run_of_each_setting(four: list[str], open_page: Open) -> None:
    app = open_page("compare", {"runs": ",".join(four[:2])})
    assert app.button(key="bulk-settle").disabled
    app = open_page("compare", {"runs": ",".join(four[:3])})
    app.button(key="bulk-settle").click().run()
    assert not app.exception
    assert len(app.multiselect(key="settle-settings").value) == 2
