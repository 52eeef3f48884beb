"""Short histories in which broken rules show that take long to find: a seed, and some of its steps.

They are tried first; where the simulation has changed and they show nothing any more, the search
goes on from its seeds.
"""

from collections.abc import Mapping
from typing import Final

KEPT: Final[Mapping[str, tuple[int, tuple[int, ...]]]] = {
    "a_link_is_not_used_up": (2, (208, 214, 347)),
    "a_passkey_that_was_removed_meanwhile_opens": (2, (3, 12, 13)),
    "a_password_changed_meanwhile_still_opens": (6, (1079, 1086)),
    "a_session_without_a_factor_lives_on_beside_a_new_role": (3, (354, 501, 508, 510)),
    "a_used_credential_begins_a_second_session": (1, (1157, 1160, 1180, 1213, 1218)),
    "a_worker_forgets_what_it_ended_itself": (1, (1045, 1047, 1052)),
    "an_answer_of_a_passkey_counts_again": (2, (3, 12, 13)),
    "an_app_is_not_asked_for_again": (1, (27, 67, 68, 328)),
    "an_ended_grant_counts_on": (32, (278, 318, 567, 570, 581, 592)),
    "an_identified_session_passes_for_a_full_one": (9, (1197, 1212, 1246, 1248)),
    "anybody_may_give_any_role": (4, (191, 199, 201)),
    "signing_out_leaves_the_browser_remembered": (1, (1300, 1396)),
    "suspension_leaves_sessions_alive": (1, (28, 29, 33)),
    "the_denial_list_is_not_read_again": (1, (1045, 1047, 1052)),
    "the_grace_has_no_end": (3, (526, 580, 582, 584)),
    "there_is_no_grace": (1, (1174, 1187, 1188)),
    "two_come_back_by_one_credential_at_once": (4, (1248, 1253, 1254, 1262, 1272)),
    "what_ran_out_goes_on": (1, (1296, 1298, 1309, 1323)),
}
