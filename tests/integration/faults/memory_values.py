"""The store in memory, where a value comes back as another one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from limen.adapters.memory.store import Rows, Table
from limen.core.messages.model import MessageKind
from tests.integration.faults.fault import faults_of

fault = faults_of("memory")


def keep_as(
    monkeypatch: pytest.MonkeyPatch, table: str, field: str, change: Callable[[Any], Any]
) -> None:
    """Keep one field of every row of a table as something else."""

    class Changing(Table[Any, Any]):
        def put(self, key: Any, value: Any) -> None:
            super().put(key, replace(value, **{field: change(getattr(value, field))}))

    draft = Rows.draft

    def draft_with_it(self: Rows) -> Rows:
        return replace(draft(self), **{table: Changing(getattr(self, table)._rows)})

    monkeypatch.setattr(Rows, "draft", draft_with_it)


# --- columns too short ---------------------------------------------------------------------------

_longest = fault("TestValues::test_the_longest_texts_come_back_to_the_last_character")


@_longest
def a_name_ends_after_100_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_as(monkeypatch, "users", "name", lambda text: text[:100])


@_longest
def a_description_ends_after_255_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_as(monkeypatch, "roles", "description", lambda text: text[:255])


@_longest
def a_label_ends_after_255_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_as(monkeypatch, "remembered", "label", lambda text: text.encode()[:255].decode())


@_longest
def an_address_has_room_for_the_older_protocol(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_as(monkeypatch, "sessions", "address", lambda text: text and text[:15])


@_longest
def a_name_of_a_key_is_normalised(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_as(monkeypatch, "api_keys", "name", lambda text: text.replace("ﬁ", "fi"))


@_longest
def a_signing_key_is_known_in_small_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_as(monkeypatch, "keys", "id", str.lower)


@_longest
def a_description_knows_no_rare_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_as(monkeypatch, "roles", "description", lambda text: text.replace("🔑", "?"))


@fault("TestValues::test_a_long_answer_comes_back_whole")
def an_answer_ends_after_65535_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_as(monkeypatch, "attempts", "sealed", lambda sealed: sealed and sealed[:65_535])


# --- bytes taken for texts, instants for numbers -------------------------------------------------


@fault("TestValues::test_any_bytes_come_back_as_they_were[zero]")
def a_digest_of_a_token_loses_its_last_zeros(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_as(monkeypatch, "families", "digest", lambda digest: digest.rstrip(b"\0"))


@fault("TestValues::test_any_bytes_come_back_as_they_were[space]")
def a_digest_of_a_key_loses_its_last_spaces(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_as(monkeypatch, "api_keys", "digest", lambda digest: digest.rstrip(b" "))


@fault("TestValues::test_any_bytes_come_back_as_they_were")
def a_digest_of_a_code_is_taken_for_a_text(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_as(
        monkeypatch,
        "proofs",
        "code_digest",
        lambda digest: digest.decode(errors="replace").encode(),
    )


def to_milliseconds(instant: datetime) -> datetime:
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


@fault("TestValues::test_every_instant_comes_back_to_the_microsecond")
def a_message_is_dated_to_the_millisecond(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_as(monkeypatch, "messages", "created_at", to_milliseconds)


@fault("TestValues::test_every_instant_comes_back_to_the_microsecond")
def an_attempt_is_dated_to_the_millisecond(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_as(monkeypatch, "attempts", "begun_at", to_milliseconds)


# --- one thing for another -----------------------------------------------------------------------


@fault("TestValues::test_an_empty_text_is_not_the_same_as_none")
def an_empty_text_becomes_none(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_as(monkeypatch, "sessions", "user_agent", lambda text: text or None)


@fault("TestValues::test_an_empty_text_is_not_the_same_as_none")
def none_becomes_an_empty_text(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_as(monkeypatch, "remembered", "user_agent", lambda text: text or "")


@fault("TestValues::test_every_kind_and_every_reason_comes_back")
def every_message_verifies_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_as(monkeypatch, "messages", "kind", lambda _: MessageKind.VERIFY_EMAIL)
