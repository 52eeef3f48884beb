"""Signer, cipher, hasher, mailer and the machine itself, broken on purpose."""

import json
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import bcrypt as bcrypt_library
import pytest

from limen.adapters import aesgcm, bcrypt, former_http, log_mail, pyjwt, system
from limen.adapters.aesgcm import AesGcmCipher
from limen.adapters.breached import offline
from limen.adapters.foreign import pbkdf2
from limen.adapters.foreign.recipe import ForeignScheme
from limen.adapters.former_http import HttpFormerPasswords
from limen.adapters.hashing_pool import PooledHasher
from limen.adapters.log_mail import LogMailer
from limen.adapters.pyjwt import JwtSigner
from limen.adapters.segno import SegnoQrDrawer
from limen.adapters.system import SystemClock, SystemEntropy, SystemIds
from limen.core.errors import PasswordMismatch, SealBroken, TokenInvalid
from limen.core.secret import Secret
from limen.ports.mailer import Mail
from tests.integration.faults.fault import faults_of

signer, cipher, hasher = faults_of("signer"), faults_of("cipher"), faults_of("hasher")
foreign, drawer = faults_of("foreign"), faults_of("drawer")
machine, mailer, breached = faults_of("machine"), faults_of("mailer"), faults_of("breached")


# --- signer --------------------------------------------------------------------------------------


@signer("TestSigner::test_verify_takes_the_algorithm_from_the_caller_never_from_the_token[none]")
def a_token_may_say_that_it_is_not_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    verify = JwtSigner.verify

    def verify_unless_none(self: JwtSigner, token: str, **named: Any) -> Mapping[str, object]:
        if self.read_header(token).algorithm == "none":
            return pyjwt._read_object(pyjwt._segments(token)[1])
        return verify(self, token, **named)

    monkeypatch.setattr(JwtSigner, "verify", verify_unless_none)


@signer("TestSigner::test_verify_raises_token_invalid_for_another_key")
def any_key_verifies(monkeypatch: pytest.MonkeyPatch) -> None:
    def believe(_self: JwtSigner, token: str, **_named: Any) -> Mapping[str, object]:
        return pyjwt._read_object(pyjwt._segments(token)[1])

    monkeypatch.setattr(JwtSigner, "verify", believe)


@signer("TestSigner::test_verify_does_not_judge_claims")
def claims_are_judged_behind_the_back_of_the_core(monkeypatch: pytest.MonkeyPatch) -> None:
    verify = JwtSigner.verify

    def verify_and_judge(self: JwtSigner, token: str, **named: Any) -> Mapping[str, object]:
        claims = verify(self, token, **named)
        if claims["exp"] == 0:
            raise TokenInvalid
        return claims

    monkeypatch.setattr(JwtSigner, "verify", verify_and_judge)


@signer("TestSigner::test_read_header_raises_token_invalid_with_a_crit_header")
def what_is_critical_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    read = pyjwt._read_object

    def read_without(raw: bytes) -> dict[str, object]:
        return {name: value for name, value in read(raw).items() if name != "crit"}

    monkeypatch.setattr(pyjwt, "_read_object", read_without)


@signer("TestSigner::test_a_token_longer_than_4096_characters_is_refused")
def a_token_may_be_of_any_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pyjwt, "LONGEST_TOKEN", 1_000_000)


# --- cipher --------------------------------------------------------------------------------------


@cipher("TestCipher::test_open_raises_seal_broken_for_another_place")
def what_is_sealed_opens_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    seal, unseal = AesGcmCipher.seal, AesGcmCipher.open

    def seal_for_anywhere(self: AesGcmCipher, plain: Secret[bytes], _place: str) -> bytes:
        return seal(self, plain, "")

    def open_anywhere(self: AesGcmCipher, sealed: bytes, _place: str) -> Secret[bytes]:
        return unseal(self, sealed, "")

    monkeypatch.setattr(AesGcmCipher, "seal", seal_for_anywhere)
    monkeypatch.setattr(AesGcmCipher, "open", open_anywhere)


@cipher("TestCipher::test_is_current_of_what_was_just_sealed")
def everything_is_sealed_anew_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AesGcmCipher, "is_current", lambda _self, _sealed: False)


@cipher("TestCipher::test_the_same_secret_looks_different_each_time")
def a_nonce_is_used_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SystemEntropy, "bytes", lambda _self, count: bytes(count))


@cipher("TestCipher::test_open_raises_seal_broken_if_something_is_missing_or_added")
def a_broken_seal_is_an_empty_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    unseal = AesGcmCipher.open

    def open_all_the_same(self: AesGcmCipher, sealed: bytes, place: str) -> Secret[bytes]:
        with suppress(SealBroken):
            return unseal(self, sealed, place)
        return Secret(b"")

    monkeypatch.setattr(aesgcm.AesGcmCipher, "open", open_all_the_same)


