import pytest

from limen.core.errors import Kind, LimenError


def _catalogue(kind: type[LimenError] = LimenError) -> list[type[LimenError]]:
    found = [error for sub in kind.__subclasses__() for error in (sub, *_catalogue(sub))]
    return [error for error in found if error.__module__ == LimenError.__module__]


def test_codes_are_unique() -> None:
    codes = [error.code for error in _catalogue()]
    assert len(codes) == len(set(codes)) > 30


@pytest.mark.parametrize("error", _catalogue(), ids=lambda error: error.code)
def test_every_error_has_a_dotted_code_a_kind_and_a_sentence(error: type[LimenError]) -> None:
    assert error.code.count(".") == 1
    assert error.kind in Kind
    assert error().message == error.sentence
    assert error.sentence.endswith(".")
    assert str(error()) == error.sentence


def test_a_more_precise_message_takes_the_place_of_the_sentence() -> None:
    assert LimenError("Precisely this.").message == "Precisely this."
