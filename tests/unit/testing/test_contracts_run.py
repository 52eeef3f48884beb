"""What pytest, a mark or a fixture would drop of a contract fails the run and says what to do."""

from pathlib import Path

import pytest

from tests.unit.docs.pages import page
from tests.unit.testing.running import Seen, run

CONTRACT = """
import asyncio
import pytest
from limen.core.errors import UserNotFound
from limen.testing.contract import Contract

class ThingContract(Contract):
    @pytest.mark.parametrize("number", [1, 2])
    def test_number(self, thing, number):
        assert number in thing

    async def test_empty(self, thing):
        assert 0 not in thing

class WholeContract(Contract):
    class TestThing(ThingContract):
        pass

@pytest.fixture
def thing():
    return {1, 2}
"""
ALL = ["test_number[1]", "test_number[2]", "test_empty"]


def run_class(folder: Path, text: str, *options: str, ini: str = "") -> Seen:
    return run(folder, f"{CONTRACT}\n{text}\nclass TestLast(WholeContract): ...", *options, ini=ini)


def of_thing(seen: Seen) -> dict[str, str]:
    """The outcomes of the class `TestIt`."""
    found = {name.removeprefix("TestIt::"): outcome for name, outcome in seen.outcomes.items()}
    return {name: found[name] for name in ALL if name in found}


def test_a_sound_adapter_passes(tmp_path: Path) -> None:
    seen = run_class(tmp_path, "class TestIt(ThingContract): ...")
    assert of_thing(seen) == dict.fromkeys(ALL, "passed")
    assert seen.collected == "passed"
    assert list(seen) == ["passed"] * 6


# --- promises that are broken, and said to be ---

BROKEN = """
class TestIt(ThingContract):
    broken_promises = {{{name!r}: "no twos yet"}}
    @pytest.fixture
    def thing(self):
        {body}
"""


def broken(name: str, body: str) -> str:
    return BROKEN.format(name=name, body=body)


def test_a_broken_promise_runs_unchanged_is_expected_to_fail_and_is_told(tmp_path: Path) -> None:
    seen = run_class(tmp_path, broken("test_number[2]", "return {1}"))
    assert of_thing(seen) == dict(zip(ALL, ["passed", "xfailed", "passed"], strict=True))
    assert "no twos yet" in seen.told


def test_a_broken_promise_without_a_case_is_all_its_cases(tmp_path: Path) -> None:
    seen = run_class(tmp_path, broken("test_number", "return set()"))
    assert of_thing(seen) == dict(zip(ALL, ["xfailed", "xfailed", "passed"], strict=True))


def test_a_broken_promise_of_a_contract_inside_is_named_as_pytest_names_it(tmp_path: Path) -> None:
    text = broken("TestThing::test_empty", "return {0, 1, 2}").replace("(Thing", "(Whole")
    seen = run_class(tmp_path, text)
    assert seen.outcomes["TestIt::TestThing::test_empty"] == "xfailed"
    assert list(seen) == ["passed", "passed", "xfailed", *["passed"] * 3]


@pytest.mark.parametrize("name", ["test_number", "test_number[2]"])
def test_a_broken_promise_that_is_kept_after_all_fails_the_run(tmp_path: Path, name: str) -> None:
    seen = run_class(tmp_path, broken(name, "return {1, 2}"))
    assert of_thing(seen)["test_number[2]"] == "failed"
    assert "XPASS(strict)" in seen.told


@pytest.mark.parametrize(
    "error", ["AssertionError", "UserNotFound", "NotImplementedError", "asyncio.TimeoutError"]
)
def test_a_broken_promise_may_show_by_any_of_these(tmp_path: Path, error: str) -> None:
    text = BROKEN.format(name="test_empty", body=f"return Odd(({error},))")
    odd = f"""
class Odd(set):
    def __contains__(self, number):
        if number == 0:
            raise {error}
        return True
"""
    assert of_thing(run_class(tmp_path, odd + text))["test_empty"] == "xfailed"


