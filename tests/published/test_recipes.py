"""The reports' recipes as specs to start from: each is a cell's own, named once, with its source."""

from vitcore.published import recipes
from vitcore.published.chains import takes
from vitcore.published.tables import table


def test_each_is_a_run_of_its_own_under_one_name() -> None:
    found = recipes.recipes()
    assert len(found) > 100
    assert len({each.label for each in found}) == len({each.spec for each in found}) == len(found)
    assert not [each for each in found if takes(each.spec)]
    assert all(each.source for each in found if not each.scaled)


def test_a_network_on_a_dataset_has_the_reports_own() -> None:
    [only] = recipes.of("cct-2/3x2", "mnist")
    assert only.spec.training.epochs == 310
    assert not only.scaled
    performer = recipes.of("performer", "mnist")
    own = table("performer-table-1")
    assert own.spec(own.rows[0].key, own.columns[0].key, "report") in [each.spec for each in performer]
    assert recipes.of("cct-2/3x2", "digits") == ()
