"""Short histories in which broken rules show that take long to find: a seed, and some of its steps.

They are tried first; where the simulation has changed and they show nothing any more, the search
goes on from its seeds.
"""

from collections.abc import Mapping
from typing import Final

KEPT: Final[Mapping[str, tuple[int, tuple[int, ...]]]] = {
    "a_key_that_was_ended_lets_in": (1, (71, 73, 76, 175)),
    "a_next_attempt_forgives_the_last_ones": (2, (2, 3, 4, 16, 17, 18)),
    "a_password_changed_meanwhile_still_opens": (2, (589,)),
    "a_removed_user_leaves_grants": (1, (834, 838)),
    "an_ended_grant_counts_on": (6, (*range(981, 1013), *range(1205, 1397))),
    "an_app_is_not_asked_for_again": (1, (27, 67, 68, 328)),
    "an_outage_lets_everybody_in": (3, (1338, 1343, 1350, 1357, 1358)),
    "anybody_may_give_any_role": (3, (271, 301)),
    "suspension_leaves_sessions_alive": (1, (28, 29, 33)),
    "the_grace_has_no_end": (2, (108, 111, 113, 125, 127)),
    "the_last_administrator_goes": (1, (932, 936)),
    "what_ran_out_goes_on": (5, (725, 762, 763)),
}
