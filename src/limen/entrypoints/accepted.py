"""What is said where an answer must not tell whether there is such an account."""

from typing import Final

REGISTERED: Final = "Mail is on its way to this address. What to do next stands in it."
VERIFICATION_SENT: Final = "If this account has an address to prove, mail is on its way there."
RESET_SENT: Final = "If there is such an account, mail is on its way to it."
CHANGE_SENT: Final = "Mail is on its way to both addresses. The change counts once it is used."