# --- drawer --------------------------------------------------------------------------------------


@drawer("TestDrawer::test_svg_returns_one_element_that_a_page_can_take_in")
def a_drawing_stands_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    svg = SegnoQrDrawer.svg

    def declare(self: SegnoQrDrawer, text: Secret[str]) -> Secret[str]:
        return Secret('<?xml version="1.0"?>' + svg(self, text).reveal())

    monkeypatch.setattr(SegnoQrDrawer, "svg", declare)


@drawer("TestDrawer::test_terminal_returns_lines_of_equal_length")
def the_last_light_of_a_line_is_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = SegnoQrDrawer.terminal

    def save(self: SegnoQrDrawer, text: Secret[str]) -> Secret[str]:
        first, *others = terminal(self, text).reveal().split("\n")
        return Secret("\n".join([first.rstrip("█"), *others]))

    monkeypatch.setattr(SegnoQrDrawer, "terminal", save)


@drawer("TestDrawer::test_the_same_text_is_drawn_alike_and_another_one_is_not")
def everybody_gets_one_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    svg = SegnoQrDrawer.svg
    monkeypatch.setattr(SegnoQrDrawer, "svg", lambda self, _text: svg(self, Secret("limen")))


# --- hasher --------------------------------------------------------------------------------------

MATCHES = "TestScheme::test_matches_tells_the_password_from_any_other"


@hasher(MATCHES)
def a_password_ends_behind_72_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bcrypt, "_encode", lambda password: password.encode()[:72])


@hasher(MATCHES)
def a_password_ends_at_a_nul(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bcrypt, "_encode", lambda password: password.encode().split(b"\0")[0])


@hasher(MATCHES)
def only_ascii_counts_in_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bcrypt, "_encode", lambda password: password.encode("ascii", "ignore"))


@hasher("TestScheme::test_a_new_hash_is_recognised_current_and_different_each_time")
def everybody_has_the_same_salt(monkeypatch: pytest.MonkeyPatch) -> None:
    salt = bcrypt_library.gensalt(4)
    monkeypatch.setattr(bcrypt_library, "gensalt", lambda _cost: salt)


@hasher("TestSlowHasher::test_the_event_loop_goes_on_while_a_hash_is_made")
def a_hash_is_made_on_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run_here(_self: PooledHasher, work: Any) -> object:
        return work()

    monkeypatch.setattr(PooledHasher, "_run", run_here)


@hasher("TestHasher::test_the_event_loop_goes_on_while_a_hash_is_made")
def the_event_loop_waits_for_a_machine_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    async def wait_here(_self: PooledHasher, work: Any) -> object:
        here, elsewhere = socket.socketpair()
        with here, elsewhere:
            here.settimeout(0.05)
            with suppress(TimeoutError):
                here.recv(1)
        return work()

    monkeypatch.setattr(PooledHasher, "_run", wait_here)


@hasher(
    "TestCrowdedHasher::test_hash_raises_hashing_busy_with_retry_after_when_too_much_is_waiting"
)
def any_number_may_wait_for_a_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    begin = PooledHasher.__init__

    def begin_without_bound(self: PooledHasher, **named: Any) -> None:
        begin(self, **{**named, "queue_limit": 1_000_000})

    monkeypatch.setattr(PooledHasher, "__init__", begin_without_bound)


@hasher(
    "TestCrowdedHasher::test_verify_works_for_a_refusal_too_without_a_digest_of_a_known_scheme"
    "[None]"
)
def nobody_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    verify = PooledHasher.verify

    async def verify_if_there(self: PooledHasher, password: Any, digest: Any) -> None:
        if digest is None:
            raise PasswordMismatch
        await verify(self, password, digest)

    monkeypatch.setattr(PooledHasher, "verify", verify_if_there)


@hasher("TestHasher::test_check_known_raises_password_hash_unknown_for_what_is_none[plain text]")
def any_text_is_a_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PooledHasher, "check_known", lambda _self, _digest: None)


@hasher("TestUpgrade::test_a_digest_of_another_scheme_or_cost_verifies_and_needs_an_upgrade")
def an_old_hash_is_good_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PooledHasher, "needs_upgrade", lambda _self, _digest: False)


# --- hashes of others, and those who still have them ---------------------------------------------


@foreign(
    "TestForeign::test_matches_tells_the_password_from_any_that_differs_in_one_character",
    "TestForeign::test_a_hash_whose_end_differs_in_one_character_never_matches",
)
def any_foreign_hash_matches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ForeignScheme, "matches", lambda _self, _password, _digest: True)


