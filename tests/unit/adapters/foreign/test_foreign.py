import base64
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limen.adapters.foreign import scrypt
from limen.adapters.foreign.recipe import ForeignScheme
from limen.wiring.choices import ForeignHash
from limen.wiring.parts import foreign_scheme
from tests.unit.adapters.foreign.samples import (
    ALWAYS,
    CHEAP,
    SAMPLES,
    TOO_COSTLY,
    VERIFIERS,
    Sample,
)

# What names a form may have a synonym that means the same.
SYNONYMS = [("$2a$", "$2b$", "$2y$"), ("$P$", "$H$"), ("$2a,", "$2b,")]


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_hashes_of_the_original_libraries_verify(sample: Sample) -> None:
    verifier = VERIFIERS[sample.scheme]
    assert verifier.recognises(sample.digest)
    assert verifier.matches(sample.password, sample.digest)
    assert not verifier.matches(sample.password[:-1], sample.digest)


def test_there_is_a_sample_of_every_scheme() -> None:
    assert {sample.scheme for sample in SAMPLES} == set(VERIFIERS)
    assert set(VERIFIERS) == {*ALWAYS, *(name.value for name in ForeignHash)}


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_no_two_schemes_read_the_same_hash(sample: Sample) -> None:
    found = {name for name, verifier in VERIFIERS.items() if verifier.recognises(sample.digest)}
    assert found == {sample.scheme}


def is_synonym(one: str, other: str) -> bool:
    return any(
        one.replace(first, names[0]) == other.replace(second, names[0])
        for names in SYNONYMS
        for first in names
        for second in names
    )


@settings(deadline=None, max_examples=400)
@given(sample=st.sampled_from(CHEAP), data=st.data())
def test_a_hash_that_differs_in_one_character_never_verifies(
    sample: Sample, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(sample.digest) - 1))
    char = data.draw(st.characters(codec="ascii") | st.characters())
    width = data.draw(st.integers(0, 1))
    changed = sample.digest[:place] + char + sample.digest[place + width :]
    if changed == sample.digest or is_synonym(changed, sample.digest):
        return
    for verifier in VERIFIERS.values():
        if verifier.recognises(changed):
            assert not verifier.matches(sample.password, changed)


@settings(deadline=None, max_examples=300)
@given(sample=st.sampled_from(CHEAP), data=st.data())
def test_a_password_that_differs_in_one_byte_is_refused(
    sample: Sample, data: st.DataObject
) -> None:
    raw = bytearray(sample.password.encode())
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        other = raw.decode()
    except UnicodeDecodeError:
        return
    if "\0" not in other or sample.scheme not in ALWAYS:
        assert not VERIFIERS[sample.scheme].matches(other, sample.digest)


@pytest.mark.parametrize("password", ["", "\0", "\ud800", "🔑" * 256])
@pytest.mark.parametrize("sample", CHEAP, ids=str)
def test_any_password_may_be_tried(sample: Sample, password: str) -> None:
    assert not VERIFIERS[sample.scheme].matches(password, sample.digest)


@given(st.text())
def test_any_text_may_be_asked_about(text: str) -> None:
    for name in ForeignHash:
        scheme = foreign_scheme(name)
        assert not scheme.recognises(text)
        with pytest.raises(ValueError, match="not a hash of this scheme"):
            scheme.matches("password", text)


@pytest.mark.parametrize(
    ("scheme", "digest"), [(name, digest) for name, many in TOO_COSTLY.items() for digest in many]
)
def test_what_costs_too_much_is_not_recognised_by_anybody(scheme: str, digest: str) -> None:
    assert scheme in VERIFIERS
    assert not any(verifier.recognises(digest) for verifier in VERIFIERS.values())


SUM32, SUM64 = "A" * 43, "A" * 86
SALT = "c29tZXNhbHQ"