@pytest.mark.parametrize("body", ["assert False", "raise OSError", "pytest.xfail('no')", "nothing"])
def test_trouble_before_the_promise_is_tried_is_no_broken_promise(
    tmp_path: Path, body: str
) -> None:
    seen = run_class(tmp_path, broken("test_empty", body))
    assert of_thing(seen)["test_empty"] == "failed"
    assert "not why it failed" in seen.told


def test_a_slip_is_no_broken_promise(tmp_path: Path) -> None:
    seen = run_class(tmp_path, broken("test_empty", "return None"))
    assert of_thing(seen)["test_empty"] == "failed"
    assert "TypeError" in seen.told


def test_trouble_behind_a_broken_promise_fails_the_run(tmp_path: Path) -> None:
    seen = run_class(tmp_path, broken("test_empty", "yield {0, 1, 2}\n        assert False"))
    assert of_thing(seen)["test_empty"] == "failed"


GUIDE = page("docs/how-to/write-an-adapter.md")
DIFFERS = "test_verify_raises_password_mismatch_for_a_password_that_differs_a_little"


def test_the_guides_example_of_a_broken_promise_fails_and_is_told(tmp_path: Path) -> None:
    text = "\n".join(block.text for block in GUIDE.blocks("python") if "ScryptH" in block.text)
    text = text.replace("_conforms", "# _conforms")
    seen = run(tmp_path, text, "-k", f"TestPlainScryptHasher and {DIFFERS}")
    known = f"TestPlainScryptHasher::{DIFFERS}[NUL at the end]"
    assert [name for name, told in seen.outcomes.items() if told == "xfailed"] == [known]
    assert sorted(seen) == [*["passed"] * 7, "xfailed"]
    assert "the library under it takes NULs at the end for none" in seen.told
    kept = run(
        tmp_path, text.replace('rstrip("\\0")', "strip()"), "-k", "PlainScrypt and NUL and end"
    )
    assert kept.outcomes[known] == "failed"


# --- what is skipped ---


@pytest.mark.parametrize("body", ["pytest.skip('no server')", "pytest.xfail('no server')"])
def test_a_fixture_cannot_skip_a_contract(tmp_path: Path, body: str) -> None:
    seen = run_class(tmp_path, broken("test_number[1]", body))
    assert of_thing(seen) == dict.fromkeys(ALL, "failed")
    assert "A contract is never skipped" in seen.told
    assert "no server" in seen.told


def test_an_adapter_cannot_skip_a_contract(tmp_path: Path) -> None:
    odd = """
class Odd:
    def __contains__(self, number):
        pytest.skip("not now")
"""
    seen = run_class(tmp_path, odd + broken("test_number[1]", "return Odd()"))
    assert of_thing(seen) == dict.fromkeys(ALL, "failed")


@pytest.mark.parametrize(
    "mark",
    [
        "skip(reason='no time')",
        "skipif(True, reason='no time')",
        "xfail(reason='no time', strict=True)",
        "xfail(reason='no time', run=False)",
        "xfail(reason='no time')",
    ],
)
def test_a_module_cannot_mark_its_contracts_away(tmp_path: Path, mark: str) -> None:
    text = broken("test_number[7]", "return {0}")
    seen = run_class(tmp_path, f"pytestmark = pytest.mark.{mark}\n{text}")
    assert set(seen) == {"failed"}
    assert "A contract is never skipped" in seen.told


BRINGING = """
class BringingContract(Contract):
    @pytest.fixture
    def things(self, thing):
        return [thing]

    @pytest.mark.parametrize("a, b", [(1, 2)])
    def test_things(self, thing, things, a, b):
        assert things

"""
OUTER = """
class OuterContract(Contract):
    class TestIn(BringingContract): ...

"""
EMPTY = "parametrize('thing, things', [({1}, [1]), ({2}, [2])])"
KEYWORDS = "parametrize(argvalues=[[1]], argnames=['things'])"


