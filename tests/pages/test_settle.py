"""What the page Settle says: of an empty store, of what is chosen, of every way in which a question ends."""

from collections.abc import Iterator, Sequence
from urllib.parse import parse_qs

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.opening import Open
from tests.pages.texts import tell
from tests.runs.processes import end_all, wait_until
from tests.store.test_provenance import computed
from vitcore.layers.kernels import KERNELS
from vitcore.runs.folder import Results
from vitcore.settle import wishes
from vitcore.settle.question import Question, ask, load, questions
from vitcore.settle.sentences import answer
from vitcore.settle.standing import standing
from vitcore.spec import RunSpec
from vitcore.store import queries
from vitcore.store.index import Index

SETTINGS = tuple(
    RunSpec.of(architecture="cct-mini/3x3", kernel=kernel, dataset="digits", samples=200, epochs=1)
    for kernel in ("softmax", "relu", "x^4")
)


@pytest.fixture(autouse=True)
def nobody_is_left(empty: Results) -> Iterator[None]:
    """A question that is asked starts a driver, which outlives the page."""
    yield
    end_all(empty)


def stored(results: Results, *errors: Sequence[float]) -> None:
    """Runs of the settings, a list of errors each, one a seed."""
    for setting, each in zip(SETTINGS, errors, strict=False):
        for seed, error in enumerate(each):
            tell(results, RunSpec.of(setting, seed=seed), error=error)


def ended(results: Results, settings: Sequence[RunSpec], budget: int) -> Question:
    """The question as it ends by the stored runs alone."""
    question, index = ask(results, settings, 0.5, budget), Index(results)
    index.poll()
    stands = standing(question, queries.runs(index))
    assert stands.state != "open"
    return wishes.end(results, question, stands.state, answer(question, stands))


def words(app: AppTest) -> str:
    return "\n".join(each.value for kind in (app.markdown, app.caption, app.error) for each in kind)


def test_an_empty_store_is_told_what_a_question_needs(empty: Results, open_page: Open) -> None:
    app = open_page("settle")
    assert "needs two settings that were run at least once" in words(app)
    assert "Nothing was asked yet" in words(app)
    assert not app.button


def test_one_setting_is_no_question_yet(empty: Results, open_page: Open) -> None:
    stored(empty, [6.0, 7.0])
    app = open_page("settle")
    assert "needs two settings" in words(app)


def test_why_the_button_waits_is_said(empty: Results, open_page: Open) -> None:
    stored(empty, [6.0], [7.0])
    app = open_page("settle")
    chooser = app.multiselect(key="settle-settings")
    assert app.button(key="settle-go").disabled
    assert "Choose two settings to compare" in words(app)
    etags = [setting.fingerprint() for setting in SETTINGS]
    chooser.set_value(etags[:1]).run()
    assert app.button(key="settle-go").disabled
    assert "Choose one more setting" in words(app)
    chooser.set_value(etags[:2]).run()
    assert not app.button(key="settle-go").disabled
    assert "Compared: softmax; relu" in words(app)


def test_a_question_that_stored_runs_answer_is_answered_at_once(empty: Results, open_page: Open) -> None:
    stored(empty, [30.0, 31.0, 30.0, 31.0, 30.0, 30.0], [6.0, 6.0, 7.0, 6.0, 6.0, 7.0])
    app = open_page("settle")
    app.multiselect(key="settle-settings").set_value([setting.fingerprint() for setting in SETTINGS[:2]]).run()
    app.button(key="settle-go").click().run()
    (question,) = questions(empty)
    wait_until(lambda: load(empty, question.key).ended, "the question has ended")
    app.run()
    assert not app.exception
    assert "relu is better than softmax (" in words(app)
    assert "error of softmax minus error of relu: +24" in words(app)
    assert "below zero softmax is better" in words(app)
    assert f"go-on-{question.key}" not in [button.key for button in app.button], "an answer stands"
    assert len(empty.ids()) == 12, "nothing more was trained"
    (notebook,) = (each.value for each in app.code if "answer(question" in each.value)
    assert "relu is better than softmax (" in computed(notebook)