@pytest.mark.parametrize(
    ("digest", "is_known"),
    [
        (f"$scrypt$ln=18,r=8,p=1${SALT}${SUM32}", True),
        (f"$scrypt$ln=018,r=8,p=1${SALT}${SUM32}", False),
        (f"$scrypt$ln=14,r=8,p=0${SALT}${SUM32}", False),
        (f"$scrypt$ln=14,r=8${SALT}${SUM32}", False),
        (f"$scrypt$ln=14,r=8,p=1${SALT[:-1]}R${SUM32}", False),
        (f"$scrypt$ln=14,r=8,p=1${SALT}${SUM32[:-1]}B", False),
        (f"scrypt$16384$salt$8$1${SUM64}==", True),
        (f"scrypt$16383$salt$8$1${SUM64}==", False),
        (f"scrypt$1$salt$8$1${SUM64}==", False),
        (f"scrypt$16384$$8$1${SUM64}==", False),
        (f"scrypt$16384$sält$8$1${SUM64}==", False),
        (f"scrypt$16384$salt$8$1${SUM64}", False),
        (f"scrypt$16384$salt$8$1${SUM64[:-1]}B==", False),
        (f"scrypt:16384:8:1$salt${'a' * 128}", True),
        (f"scrypt:16384:8:1$salt${'A' * 128}", False),
        (f"scrypt:16384:8:1${'s' * 129}${'a' * 128}", False),
        (f"$pbkdf2-sha256$1${SALT}${SUM32}", True),
        (f"$pbkdf2-sha256$0${SALT}${SUM32}", False),
        (f"$pbkdf2-sha256$01${SALT}${SUM32}", False),
        (f"$pbkdf2-sha1$1${SALT}${'A' * 27}", False),
        (f"$pbkdf2$1${SALT}${SUM32}", False),
        (f"$pbkdf2-sha512$1${SALT}${SUM32}", False),
        (f"$pbkdf2-sha256$1${SALT}${SUM32[:-1]}+", False),
        (f"pbkdf2_sha256$1$salt${SUM32}=", True),
        (f"pbkdf2_sha512$1$salt${SUM64}==", False),
        (f"pbkdf2:sha256$salt${'0' * 64}", False),
        (f"pbkdf2:sha256:1$salt${'0' * 40}", False),
        (f"pbkdf2:sha256:\u0661$salt${'0' * 64}", False),
        (f"$keycloak$pbkdf2$1$AAAA${SUM64}==", True),
        (f"$keycloak$pbkdf2$1$AAA=${SUM64}==", True),
        (f"$keycloak$pbkdf2$1$AAB=${SUM64}==", False),
        (f"$keycloak$pbkdf2$1$AA=A${SUM64}==", False),
        (f"$keycloak$pbkdf2-sha1$1$AAAA${SUM64}==", False),
        ("$keycloak$pbkdf2$1$AAAA$AAAAAAAAAAAAAAAAAAAA====", False),
        ("$P$B12345678ZFwkBmwD55EyFogRmmzLM.", True),
        ("$P$412345678ZFwkBmwD55EyFogRmmzLM.", False),
        ("$P$B12345678ZFwkBmwD55EyFogRmmzLM2", False),
        (f"$5$saltstring${'A' * 43}", True),
        (f"$5$rounds=5000$saltstring${'A' * 43}", True),
        (f"$5$rounds=999$saltstring${'A' * 43}", False),
        (f"$5$rounds=05000$saltstring${'A' * 43}", False),
        (f"$5$saltstringsaltstri${'A' * 43}", False),
        (f"$5$${'A' * 43}", False),
        (f"$5$saltstring${'A' * 42}E", False),
        (f"$6$saltstring${'A' * 85}1", True),
        (f"$6$saltstring${'A' * 85}2", False),
        ("{SSHA}" + base64.b64encode(bytes(24)).decode(), True),
        ("{ssha}" + base64.b64encode(bytes(24)).decode(), False),
        ("{SSHA}" + base64.b64encode(bytes(23)).decode(), False),
        ("{SSHA}" + base64.b64encode(bytes(84)).decode(), True),
        ("{SSHA}" + base64.b64encode(bytes(85)).decode(), False),
        ("{SHA}" + base64.b64encode(bytes(20)).decode(), False),
        (f"md5$salt${'a' * 32}", True),
        (f"md5$${'a' * 32}", False),
        ("a" * 32, False),
    ],
)
def test_a_form_is_read_exactly(digest: str, is_known: bool) -> None:
    assert any(verifier.recognises(digest) for verifier in VERIFIERS.values()) is is_known


def aspnet(digest: int, iterations: int, salt: int, total: int, *, marker: int = 1) -> str:
    head = struct.pack(">BIII", marker, digest, iterations, salt)
    return base64.b64encode(head + bytes(total)).decode()


@pytest.mark.parametrize(
    ("digest", "is_known"),
    [
        (aspnet(2, 100_000, 16, 48), True),
        (aspnet(3, 100_000, 16, 48), False),
        (aspnet(2, 0, 16, 48), False),
        (aspnet(2, 1_000_001, 16, 48), False),
        (aspnet(2, 100_000, 16, 16 + 61), False),
        (aspnet(2, 100_000, 15, 48), False),
        (aspnet(2, 100_000, 48, 48), False),
        (aspnet(2, 100_000, 0xFFFFFFFF, 48), False),
        (aspnet(2, 100_000, 16, 48, marker=2), False),
        (base64.b64encode(bytes(49)).decode(), True),
        (base64.b64encode(bytes(48)).decode(), False),
        (base64.b64encode(bytes(49)).decode().rstrip("="), False),
    ],
)
def test_what_aspnet_stores_is_read_exactly(digest: str, is_known: bool) -> None:
    assert any(verifier.recognises(digest) for verifier in VERIFIERS.values()) is is_known


def test_memory_that_cannot_be_had_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> bytes:
        raise ValueError("memory limit exceeded")

    monkeypatch.setattr("hashlib.scrypt", fail)
    digest = f"$scrypt$ln=14,r=8,p=1${SALT}${SUM32}"
    with pytest.raises(MemoryError, match="limit"):
        ForeignScheme(scrypt.read_passlib).matches("password", digest)
