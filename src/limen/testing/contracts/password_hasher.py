"""What `limen.ports.password_hasher` promises."""

import asyncio
from collections.abc import Sequence
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limen.core.errors import HashingBusy, PasswordHashUnknown, PasswordMismatch
from limen.core.secret import Secret
from limen.ports.password_hasher import PasswordHasher, PasswordScheme, PasswordVerifier
from limen.testing import strategies
from limen.testing.contract import Contract, examples

PASSWORD: Final = Secret("correct horse battery")
# Pairs that hashes are known to confuse, by where they differ.
CONFUSABLE: Final = {
    "behind 72 bytes": ("x" * 71 + "éa", "x" * 71 + "éb"),
    "behind 255 bytes": ("y" * 255 + "a", "y" * 255 + "b"),
    "behind a NUL": ("before\0after", "before\0other"),
    "NUL at the end": ("before\0", "before"),
    "case": ("correct horse", "Correct horse"),
    "space at the end": ("correct horse", "correct horse "),
    "an umlaut": ("pässword", "pssword"),
    "beyond 16 bits": ("🜁🜁🜁🜁", "🜂🜂🜂🜂"),
}
UNKNOWN: Final = [
    "", " ", "x", "$", "$$$", "plain text", "$unknown$v=1$abc$def", "$2b$12$", "$2b$12$short",
    "$argon2id$", "{SSHA}abc", "*0", "5f4dcc3b5aa765d61d8327deb882cf99", "\0", "é" * 60,
]  # fmt: skip
# More than a hash on the loop can leave it, and next to none of those that it turns beside one.
_TURNS: Final = 20
# In seconds that pass, at work or waiting.
_NEXT_TO_NOTHING: Final = 0.01


def _with_something_about(digest: str) -> list[str]:
    return [digest[1:], f" {digest}", f"{digest}\n", f"{digest}\0", f"{digest}$", digest * 2]


class PasswordHasherContract(Contract):
    """Hashing for the services. Fixture: `hasher`."""

    @examples(15)
    @given(password=strategies.passwords(max_size=256))
    async def test_verify_accepts_the_password_that_was_hashed_and_no_other(
        self, hasher: PasswordHasher, password: str
    ) -> None:
        digest = await hasher.hash(Secret(password))
        await hasher.verify(Secret(password), digest)
        with pytest.raises(PasswordMismatch):
            await hasher.verify(Secret(password + "x"), digest)

    @pytest.mark.parametrize(("one", "other"), CONFUSABLE.values(), ids=CONFUSABLE)
    async def test_verify_raises_password_mismatch_for_a_password_that_differs_a_little(
        self, hasher: PasswordHasher, one: str, other: str
    ) -> None:
        for right, wrong in ((one, other), (other, one)):
            digest = await hasher.hash(Secret(right))
            with pytest.raises(PasswordMismatch):
                await hasher.verify(Secret(wrong), digest)

    async def test_verify_raises_password_mismatch_without_a_digest(
        self, hasher: PasswordHasher
    ) -> None:
        with pytest.raises(PasswordMismatch):
            await hasher.verify(PASSWORD, None)

    @pytest.mark.parametrize("digest", UNKNOWN)
    async def test_verify_raises_password_mismatch_for_a_digest_of_no_known_scheme(
        self, hasher: PasswordHasher, digest: str
    ) -> None:
        with pytest.raises(PasswordMismatch):
            await hasher.verify(PASSWORD, Secret(digest))
        with pytest.raises(PasswordMismatch):
            await hasher.verify(Secret(digest), Secret(digest))

    async def test_the_same_password_has_another_hash_each_time(
        self, hasher: PasswordHasher
    ) -> None:
        digests = {(await hasher.hash(PASSWORD)).reveal() for _ in range(5)}
        assert len(digests) == 5
        assert all(PASSWORD.reveal() not in digest for digest in digests)

    async def test_a_fresh_hash_needs_no_upgrade(self, hasher: PasswordHasher) -> None:
        assert hasher.needs_upgrade(await hasher.hash(PASSWORD)) is False

    async def test_a_fresh_hash_is_known(self, hasher: PasswordHasher) -> None:
        hasher.check_known(await hasher.hash(PASSWORD))

    @pytest.mark.parametrize("digest", UNKNOWN)
    def test_check_known_raises_password_hash_unknown_for_what_is_none(
        self, hasher: PasswordHasher, digest: str
    ) -> None:
        with pytest.raises(PasswordHashUnknown):
            hasher.check_known(Secret(digest))

    async def test_check_known_raises_password_hash_unknown_for_a_hash_with_something_about_it(
        self, hasher: PasswordHasher
    ) -> None:
        digest = (await hasher.hash(PASSWORD)).reveal()
        for wrong in _with_something_about(digest):
            with pytest.raises(PasswordHashUnknown):
                hasher.check_known(Secret(wrong))

    async def test_the_event_loop_goes_on_while_a_hash_is_made(
        self, hasher: PasswordHasher
    ) -> None:
        # One of ten: a busy machine may keep the loop from turning while another thread works, and
        # draw out what takes no time.
        loop = asyncio.get_running_loop()
        for _ in range(10):
            turns, begun = 0, loop.time()
            task = asyncio.create_task(hasher.hash(PASSWORD))
            while not task.done():
                await asyncio.sleep(0)
                turns += 1
            await task
            # What takes next to no time may be done on the loop.
            if turns >= _TURNS or loop.time() - begun < _NEXT_TO_NOTHING:
                return
        pytest.fail("the event loop stood still")