@foreign("TestForeign::test_matches_tells_the_password_from_any_that_differs_in_one_character")
def a_foreign_password_ends_at_a_nul(monkeypatch: pytest.MonkeyPatch) -> None:
    matches = ForeignScheme.matches

    def matches_before_nul(self: ForeignScheme, password: str, digest: str) -> bool:
        return matches(self, password.split("\0", maxsplit=1)[0], digest)

    monkeypatch.setattr(ForeignScheme, "matches", matches_before_nul)


@foreign("TestForeign::test_recognises_is_false_of_a_hash_of_the_form_with_something_about_it")
def what_stands_around_a_foreign_hash_is_overlooked(monkeypatch: pytest.MonkeyPatch) -> None:
    recognises = ForeignScheme.recognises
    monkeypatch.setattr(
        ForeignScheme, "recognises", lambda self, digest: recognises(self, digest.strip())
    )


@foreign("TestCeiling::test_recognises_is_false_of_a_hash_beyond_the_cost_ceiling")
def a_foreign_hash_may_cost_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(pbkdf2.MOST_ITERATIONS, "sha256", 10**10)


@foreign("TestFormer::test_matches_is_false_of_any_other_password")
def the_former_system_is_asked_without_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    matches = HttpFormerPasswords.matches

    async def match_the_usual(self: HttpFormerPasswords, name: str, _: Secret[str]) -> bool:
        return await matches(self, name, Secret("correct horse battery"))

    monkeypatch.setattr(HttpFormerPasswords, "matches", match_the_usual)


@foreign("TestFormerOut::test_matches_raises_former_system_unavailable_and_never_guesses[an error]")
def any_status_of_the_former_system_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(former_http, "_OK", 500)


@foreign("TestFormerOut::test_matches_raises_former_system_unavailable_and_never_guesses[a number]")
def one_is_as_good_as_true(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(former_http, "_read", lambda body: bool(json.loads(body)["matches"]))


@foreign("TestFormerOut::test_matches_raises_former_system_unavailable_and_never_guesses[too long]")
def the_former_system_may_talk_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(former_http, "_MOST_BYTES", 1_000_000)


# --- the machine ---------------------------------------------------------------------------------


@machine("TestClock::test_now_is_aware_and_in_utc")
def the_clock_is_naive(monkeypatch: pytest.MonkeyPatch) -> None:
    now = SystemClock.now

    def now_somewhere(self: SystemClock) -> datetime:
        return now(self).replace(tzinfo=None)

    monkeypatch.setattr(SystemClock, "now", now_somewhere)


@machine("TestIds::test_every_identifier_is_greater_than_all_before")
def an_identifier_goes_backwards(monkeypatch: pytest.MonkeyPatch) -> None:
    def step_anywhere(self: SystemIds) -> None:
        self._tail = system._fresh_tail()

    monkeypatch.setattr(SystemIds, "_step", step_anywhere)


@machine("TestEntropy::test_every_bit_is_set_about_half_of_the_time")
def a_bit_in_eight_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = SystemEntropy.bytes

    def draw_ascii(self: SystemEntropy, count: int) -> bytes:
        return bytes(byte & 0x7F for byte in draw(self, count))

    monkeypatch.setattr(SystemEntropy, "bytes", draw_ascii)


# --- mail and known passwords --------------------------------------------------------------------


@mailer("TestMailer::test_send_raises_mail_not_sent_for_what_would_go_elsewhere")
def a_second_line_of_a_subject_is_tolerated(monkeypatch: pytest.MonkeyPatch) -> None:
    compose = LogMailer._compose

    def compose_in_one_line(self: LogMailer, mail: Mail) -> Any:
        return compose(self, replace(mail, subject=" ".join(mail.subject.split())))

    monkeypatch.setattr(LogMailer, "_compose", compose_in_one_line)


@mailer("TestRefusedMail::test_send_raises_mail_not_sent_when_mail_was_not_accepted")
def what_was_refused_passes_for_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    write = log_mail._write

    def write_if_possible(path: Path, content: bytes) -> None:
        with suppress(OSError):
            write(path, content)

    monkeypatch.setattr(log_mail, "_write", write_if_possible)


@breached("TestBreached::test_contains_looks_at_no_case")
def a_known_password_is_unknown_in_capitals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offline, "fold", lambda text: text)


@breached("TestBreached::test_contains_is_false_of_a_password_nobody_has")
def any_part_of_a_known_password_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offline, "_is_listed", lambda folded, listed: folded.encode() in listed)
