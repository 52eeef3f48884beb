"""Whoever checks by `assert` refuses to run where Python leaves assertions out."""


def need_assertions() -> None:
    """Raise `RuntimeError` under `python -O`: nothing would be checked, and all be well."""
    if not __debug__:
        raise RuntimeError("python -O leaves out the assertions that check here: run it without -O")