class UpgradeContract(Contract):
    """Digests from another time. Fixtures: `hasher`, `older` (of `PASSWORD`), `too_costly`."""

    async def test_a_digest_of_another_scheme_or_cost_verifies_and_needs_an_upgrade(
        self, hasher: PasswordHasher, older: Secret[str]
    ) -> None:
        hasher.check_known(older)
        await hasher.verify(PASSWORD, older)
        with pytest.raises(PasswordMismatch):
            await hasher.verify(Secret("another password"), older)
        assert hasher.needs_upgrade(older) is True

    async def test_a_digest_beyond_the_cost_ceiling_is_unknown_and_never_worked_on(
        self, hasher: PasswordHasher, too_costly: Secret[str]
    ) -> None:
        with pytest.raises(PasswordHashUnknown):
            hasher.check_known(too_costly)
        with pytest.raises(PasswordMismatch):
            await hasher.verify(PASSWORD, too_costly)


class CrowdedHasherContract(Contract):
    """Too many at once. Fixture: `hasher`, with room for a few; `digest`: of `PASSWORD`."""

    async def test_hash_raises_hashing_busy_with_retry_after_when_too_much_is_waiting(
        self, hasher: PasswordHasher
    ) -> None:
        outcomes = await asyncio.gather(
            *(hasher.hash(PASSWORD) for _ in range(200)), return_exceptions=True
        )
        _check_crowd(outcomes)
        for digest in outcomes:
            if isinstance(digest, Secret):
                await hasher.verify(PASSWORD, digest)

    async def test_verify_raises_hashing_busy_with_retry_after_when_too_much_is_waiting(
        self, hasher: PasswordHasher, digest: Secret[str]
    ) -> None:
        outcomes = await asyncio.gather(
            *(hasher.verify(PASSWORD, digest) for _ in range(200)), return_exceptions=True
        )
        _check_crowd(outcomes)

    @pytest.mark.parametrize("text", [None, "", "plain text", "$unknown$v=1$abc$def"])
    async def test_verify_works_for_a_refusal_too_without_a_digest_of_a_known_scheme(
        self, hasher: PasswordHasher, text: str | None
    ) -> None:
        digest = None if text is None else Secret(text)
        outcomes = await asyncio.gather(
            *(hasher.verify(PASSWORD, digest) for _ in range(200)), return_exceptions=True
        )
        # Who does no work is never busy.
        refused = [outcome for outcome in outcomes if isinstance(outcome, PasswordMismatch)]
        assert refused
        _check_crowd([o for o in outcomes if o not in refused], least=False)

    async def test_who_gave_up_waiting_leaves_room_for_others(self, hasher: PasswordHasher) -> None:
        tasks = [asyncio.create_task(hasher.hash(PASSWORD)) for _ in range(200)]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        async with asyncio.timeout(60):
            while True:
                try:
                    await hasher.hash(PASSWORD)
                except HashingBusy:
                    # What a thread has begun, it ends.
                    await asyncio.sleep(0.01)
                else:
                    return


