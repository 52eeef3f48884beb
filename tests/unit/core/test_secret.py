import copy
import pickle
from collections.abc import Callable

import pytest

from limen.core.secret import Secret


@pytest.mark.parametrize("show", [str, repr, "{}".format, "{0!s:>10}".format])
def test_a_secret_never_prints(show: Callable[[Secret[str]], str]) -> None:
    assert "hunter2" not in show(Secret("hunter2"))


def test_a_secret_inside_other_values_never_prints() -> None:
    assert "hunter2" not in repr({"password": [Secret("hunter2")]})


def test_a_secret_is_not_pickled_or_copied_by_pickling() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret("hunter2"))
    with pytest.raises(TypeError):
        copy.copy(Secret("hunter2"))


def test_reveal_is_the_way_to_the_value() -> None:
    assert Secret(b"raw").reveal() == b"raw"


def test_equal_secrets_are_equal() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