def test_no_margin_and_too_small_a_budget_are_refused_in_a_sentence(empty: Results, open_page: Open) -> None:
    stored(empty, [6.0], [7.0], [8.0])
    app = open_page("settle")
    app.multiselect(key="settle-settings").set_value([setting.fingerprint() for setting in SETTINGS]).run()
    app.text_input(key="settle-budget").set_value("8").run()
    app.button(key="settle-go").click().run()
    assert "3 settings need 3 seeds each before anything can be said, so at least 9 runs" in words(app)
    app.text_input(key="settle-budget").set_value("9").run()
    app.text_input(key="settle-margin").set_value("0").run()
    if not app.button(key="settle-go").disabled:
        app.button(key="settle-go").click().run()
    assert "above 0" in words(app)
    assert questions(empty) == []


def test_a_spent_budget_claims_nothing_and_may_be_doubled(empty: Results, open_page: Open) -> None:
    stored(empty, [6.0, 9.0, 5.0], [8.0, 6.0, 9.0])
    question = ended(empty, SETTINGS[:2], 6)
    app = open_page("settle")
    assert "softmax against relu is still open (3 pairs of seeds" in words(app)
    assert "The budget of 6 runs is spent; what is open stays open." in words(app)
    assert app.button(key=f"go-on-{question.key}").label == "Go on, up to 12 runs"
    app.button(key=f"forget-{question.key}").click().run()
    assert questions(empty) == []
    assert len(empty.ids()) == 6, "its runs stay"


def test_a_failed_run_blocks_with_its_name_and_the_way_on(empty: Results, open_page: Open) -> None:
    stored(empty, [6.0])
    failed = tell(empty, SETTINGS[1], status="failed")
    question = ended(empty, SETTINGS[:2], 6)
    app = open_page("settle")
    assert f"It cannot go on: run {failed.id} has failed: told so; resume or delete it" in words(app)
    assert app.button(key=f"go-on-{question.key}").label == "Go on"


def test_of_three_settings_every_pair_is_told_and_drawn(empty: Results, open_page: Open) -> None:
    stored(empty, *([base + seed % 2 for seed in range(8)] for base in (6.0, 30.0, 60.0)))
    ended(empty, SETTINGS, 24)
    app = open_page("settle")
    for sentence in ("softmax is better than relu (", "softmax is better than x^4 ("):
        assert sentence in words(app)
    assert words(app).count("Dotted: the margin, 0.5 points.") == 3


@pytest.mark.parametrize(("kernels", "dataset", "offered"), [
    (("relu",), "digits", 0),
    (("relu", "x^4"), "digits", 2),
    (("relu", "x^4"), "mnist", 0),  # the two learn different things
    (tuple(KERNELS), "digits", 0),  # more than a question takes
])  # fmt: skip
def test_live_leads_to_the_question_about_what_it_shows(
    open_page: Open, empty: Results, kernels: Sequence[str], dataset: str, offered: int
) -> None:
    ids = []
    for place, kernel in enumerate(kernels):
        for seed in range(2):  # of one setting
            spec = RunSpec.of(kernel=kernel, dataset=dataset if place else "digits", seed=seed, epochs=1)
            ids.append(tell(empty, spec).id)
    app = open_page("live", {"runs": ",".join(ids)})
    links = [link for link in app.get("page_link") if "Settle which" in link.proto.label]
    assert [link.proto.label for link in links] == [f"Settle which of these {offered} settings is better"][:offered]
    if links:
        asked = open_page("settle", {"runs": parse_qs(links[0].proto.query_string)["runs"][0]})
        assert len(asked.multiselect(key="settle-settings").value) == offered
        assert not asked.button(key="settle-go").disabled
