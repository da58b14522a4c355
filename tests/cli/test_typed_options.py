"""A number on the command line is what the same text is on the form: read to the letter, or refused by its option."""

import pytest

from tests.spec.test_typed import NO_NUMBERS, NUMBERS, inside
from vitcore.cli.options import flag, typed_as
from vitcore.cli.train import chosen_spec
from vitcore.errors import UserError
from vitcore.spec import SpecField
from vitcore.spec.typed import written


@pytest.mark.parametrize("field", NUMBERS, ids=lambda field: field.name)
def test_no_number_is_read_that_the_form_would_not_read(field: SpecField) -> None:
    """As "1_000" and "5.0" once were, since Python and pydantic read them."""
    for text in NO_NUMBERS:
        with pytest.raises(UserError) as messages:
            chosen_spec(None, {field.name: text})
        assert str(messages.value).startswith(f"{flag(field)}: "), text
    for value in inside(field):
        assert typed_as(field.name, written(value)) == value


def test_what_the_form_reads_is_read() -> None:
    assert chosen_spec(None, {"epochs": "1e3"}).training.epochs == 1000
    assert chosen_spec(None, {"learning_rate": " .5e-3 "}).optimizer.learning_rate == 5e-4
    assert chosen_spec(None, {"samples": ""}).data.samples is None
