"""The long profile: every machine on every store, thousands of sequences, for the night.

`./dev prove` runs it on limen's own stores. On a store of yours:

```sh
python -m limen.testing.machines my_package.store:open_store --sequences 2000 --steps 60
```
"""

import argparse
import secrets
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hypothesis import settings
from hypothesis.database import DirectoryBasedExampleDatabase

from limen.testing.machines.api_keys import ApiKeyMachine
from limen.testing.machines.approvals import ApprovalMachine
from limen.testing.machines.cookies import CookieMachine
from limen.testing.machines.emails import EmailMachine
from limen.testing.machines.factors import FactorMachine
from limen.testing.machines.levels import LevelMachine
from limen.testing.machines.links import LinkMachine
from limen.testing.machines.machine import QUICK, Proof, StoreMachine
from limen.testing.machines.passkeys import PasskeyMachine
from limen.testing.machines.recovery import RecoveryMachine
from limen.testing.machines.refresh_families import FamilyMachine
from limen.testing.machines.remembered import RememberedMachine
from limen.testing.machines.roles import RoleMachine
from limen.testing.machines.signin import SignInMachine
from limen.testing.machines.users import UserMachine
from limen.testing.store import OpenStore

MACHINES: Final[Mapping[str, type[StoreMachine]]] = {
    "users": UserMachine,
    "families": FamilyMachine,
    "roles": RoleMachine,
    "signin": SignInMachine,
    "factors": FactorMachine,
    "approvals": ApprovalMachine,
    "passkeys": PasskeyMachine,
    "api-keys": ApiKeyMachine,
    "remembered": RememberedMachine,
    "emails": EmailMachine,
    "recovery": RecoveryMachine,
    "links": LinkMachine,
    "levels": LevelMachine,
    "cookies": CookieMachine,
}
# Where Hypothesis looks by itself as well: what the long profile finds, the quick one tries first.
KEPT: Final = ".hypothesis/examples"
SEEDS: Final = 1 << 32
_MOST_SEQUENCES: Final = 1_000_000
_MOST_STEPS: Final = 500
_BATCH: Final = 100

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How much to try: `sequences` of `steps` each, the same ones for the same `seed`."""

    seed: int
    sequences: int = 2000
    steps: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What one machine came to on one store; `sequences` and `steps` are those that really ran."""

    machine: str
    store: str
    sequences: int
    steps: int
    seconds: float
    finding: Exception | None = None

    @property
    def word(self) -> str:
        """Say it in one word."""
        return "sound" if self.finding is None else "BROKEN"


def prove_at_length(
    machines: Mapping[str, type[StoreMachine]],
    stores: Mapping[str, OpenStore],
    effort: Effort,
    tell: Tell,
) -> Iterator[Score]:
    """Run each machine on each store, and give the scores one after the other.

    A finding ends its machine on its store, not the rest. `tell` hears how far it is.
    """
    for store, open_store in stores.items():
        for name, machine in machines.items():
            with Proof(machine, open_store, store) as proof:
                yield _prove_one(proof, (name, store), effort, tell)


def _prove_one(proof: Proof, names: tuple[str, str], effort: Effort, tell: Tell) -> Score:
    began, seed, left = time.perf_counter(), effort.seed, effort.sequences
    finding: Exception | None = None
    machine, store = names
    while left > 0 and finding is None:
        batch = min(left, _BATCH)
        left -= batch
        try:
            # Hypothesis begins with the shortest sequence there is, which proves nothing.
            proof.search(_settings(batch + 1, effort.steps), seed=seed)
        except Exception as error:
            finding = error
            how = f"--sequences {batch} --steps {effort.steps} --seed {seed}"
            tell(_told(error, machine=machine, store=store, how=how))
        else:
            done, seconds = effort.sequences - left, time.perf_counter() - began
            tell(
                f"{machine} on {store}: {done} of {effort.sequences} sequences, "
                f"{proof.steps} steps, {seconds:.0f} s"
            )
        seed = seed % (SEEDS - 1) + 1
    return Score(
        machine=machine,
        store=store,
        sequences=proof.sequences,
        steps=proof.steps,
        seconds=time.perf_counter() - began,
        finding=finding,
    )


def _settings(sequences: int, steps: int) -> settings:
    return settings(
        QUICK,
        max_examples=sequences,
        stateful_step_count=steps,
        database=DirectoryBasedExampleDatabase(KEPT),
        derandomize=False,
    )


def _told(finding: Exception, *, machine: str, store: str, how: str) -> str:
    """Tell a finding as a story, and how to see it again."""
    return (
        "".join(traceback.format_exception_only(finding))
        + f"\nIt is kept in {KEPT} and comes first in the next run.\n"
        + f"To search as this run did: --machine {machine} --storage {store} {how}\n"
    )


def table(scores: Sequence[Score]) -> str:
    """Return the scores as a table for people."""
    rows = [("machine", "store", "sequences", "steps", "seconds", "steps/s", "verdict")]
    for one in scores:
        speed = one.steps / one.seconds if one.seconds else 0
        numbers = (f"{one.sequences:,}", f"{one.steps:,}", f"{one.seconds:.1f}", f"{speed:,.0f}")
        rows.append((one.machine, one.store, *numbers, one.word))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if 2 <= at <= 5 else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


# --- the command ---------------------------------------------------------------------------------


def run(stores: Mapping[str, OpenStore], arguments: Sequence[str], program: str) -> int:
    """Read a command line, prove, print the table; 1 if anything was found."""
    asked = _parser(stores, program).parse_args(arguments)
    effort = Effort(seed=asked.seed, sequences=asked.sequences, steps=asked.steps)
    machines = {name: MACHINES[name] for name in asked.machine or MACHINES}
    chosen = {name: stores[name] for name in asked.storage or stores}
    print(f"seed {effort.seed}", file=sys.stderr)
    scores: list[Score] = []
    try:
        scores.extend(prove_at_length(machines, chosen, effort, _print_progress))
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
    print(table(scores))
    is_whole = len(scores) == len(machines) * len(chosen)
    return 0 if is_whole and all(one.finding is None for one in scores) else 1


def _parser(stores: Mapping[str, OpenStore], program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program, description="Drive limen's services on a store, and compare with a model."
    )
    add = parser.add_argument
    add("--machine", action="append", choices=MACHINES, help="only this one (may be repeated)")
    add("--storage", action="append", choices=stores, help="only this one (may be repeated)")
    add("--sequences", type=_up_to(_MOST_SEQUENCES), default=2000, metavar="N", help="(2000)")
    add("--steps", type=_up_to(_MOST_STEPS), default=60, metavar="N", help="of each (60)")
    add(
        "--seed",
        type=_up_to(SEEDS - 1),
        default=1 + secrets.randbelow(SEEDS - 1),
        metavar="N",
        help="tries the same sequences as the run that told it (by chance)",
    )
    return parser


def _up_to(most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        value = int(text)
        if not 1 <= value <= most:
            raise argparse.ArgumentTypeError(f"must be from 1 to {most}")
        return value

    read.__name__ = "number"
    return read


def _print_progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