@pytest.mark.parametrize(
    "text",
    [
        f"@pytest.mark.{EMPTY}\nclass TestIt(BringingContract): ...",
        f"{OUTER}@pytest.mark.{EMPTY}\nclass TestIt(OuterContract): ...",
        f"@pytest.mark.{KEYWORDS}\nclass TestIt(BringingContract): ...",
    ],
    ids=["class", "class around", "keywords"],
)
def test_no_case_takes_the_place_of_a_fixture_that_a_contract_brings(
    tmp_path: Path, text: str
) -> None:
    seen = run_class(tmp_path, BRINGING + text)
    assert seen.collected == "failed"
    assert "parametrize would take the place of things, BringingContract's own" in seen.told


def test_an_adapter_may_have_cases_of_its_own(tmp_path: Path) -> None:
    cases = "@pytest.mark.parametrize('thing', [{1, 2}, {2, 1}])\n"
    seen = run_class(tmp_path, f"{BRINGING}{cases}class TestIt(BringingContract): ...")
    outcomes = [told for name, told in seen.outcomes.items() if name.startswith("TestIt::")]
    assert outcomes == ["passed"] * 2


def test_a_fixture_without_cases_cannot_skip_a_contract(tmp_path: Path) -> None:
    text = broken("test_empty", "return {0}").replace("fixture", "fixture(params=[])")
    seen = run_class(tmp_path, text)
    outcomes = {name: told for name, told in seen.outcomes.items() if "TestIt::" in name}
    assert set(outcomes.values()) == {"failed"}
    assert "got empty parameter set" in seen.told


def test_tests_of_the_authors_own_may_be_skipped(tmp_path: Path) -> None:
    text = """
class TestIt(ThingContract):
    @pytest.mark.skip(reason="mine")
    def test_mine(self): ...
"""
    assert run_class(tmp_path, text).outcomes["TestIt::test_mine"] == "skipped"


# --- what is not collected ---

DATACLASS = """
from dataclasses import dataclass

@dataclass
class TestIt(ThingContract):
    number: int = 0
"""
SILENT = """
class Silent:
    def __init_subclass__(cls): ...
    test_empty = None

class TestIt(Silent, ThingContract): ...
"""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("class Things(ThingContract): ...", "does not collect: name it Test"),
        ("@pytest.mark.skip\nclass TestIt(ThingContract): ...", "skip on the class"),
        ("class TestIt(ThingContract): ...\nTestIt.__test__ = False", "__test__ would switch"),
        ("class TestIt(ThingContract): ...\nTestIt.test_empty = None", "test_empty overrides"),
        (DATACLASS, "collects no class with __init__"),
        (SILENT, "in the way of test_empty"),
    ],
    ids=["name", "skip", "__test__", "override", "__init__", "silence"],
)
def test_a_class_that_would_be_dropped_fails_the_run(tmp_path: Path, text: str, told: str) -> None:
    seen = run_class(tmp_path, text)
    assert seen.collected == "failed"
    assert told in seen.told


def test_a_class_to_inherit_from_need_not_be_collected(tmp_path: Path) -> None:
    seen = run_class(tmp_path, "class Base(ThingContract): ...\nclass TestIt(Base): ...")
    assert of_thing(seen) == dict.fromkeys(ALL, "passed")


@pytest.mark.parametrize("ini", ["python_functions = check_*", "python_classes = TestL*"])
def test_settings_of_pytest_cannot_drop_a_contract(tmp_path: Path, ini: str) -> None:
    seen = run_class(tmp_path, "", ini=ini)
    assert seen.collected == "failed"
    assert "does not collect" in seen.told


def test_choosing_tests_is_the_callers_business(tmp_path: Path) -> None:
    seen = run_class(tmp_path, broken("test_number[2]", "return {1}"), "-k", "TestIt and number")
    assert of_thing(seen) == dict(zip(ALL, ["passed", "xfailed"], strict=False))
    assert seen.collected == "passed"


def test_runxfail_shows_what_a_broken_promise_fails_with(tmp_path: Path) -> None:
    seen = run_class(tmp_path, broken("test_number[2]", "return {1}"), "--runxfail")
    assert of_thing(seen)["test_number[2]"] == "failed"
