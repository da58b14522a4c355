"""Names beside points: none lies on another."""

from vitcore.figures.labels import places


def test_points_that_stand_apart_are_all_named() -> None:
    assert None not in places(["ViT", "CVT", "CCT"], [5.0, 6.0, 7.0], [90.0, 92.0, 95.0])


def test_of_points_on_one_spot_only_as_many_are_named_as_there_is_room_for() -> None:
    found = places([f"ViT-Lite-7/{n}" for n in range(12)] + ["elsewhere"], [6.5] * 12 + [5.0], [95.0] * 12 + [80.0])
    named = [spot for spot in found[:12] if spot]
    assert 1 <= len(named) < 12, "none lies on another"
    assert len(set(named)) == len(named), "each of them stands at a side of its own"
    assert found[-1] is not None, "a crowd elsewhere costs this one nothing"


def test_the_first_given_is_served_first() -> None:
    first, *_ = places(["best", "next", "third", "fourth", "fifth", "sixth"], [1.0] * 6, [1.0] * 6)
    assert first == "top center"


def test_nothing_to_name_is_no_error() -> None:
    assert places([], [], []) == []
