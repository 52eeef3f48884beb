import subprocess
import sys

import pytest

import limen
from limen.core.errors import LimenError

PROMISED = {
    "Actor",
    "Fault",
    "Kind",
    "Limen",
    "LimenError",
    "ListQuery",
    "PartialSignIn",
    "Secret",
    "Settings",
    "__version__",
    "open",
}


def test_the_promised_names_are_these_and_all_there() -> None:
    assert set(limen.__all__) == PROMISED
    assert set(dir(limen)) >= PROMISED
    for name in PROMISED:
        assert getattr(limen, name) is not None
    assert limen.LimenError is LimenError
    assert limen.__version__[0].isdigit()


def test_other_names_are_not_there() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Usher'"):
        limen.Usher  # noqa: B018 - asking is the test.


def test_importing_limen_needs_nothing_but_the_standard_library() -> None:
    program = (
        "import sys; before = set(sys.modules);"
        "import limen; limen.Actor, limen.Secret, limen.LimenError, limen.ListQuery;"
        "loaded = {name.partition('.')[0] for name in set(sys.modules) - before};"
        "print(*loaded - sys.stdlib_module_names)"
    )
    isolated = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert isolated.stdout.split() == ["limen"]
