"""All scenarios."""

from typing import Final

from limen.testing.interleavings import account_scenarios as accounts
from limen.testing.interleavings import factor_scenarios as factors
from limen.testing.interleavings import key_scenarios as keys
from limen.testing.interleavings import level_scenarios as levels
from limen.testing.interleavings import mail_scenarios as mail
from limen.testing.interleavings import passkey_scenarios as passkeys
from limen.testing.interleavings import recovery_scenarios as recoveries
from limen.testing.interleavings import reset_scenarios as resets
from limen.testing.interleavings import role_scenarios as roles
from limen.testing.interleavings import token_scenarios as tokens
from limen.testing.interleavings.stage import Scenario

PAIRS: Final[tuple[Scenario, ...]] = (
    tokens.two_refreshes_with_one_token,
    tokens.a_refresh_and_a_refresh_too_late,
    tokens.a_refresh_and_a_revocation,
    tokens.a_refresh_and_a_suspension,
    tokens.a_refresh_and_a_password_change_elsewhere,
    accounts.two_registrations_of_one_address,
    accounts.a_password_change_and_a_sign_in,
    accounts.two_changes_of_one_password,
    accounts.a_sign_in_and_an_end_of_all_others,
    accounts.a_sign_in_and_a_suspension,
    accounts.a_sign_in_and_a_deletion,
    accounts.two_updates_of_one_version,
    passkeys.two_answers_to_one_question,
    passkeys.a_passkey_and_its_copy,
    passkeys.an_answer_and_the_removal_of_its_passkey,
    passkeys.an_answer_and_a_suspension,
    passkeys.two_enrolments_of_one_authenticator,
    roles.a_grant_and_the_removal_of_its_role,
    roles.a_grant_and_the_deletion_of_its_user,
    roles.two_withdrawals_of_one_grant,
    roles.two_administrators_who_demote_each_other,
    roles.two_administrators_who_suspend_each_other,
    roles.two_administrators_who_demote_and_delete,
    roles.two_administrators_who_limit_and_suspend,
    factors.two_proofs_by_one_code,
    factors.two_proofs_by_one_recovery_code,
    factors.two_confirmations_of_one_app,
    factors.a_proof_and_a_removal,
    factors.a_recovery_code_and_new_ones,
    resets.two_approvals_of_one_reset,
    resets.an_approval_and_a_withdrawal,
    resets.an_approval_and_the_removal_of_the_app,
    resets.an_approval_and_another_password,
    resets.two_requests_for_one_reset,
    mail.two_proofs_of_one_address,
    mail.a_proof_by_the_maker_and_one_by_a_stranger,
    mail.both_ends_of_one_change,
    mail.two_resets_by_one_link,
    mail.a_reset_and_a_sign_in,
    mail.two_sign_ins_by_one_link,
    recoveries.a_recovery_and_a_password_set_by_permission,
    recoveries.a_recovery_and_a_reset_of_ones_own_factors,
    recoveries.a_recovery_and_the_removal_of_a_passkey,
    recoveries.a_recovery_and_the_deletion_of_oneself,
    levels.two_ends_of_one_sign_in,
    levels.an_end_of_a_sign_in_and_a_stop,
    levels.a_step_up_and_a_sign_out,
    levels.a_step_up_and_a_refresh,
    levels.two_step_ups_by_one_cookie,
    levels.an_exchange_and_a_refresh,
    levels.a_required_app_and_another_sign_in,
    levels.a_sign_in_and_a_role_that_asks_for_more,
    levels.a_return_and_a_role_that_asks_for_more,
    keys.a_rotation_and_a_revocation,
    keys.two_rotations_of_one_key,
    keys.a_rotation_and_a_report,
)
TRIPLES: Final[tuple[Scenario, ...]] = (
    tokens.three_refreshes_with_one_token,
    tokens.two_refreshes_and_a_suspension,
    accounts.three_registrations_of_one_address,
    accounts.a_sign_in_a_password_change_and_a_suspension,
    roles.three_administrators_who_go_at_once,
)
SCENARIOS: Final = (*PAIRS, *TRIPLES)
