"""What is typed into a field is read to the letter or refused in a sentence that says what to write."""

import pytest

from vitcore.errors import UserError
from vitcore.spec import RunSpec, SpecField, fields
from vitcore.spec.typed import read, read_list, written

LEAVES = {field.name: field for field in fields()}
TYPED = [field for field in fields() if not field.choices and field.kind is not bool]
NUMBERS = [field for field in TYPED if field.kind in (int, float)]


def inside(field: SpecField) -> list[int | float]:
    """Numbers that the option may well be."""
    low = field.bounds.get("ge", field.bounds.get("gt", 0))
    high = field.bounds.get("le", field.bounds.get("lt", low + 1000))
    found = [field.kind(low + share * (high - low)) for share in (0.25, 0.5, 0.75)]
    return [*found, field.default] if field.default is not None else found


@pytest.mark.parametrize("field", TYPED, ids=lambda field: field.name)
def test_what_is_written_reads_the_same(field: SpecField) -> None:
    values = inside(field) if field in NUMBERS else ["cpu", "a-b", field.default or "x"]
    for value in values:
        assert read(field, written(value)) == value
        assert type(read(field, written(value))) is field.kind
    assert read(field, written(field.default)) == field.default
    if field.optional:
        assert read(field, "") is None


NO_NUMBERS = [
    *(
        "1,5",
        "1 2",
        "1;2",
        "2-1",
        "1_0",
        "１",
        "٣",
        "−1",
        "1/2",
        "1 %",
        "0x1",
        "½",
        "2²",
        "1e999",
        "1e-999",
        "nan",
        "inf",
    ),
    *(
        "-",
        "+",
        ".",
        "e3",
        "1e",
        "True",
        "None",
        "9" * 400,
        "9" * 100_000,
        "1.2.3",
        "1\n2",
        "1'000",
        "\x00",
        "$1",
        "1 000",
    ),
]


@pytest.mark.parametrize("field", NUMBERS, ids=lambda field: field.name)
def test_what_is_no_number_is_refused_by_its_label_for_every_field(field: SpecField) -> None:
    for text in NO_NUMBERS:
        with pytest.raises(UserError) as messages:
            read(field, text)
        assert str(messages.value).startswith(f"{field.label}: "), text
        assert "\n" not in str(messages.value)
        assert len(str(messages.value)) < 300


@pytest.mark.parametrize("field", NUMBERS, ids=lambda field: field.name)
def test_bounds_are_kept_as_the_spec_keeps_them(field: SpecField) -> None:
    for bound, limit in field.bounds.items():
        allowed, step = bound in ("ge", "le"), 1 if bound in ("le", "lt") else -1
        beyond = limit + step if field.kind is int else limit + step * 0.5
        if allowed:
            assert read(field, written(field.kind(limit))) == limit
        else:
            with pytest.raises(UserError):
                read(field, written(field.kind(limit)))
        with pytest.raises(UserError, match=r"least|most|above|below"):
            read(field, written(field.kind(beyond)))


@pytest.mark.parametrize(
    ("name", "text", "messages"),
    [
        ("epochs", "20000", "20000 is more than the most, 10,000; give a whole number from 1 to 10,000"),
        ("epochs", "1e6", "more than the most, 10,000"),
        ("epochs", "10,000", "write 10000"),
        ("epochs", "1.5", "a whole number"),
        ("epochs", "", "nothing stands there"),
        ("learning_rate", "0,01", "write 0.01"),
        ("learning_rate", "1,000", "write 1.000 or 1000"),
        ("learning_rate", "3e−4", "write 3e-4"),
        ("learning_rate", "0", "not above 0"),
        ("samples", "６４", "write 64"),
        ("seed", "2147483648", "not below 2,147,483,648; give a whole number from 0 to 2,147,483,647"),
    ],
)
def test_what_would_be_right_is_said(name: str, text: str, messages: str) -> None:
    with pytest.raises(UserError) as refused:
        read(LEAVES[name], text)
    assert messages in str(refused.value)


@pytest.mark.parametrize(
    ("text", "value"), [("1e3", 1000), ("+5", 5), ("007", 7), (" 12 ", 12), ("1E2", 100)]
)  # what a number can be written as without a doubt
def test_whole_numbers(text: str, value: int) -> None:
    assert read(LEAVES["epochs"], text) == value


@pytest.mark.parametrize(
    ("name", "text", "values"),
    [
        ("seed", "0, 1, 2", [0, 1, 2]),
        ("seed", "0 1 2", [0, 1, 2]),
        ("seed", "0;1; 2", [0, 1, 2]),
        ("seed", "0,1,2", [0, 1, 2]),
        ("seed", "0-4", [0, 1, 2, 3, 4]),
        ("seed", "0 - 4", [0, 1, 2, 3, 4]),
        ("seed", "0–4, 7", [0, 1, 2, 3, 4, 7]),
        ("seed", "3-3", [3]),
        ("seed", "0, 1,", [0, 1]),
        ("samples", "all, 1000", [None, 1000]),
        ("samples", "", [None]),
        ("learning_rate", "1e-3, 0.01", [0.001, 0.01]),
        ("learning_rate", "1e-3 3e-4", [0.001, 0.0003]),
        ("learning_rate", "0.1,0.2", [0.1, 0.2]),
    ],
)
def test_lists(name: str, text: str, values: list[int | float | None]) -> None:
    assert read_list(LEAVES[name], text, empty="all") == values


@pytest.mark.parametrize(
    ("name", "text", "messages"),
    [
        ("seed", "9-5", "runs backwards; write 5-9"),
        ("seed", "4-0", "write 0-4"),
        ("seed", "0 -4", "-4 is less than the least"),
        ("seed", "1-99999", "99,999 values"),
        ("seed", "0-400 401-600", "601 values"),
        ("seed", "1, two", "'two'"),
        ("seed", "0,,1", "nothing stands between"),
        ("seed", ",", "nothing stands"),
        ("seed", "", "nothing stands"),
        ("seed", "0, 1, 1", "1 stands there twice"),
        ("seed", "0-4, 2", "2 stands there twice"),
        ("seed", "1,000", "write 1000, or 1, 000 with a space"),
        ("seed", "100,200", "two ways"),
        ("samples", "all all", "all stands there twice"),
        ("learning_rate", "0,01", "two ways; write 0.01"),
        ("learning_rate", "0,1,0,2", "two ways"),
        ("learning_rate", "0.1-0.5", "cannot be read"),
        ("learning_rate", "0.1, 0.10", "0.1 stands there twice"),
    ],
)
def test_a_list_that_is_none_or_two_is_refused(name: str, text: str, messages: str) -> None:
    with pytest.raises(UserError) as refused:
        read_list(LEAVES[name], text, empty="all")
    assert messages in str(refused.value)


@pytest.mark.parametrize("name", ["größer", "a b", "=1+1", "<b>", "👩\u200d🔬", "x" * 120, "../up", "最初 – $x$"])
def test_a_name_is_any_text_that_can_be_seen(name: str) -> None:
    assert RunSpec.of(name=name).title() == name
    assert RunSpec.of(name=name).fingerprint() == RunSpec().fingerprint()


@pytest.mark.parametrize(
    "name", ["x" * 121, " ", "a\nb", "a\tb", "a\u202eb", "\u200b", "a\ue000", "\x00", "a\u2028", "\uffff"]
)
def test_a_name_that_cannot_be_seen_is_refused(name: str) -> None:
    with pytest.raises(UserError, match=r"a name .*(seen|most)"):
        RunSpec.of(name=name)
