"""`limen account`: what a person does to their own account."""

from typing import Final

from limen.entrypoints.cli.lazy import Entry, LazyGroup

_HERE: Final = "limen.entrypoints.cli.account"
_IN: Final = "Getting in"
_SELF: Final = "The account"
_PROOFS: Final = "What proves who you are"

account = LazyGroup(
    name="account",
    entries=(
        Entry("register", f"{_HERE}.registering:register", "Make an account.", _IN),
        Entry("verify", f"{_HERE}.registering:verify", "Prove an address.", _IN),
        Entry("resend", f"{_HERE}.registering:resend", "Have another proof mailed.", _IN),
        Entry("forgot", f"{_HERE}.registering:forgot", "Have a way back in mailed.", _IN),
        Entry("reset", f"{_HERE}.registering:reset", "Set a lost password.", _IN),
        Entry("login", f"{_HERE}.signing_in:login", "Sign in with a password.", _IN),
        Entry("factor", f"{_HERE}.signing_in:factor", "Finish with a second factor.", _IN),
        Entry(
            "required-factor",
            f"{_HERE}.required_factor:required_factor",
            "Set up a second factor that you must have.",
            _IN,
        ),
        Entry("link", f"{_HERE}.links:link", "Sign in by mail.", _IN),
        Entry("passkey", f"{_HERE}.passkeys:passkey", "Sign in by a passkey.", _IN),
        Entry("step-up", f"{_HERE}.signing_in:step_up", "Prove again who you are.", _IN),
        Entry("logout", f"{_HERE}.signing_in:logout", "Sign out.", _IN),
        Entry("show", f"{_HERE}.oneself:show", "Show who you are.", _SELF),
        Entry("update", f"{_HERE}.oneself:update", "Change name and language.", _SELF),
        Entry("change-email", f"{_HERE}.oneself:change_email", "Change the address.", _SELF),
        Entry("sessions", f"{_HERE}.sessions:sessions", "See and end sign-ins.", _SELF),
        Entry(
            "remembered",
            f"{_HERE}.remembered:remembered",
            "See the browsers that remember you.",
            _SELF,
        ),
        Entry("api-keys", f"{_HERE}.api_keys:api_keys", "Make and end API keys.", _SELF),
        Entry("delete", f"{_HERE}.oneself:delete", "Delete the account.", _SELF),
        Entry(
            "change-password", f"{_HERE}.oneself:change_password", "Change the password.", _PROOFS
        ),
        Entry("factors", f"{_HERE}.factors:factors", "List second factors.", _PROOFS),
        Entry("totp", f"{_HERE}.factors:totp", "Set up an authenticator app.", _PROOFS),
        Entry("recovery-codes", f"{_HERE}.factors:recovery_codes", "Make new ones.", _PROOFS),
        Entry("keep-factors", f"{_HERE}.factors:keep_factors", "Take a reset back.", _PROOFS),
        Entry("passkeys", f"{_HERE}.passkeys:passkeys", "Enrol and remove passkeys.", _PROOFS),
    ),
    help="""Act as yourself, not as the operator: with the same refusals as over HTTP.

The sign-in is kept in account.json in the data directory, or in the file of --session.
Passwords, links and codes are asked for, or come with --stdin from a pipe.""",
    examples=(
        "limen account register ada@example.org",
        "limen account login ada@example.org",
        "limen account show",
        "limen account sessions list",
    ),
)
