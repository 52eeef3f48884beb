"""A measured program that stays: a line with a question comes in, a line with the figure goes out.

So the import of its libraries is no part of a measurement, and rounds of it can stand between
rounds of limen.
"""

import json
import sys
from collections.abc import Callable
from typing import Any


def answer(measure: Callable[[dict[str, Any]], dict[str, float]]) -> None:
    """Answer questions until there are no more."""
    for line in sys.stdin:
        print(json.dumps(measure(json.loads(line))), flush=True)
