import json
from pathlib import Path

from benchmarks.bench import Result
from benchmarks.goals import CHECK, MEMORY
from benchmarks.report import notes, table, verdict, write_json

MISSED = Result(
    goal=CHECK,
    storage="sqlite",
    value=0.5,
    limen="500 /s",
    limit="1,000 /s",
    notes=("busy",),
    rounds={"limen": [500.0], "limit": [1000.0]},
)
MET = Result(goal=MEMORY, storage="sqlite", value=80.4, limen="80 MB", rounds={"limen": [80.4]})


def test_the_table_shows_each_figure_beside_its_goal() -> None:
    lines = [line.split("  ") for line in table([MET, MISSED]).splitlines()]
    cells = [[cell.strip() for cell in line if cell] for line in lines]
    assert cells[1] == ["✗", CHECK.what, "sqlite", "500 /s", "1,000 /s", "0.50", "≥ 0.6"]
    assert cells[2] == ["✓", MEMORY.what, "sqlite", "80 MB", "80.40 MB", "≤ 120 MB"]


def test_misses_are_named_at_the_end() -> None:
    assert verdict([MET, MISSED]) == "1 of 2 figures miss their goals: check (sqlite)"
    assert verdict([MET]) == "all 1 figures reach their goals"


def test_notes_say_what_they_belong_to() -> None:
    assert notes([MET, MISSED]) == "  check sqlite: busy"


def test_everything_measured_can_be_read_by_a_program(tmp_path: Path) -> None:
    write_json(tmp_path / "figures.json", {"system": "here"}, [MISSED])
    found = json.loads((tmp_path / "figures.json").read_text())
    assert found["environment"] == {"system": "here"}
    assert found["results"][0]["value"] == 0.5
    assert found["results"][0]["rounds"] == {"limen": [500.0], "limit": [1000.0]}
    assert found["results"][0]["is_met"] is False
