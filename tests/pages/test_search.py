"""What the page Search says: of an empty store, of what is typed, of a search that ended, and of its winner."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from pages.server import store_cache
from tests.pages.opening import Open
from tests.pages.texts import tell
from tests.runs.processes import end_all
from tests.search.searched import finished, searched, table
from vitcore.runs import locks, slots
from vitcore.runs.folder import Results
from vitcore.search import wishes
from vitcore.search.plan import Search, keep, load, searches
from vitcore.search.sentences import answer
from vitcore.search.standing import standing
from vitcore.settle import wishes as settle_wishes
from vitcore.settle.question import questions
from vitcore.settle.sentences import answer as settle_answer
from vitcore.settle.standing import standing as settled
from vitcore.spec import RunSpec
from vitcore.store import queries
from vitcore.store.index import Index

KEY = "20260101-000000-abcd"


@pytest.fixture(autouse=True)
def nobody_is_left(empty: Results) -> Iterator[None]:
    """A search that is asked starts a driver, which outlives the page."""
    yield
    end_all(empty)


def words(app: AppTest) -> str:
    return "\n".join(each.value for kind in (app.markdown, app.caption, app.error, app.warning) for each in kind)


def ended(results: Results, errors: dict[tuple[int, int], float], arms: int = 2) -> Search:
    """A search that is over, with these errors by arm and number."""
    drawn = [(arm, number, 1e-4 * (1 + number)) for arm, number in errors]
    search = searched(*drawn, arms=arms, trials=len(errors) // arms)
    search = keep(results, replace(search, key=KEY))
    finished(results, search, errors)
    return wishes.end(results, search, "complete", answer(search, standing(search, table(results))))


def test_an_empty_store_offers_something_to_search_and_says_what_it_waits_for(empty: Results, open_page: Open) -> None:
    app = open_page("search")
    assert "Nothing was searched yet." in words(app)
    assert "Choose what is searched for" in words(app)
    assert app.button(key="search-go").disabled
    app.multiselect(key="search-arms").set_value(["architecture=cct-mini/3x3 dataset=digits"]).run()
    assert not app.button(key="search-go").disabled
    assert "12 trials of 5 epochs: 12 runs, " in words(app)
    assert app.selectbox(key="search-sampler-tpe").value == "tpe"


def test_what_is_typed_wrong_is_refused_beneath_it_and_nothing_is_stored(empty: Results, open_page: Open) -> None:
    app = open_page("search")
    app.multiselect(key="search-arms").set_value(["architecture=cct-mini/3x3 dataset=digits"]).run()
    app.text_input(key="search-range-learning_rate").set_value("0.1..0.01").run()
    assert "is empty: 0.1 is not below 0.01" in words(app)
    assert app.button(key="search-go").disabled
    app.text_input(key="search-range-learning_rate").set_value("0..0.01").run()
    assert "0 is not above 0" in words(app)
    app.text_input(key="search-range-learning_rate").set_value("0.001..0.01").run()
    app.text_input(key="search-trials").set_value("0").run()
    assert app.button(key="search-go").disabled
    app.text_input(key="search-trials").set_value("3").run()
    app.multiselect(key="search-arms").set_value(["architecture=cct-mini/3x3 nonsense=1"]).run()
    assert "A run has no option 'nonsense'" in words(app)
    both = ["architecture=cct-mini/3x3 dataset=digits", "architecture=cct-mini/3x3 dataset=digits learning_rate=0.5"]
    app.multiselect(key="search-arms").set_value(both).run()
    assert "Arms 1 and 2 are the same but for what is searched" in words(app)
    app.button(key="search-go").click().run()
    assert "are the same but for what is searched" in words(app)
    assert searches(empty) == []
    assert empty.ids() == []


def test_a_click_stores_the_search_with_equal_budgets(empty: Results, open_page: Open) -> None:
    app = open_page("search")
    both = ["architecture=cct-mini/3x3 dataset=digits samples=64", "architecture=cnn dataset=digits samples=64"]
    app.multiselect(key="search-arms").set_value(both).run()
    assert "12 trials of 5 epochs for each setting: 24 runs" in words(app)
    app.text_input(key="search-trials").set_value("2").run()
    app.button(key="search-go").click().run()
    (search,) = searches(empty)
    assert (search.budget.trials, search.budget.sampler, len(search.arms)) == (2, "random", 2)
    assert "of 4 trials have ended" in words(app)
    app.button(key=f"stop-{search.key}").click().run()
    assert load(empty, search.key).ended == "stopped"
    app.button(key=f"forget-{search.key}").click().run()
    assert searches(empty) == []


def test_every_view_of_a_search_that_is_over(empty: Results, open_page: Open) -> None:
    errors = {(arm, number): 20.0 + number + 30 * arm for number in range(8) for arm in (0, 1)}
    ended(empty, errors)
    app = open_page("search", {"search": KEY})
    assert "smoothing 0 does better (a difference of −30.00 points" in words(app)
    told_by = {
        "Expected best": "What the best of so many random trials is expected to reach",
        "Trials": "the line is the best so far",
        "Coordinates": "One line a trial",
        "Importance": "Below the gray mark stay 95 of 100 options",
        "Table": "",
    }
    for view, sentence in told_by.items():
        app.segmented_control(key=f"view-{KEY}").set_value(view).run()
        assert not app.exception, view
        assert sentence in words(app), view
    assert len(app.dataframe) == 1
    assert open_page("search", {"search": "gone"}).warning


def test_the_winner_is_called_noise_and_can_be_confirmed(empty: Results, open_page: Open) -> None:
    """Twelve trials of which the best differ by an image; then fresh seeds that differ by one test image in 100."""
    image = 100 / 144
    errors = {(0, number): image * (10 + (number if number < 3 else 20)) for number in range(12)}
    ended(empty, errors, arms=1)
    app = open_page("search")
    assert "The winner is noise: nothing tells the best 3 of 12 trials apart" in words(app)
    app.text_input(key=f"confirm-count-{KEY}").set_value("2").run()
    app.text_input(key=f"confirm-margin-{KEY}").set_value("4").run()
    with locks.lock(slots.lock_path(empty, "cpu")).acquire(timeout=5):  # what is queued is not trained meanwhile
        app.button(key=f"confirm-{KEY}").click().run()
        (question,) = questions(empty)
        assert "Fresh seeds are being trained" in words(app)
        end_all(empty)
    for seed in range(1, 17):
        for place, spec in enumerate(question.settings):
            tell(empty, RunSpec.of(spec, seed=seed), error=5.0 + 1.0 * ((seed + place) % 2))
    index = Index(empty)
    index.poll()
    stands = settled(question, queries.runs(index))
    settle_wishes.end(empty, question, stands.state, settle_answer(question, stands))
    store_cache.runs(now=True)
    app = open_page("search")
    assert stands.state == "answered"
    assert "The winner is noise: with fresh seeds no other differs from it by as much as 4 points." in words(app)
