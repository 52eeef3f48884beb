"""What second factors do to the methods of a sign-in."""

from limen.core.signin.levels import with_second_factor


def test_a_second_factor_adds_its_method_once_and_that_there_were_two() -> None:
    assert with_second_factor(("pwd",), "otp") == ("pwd", "otp", "mfa")
    assert with_second_factor(("otp",), "otp") == ("otp", "mfa")
