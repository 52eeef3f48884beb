"""What machines say about users: from few enough values that they meet again and again."""

from typing import Final

from hypothesis import strategies as st

from limen.core.users.model import Status
from limen.testing import strategies

PASSWORDS: Final = ("correct horse battery", "another horse battery")

# Few enough that they are taken again and again.
EMAILS: Final = st.sampled_from(
    [
        "ada@example.org",
        "Ada@EXAMPLE.org",
        "eve@example.org",
        "straße@bücher.example",
        "STRASSE@xn--bcher-kva.example",
    ]
) | strategies.email_texts().map(
    # A filter would throw whole sequences away.
    lambda text: text if strategies.is_email(text) else "odd@example.org"
)
_GIVEN: Final = st.sampled_from(["ada", "ADA", "eve", "bob_1"])
USERNAMES: Final = st.none() | _GIVEN
IDENTIFIERS: Final = EMAILS | _GIVEN
NAMES: Final = st.sampled_from(["", "Ada", "ada", "Zoë", "%", "日本"]) | strategies.names()
LOCALES: Final = st.none() | strategies.locales()
ATTRIBUTES: Final = st.dictionaries(
    st.sampled_from(["team", "größe", "nested"]),
    st.integers(2, 9) | st.text("abc", max_size=3) | st.just({"x": "y"}),
    max_size=3,
)
SOME_PASSWORD: Final = st.sampled_from(PASSWORDS)
STATUSES: Final = st.sampled_from(list(Status))
SORTS: Final = st.sampled_from(["email", "-email", "name", "-name,email", "status", "-created_at"])
