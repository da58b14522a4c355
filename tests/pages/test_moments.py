"""Moments are those of the person at the browser, with the zone's name; what is taken along says UTC."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pandas as pd
import pytest

from pages.compare import columns
from pages.server import store_cache
from pages.shared import moments
from tests.pages.opening import PAGES, Open
from tests.pages.texts import tell
from vitcore.runs.folder import Results, write_json
from vitcore.spec import RunSpec
from vitcore.store import exports

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)


def sit(monkeypatch: pytest.MonkeyPatch, zone: str | None, offset: int | None = None) -> None:
    """As if the browser stood there."""
    there = SimpleNamespace(timezone=zone, timezone_offset=offset)
    monkeypatch.setattr("pages.shared.moments.st", SimpleNamespace(context=there))


@pytest.mark.parametrize(
    ("zone", "offset", "text", "name"),
    [
        ("Asia/Tokyo", -540, "6 Mar 2026, 03:30 JST", "Asia/Tokyo"),
        ("America/New_York", 300, "5 Mar 2026, 13:30 EST", "America/New_York"),
        ("America/Sao_Paulo", 180, "5 Mar 2026, 15:30 UTC-03", "America/Sao_Paulo"),
        ("Nowhere/Unknown", -330, "6 Mar 2026, 00:00 UTC+05:30", "UTC+05:30"),
        (None, None, "5 Mar 2026, 18:30 UTC", "UTC"),
        ("../../etc/passwd", 0, "5 Mar 2026, 18:30 UTC", "UTC"),
    ],
)
def test_a_moment_stands_in_the_browser_s_zone(
    monkeypatch: pytest.MonkeyPatch, zone: str | None, offset: int | None, text: str, name: str
) -> None:
    sit(monkeypatch, zone, offset)
    assert moments.at(datetime(2026, 3, 5, 18, 30)) == text
    assert moments.zone_name() == name


def test_how_long_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    sit(monkeypatch, "Asia/Tokyo")
    assert moments.ago(NOW - timedelta(seconds=5), NOW) == "just now"
    assert moments.ago(NOW + timedelta(seconds=3), NOW) == "just now", "two clocks are never the same"
    assert moments.ago(NOW.replace(tzinfo=None) - timedelta(minutes=5), NOW) == "5 min ago"
    assert moments.ago(NOW - timedelta(hours=30), NOW) == "yesterday"
    assert moments.ago(NOW - timedelta(hours=47), NOW) == "3 Mar 2026, 22:00 JST", "two days ago there"
    assert moments.ago(NOW - timedelta(days=9), NOW) == "24 Feb 2026, 21:00 JST"
    assert moments.ago(NOW + timedelta(hours=3), NOW) == "6 Mar 2026, 00:00 JST, ahead of this machine's clock"
    assert moments.ago(None) == "–"


def test_every_moment_of_the_table_says_its_zone(stocked: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    table = store_cache.runs()
    present = [str(name) for name in table if pd.api.types.is_datetime64_any_dtype(table[name])]
    assert set(present) == set(moments.COLUMNS)
    sit(monkeypatch, "Asia/Tokyo")
    shown = moments.local(table)
    for name in present:
        assert str(shown[name].dt.tz) == "Asia/Tokyo"
        messages = columns.config(present)[name]
        assert "Asia/Tokyo" in messages["help"]
        assert "Tokyo" not in messages["label"], "a head is as wide as its column"
    assert (shown["created"].dt.tz_convert("UTC").dt.tz_localize(None) == table["created"]).all()


def test_compare_says_the_zone_once_below_its_table(stocked: Results, open_page: Open) -> None:
    app = open_page("compare")
    zones = lambda: [item.value for item in app.caption if item.value.startswith("Times are those of")]  # noqa: E731
    assert zones() == [], "no times are shown"
    app.multiselect(key="compare-columns").set_value(["created", "ended"]).run()
    assert zones() == [f"Times are those of {moments.zone_name()}."]


def test_what_is_taken_along_says_utc(stocked: Results) -> None:
    table = store_cache.runs()
    text = pd.read_csv(io.StringIO(exports.csv(table)))
    for name in moments.COLUMNS:
        assert all(pd.isna(value) or str(value).endswith("Z") for value in text[name])
    assert (pd.to_datetime(text["created"]).dt.tz_localize(None) == table["created"]).all()
    file = io.BytesIO()
    moments.utc(table[["id", "created", "started"]]).to_parquet(file, index=False)
    assert str(pd.read_parquet(file)["created"].dt.tz) == "UTC"
    assert exports.csv(moments.local(table)) == exports.csv(table)


def test_a_run_from_a_clock_ahead_is_not_of_just_now(empty: Results, open_page: Open) -> None:
    run = tell(empty, RunSpec.of(epochs=1))
    card = run.card()
    write_json(run.path / "spec.json", {**card, "created": card["created"] + 3 * 3600})
    app = open_page("home")
    assert any("ahead of this machine's clock" in caption.value for caption in app.caption)


@pytest.mark.parametrize("name", PAGES)
def test_no_page_says_a_moment_without_a_zone(stocked: Results, open_page: Open, name: str) -> None:
    for run in stocked.ids():
        card = stocked.run(run).card()
        write_json(stocked.run(run).path / "spec.json", {**card, "created": card["created"] - 40 * 86_400})
    app = open_page(name)
    for sentence in [*app.caption, *app.markdown]:
        text = str(sentence.value)
        clock = [word for word in text.replace(",", " ").split() if len(word) == 5 and word[2] == ":"]
        assert not clock or "UTC" in text, text
    if name == "home":
        assert any(caption.value.endswith(" UTC") for caption in app.caption)