def _check_crowd(outcomes: Sequence[object], *, least: bool = True) -> None:
    busy = [outcome for outcome in outcomes if isinstance(outcome, HashingBusy)]
    assert busy
    assert all(error.retry_after and error.retry_after > 0 for error in busy)
    others = [outcome for outcome in outcomes if not isinstance(outcome, HashingBusy)]
    assert bool(others) is least
    assert not [outcome for outcome in others if isinstance(outcome, BaseException)]


class PasswordSchemeContract(Contract):
    """One way to hash. Fixture: `scheme`."""

    @pytest.mark.parametrize(("one", "other"), CONFUSABLE.values(), ids=CONFUSABLE)
    def test_matches_tells_the_password_from_any_other(
        self, scheme: PasswordScheme, one: str, other: str
    ) -> None:
        digest = scheme.hash(one)
        assert scheme.matches(one, digest) is True
        assert scheme.matches(other, digest) is False

    def test_a_new_hash_is_recognised_current_and_different_each_time(
        self, scheme: PasswordScheme
    ) -> None:
        digests = {scheme.hash("correct horse battery") for _ in range(5)}
        assert len(digests) == 5
        for digest in digests:
            assert scheme.recognises(digest) is True
            assert scheme.is_current(digest) is True

    @pytest.mark.parametrize("digest", UNKNOWN)
    def test_recognises_is_false_of_what_is_no_hash_of_this_scheme(
        self, scheme: PasswordScheme, digest: str
    ) -> None:
        assert scheme.recognises(digest) is False

    def test_recognises_is_false_of_a_hash_with_something_about_it(
        self, scheme: PasswordScheme
    ) -> None:
        digest = scheme.hash("correct horse battery")
        for wrong in _with_something_about(digest):
            assert scheme.recognises(wrong) is False

    def test_a_hash_that_differs_in_one_character_never_matches(
        self, scheme: PasswordScheme
    ) -> None:
        digest = scheme.hash("correct horse battery")
        for place in range(len(digest) - 30, len(digest)):
            other = "A" if digest[place] != "A" else "B"
            changed = digest[:place] + other + digest[place + 1 :]
            if scheme.recognises(changed):
                assert scheme.matches("correct horse battery", changed) is False


class PasswordVerifierContract(Contract):
    """One form of hash that others made. Fixtures: `verifier`; `digest`, a hash of `password`."""

    def test_matches_tells_the_password_from_any_that_differs_in_one_character(
        self, verifier: PasswordVerifier, password: str, digest: str
    ) -> None:
        assert verifier.matches(password, digest) is True
        for place in (0, len(password) // 2, len(password) - 1):
            for other in (" ", "\0", password[place].swapcase(), "ß", ""):
                wrong = password[:place] + other + password[place + 1 :]
                assert verifier.matches(wrong, digest) is (wrong == password)
        for wrong in ("", f"{password} ", f" {password}", f"{password}\0", password * 2):
            assert verifier.matches(wrong, digest) is False

    @pytest.mark.parametrize("unknown", UNKNOWN)
    def test_recognises_is_false_of_what_is_no_hash_of_the_form(
        self, verifier: PasswordVerifier, unknown: str
    ) -> None:
        assert verifier.recognises(unknown) is False

    def test_recognises_is_false_of_a_hash_of_the_form_with_something_about_it(
        self, verifier: PasswordVerifier, digest: str
    ) -> None:
        assert verifier.recognises(digest) is True
        for wrong in _with_something_about(digest):
            assert verifier.recognises(wrong) is False

    @examples(50)
    @given(text=st.text())
    def test_recognises_may_be_asked_about_any_text(
        self, verifier: PasswordVerifier, text: str
    ) -> None:
        assert verifier.recognises(text) is False

    @examples(20)
    @given(data=st.data())
    def test_a_hash_whose_end_differs_in_one_character_never_matches(
        self, verifier: PasswordVerifier, password: str, digest: str, data: st.DataObject
    ) -> None:
        place = data.draw(st.integers(len(digest) - 16, len(digest) - 1))
        other = data.draw(st.characters(codec="ascii", exclude_characters=digest[place]))
        changed = digest[:place] + other + digest[place + 1 :]
        if verifier.recognises(changed):
            assert verifier.matches(password, changed) is False


class CeilingContract(Contract):
    """Hashes that one makes as costly as one likes. Fixtures: `verifier`, `too_costly`."""

    def test_recognises_is_false_of_a_hash_beyond_the_cost_ceiling(
        self, verifier: PasswordVerifier, too_costly: str
    ) -> None:
        assert verifier.recognises(too_costly) is False
