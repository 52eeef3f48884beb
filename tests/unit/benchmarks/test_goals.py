import pytest

from benchmarks.goals import CHECK, GOALS, MEMORY


@pytest.mark.parametrize(("value", "is_met"), [(0.6, True), (0.596, True), (0.594, False)])
def test_a_floor_is_reached_by_the_figure_that_is_printed(value: float, is_met: bool) -> None:
    assert CHECK.is_met(value) is is_met


@pytest.mark.parametrize(("value", "is_met"), [(80, True), (120, True), (120.1, False)])
def test_a_ceiling_is_not_to_be_passed(value: float, is_met: bool) -> None:
    assert MEMORY.is_met(value) is is_met


def test_goals_are_shown_with_their_direction_and_unit() -> None:
    assert CHECK.text == "≥ 0.6"
    assert MEMORY.text == "≤ 120 MB"


def test_every_goal_has_a_name_of_its_own() -> None:
    assert len({goal.name for goal in GOALS}) == len(GOALS)
