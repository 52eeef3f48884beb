import pytest

from benchmarks.figures import paired_ratio, percentile, rate


@pytest.mark.parametrize(
    ("share", "expected"), [(0.01, 1), (0.5, 50), (0.501, 51), (0.99, 99), (1, 100)]
)
def test_a_percentile_is_the_smallest_value_that_reaches_the_share(
    share: float, expected: int
) -> None:
    assert percentile(range(100, 0, -1), share) == expected


def test_a_percentile_of_one_value_is_that_value() -> None:
    assert percentile([7.5], 0.99) == 7.5


@pytest.mark.parametrize(("values", "share"), [([], 0.5), ([1.0], 0), ([1.0], 1.1)])
def test_a_percentile_of_nothing_or_beyond_everything_is_refused(
    values: list[float], share: float
) -> None:
    with pytest.raises(ValueError, match=r"values|share"):
        percentile(values, share)


def test_a_rate_counts_from_the_first_to_the_last() -> None:
    assert rate([10.0, 10.5, 11.0, 12.0]) == 1.5


def test_a_rate_does_not_depend_on_the_order() -> None:
    assert rate([12.0, 10.0, 11.0, 10.5]) == 1.5


@pytest.mark.parametrize("instants", [[], [1.0], [1.0, 1.0]])
def test_a_rate_needs_two_instants(instants: list[float]) -> None:
    with pytest.raises(ValueError, match="two instants"):
        rate(instants)


def test_a_ratio_is_the_median_of_the_rounds() -> None:
    assert paired_ratio([1.0, 9.0, 4.0], [2.0, 10.0, 2.0]) == 0.9


def test_a_machine_that_becomes_slower_does_not_change_a_ratio() -> None:
    assert paired_ratio([8.0, 4.0, 2.0], [10.0, 5.0, 2.5]) == 0.8


def test_a_ratio_needs_rounds_on_both_sides() -> None:
    with pytest.raises(ValueError, match="rounds"):
        paired_ratio([], [])
    with pytest.raises(ValueError, match="argument"):
        paired_ratio([1.0], [])
