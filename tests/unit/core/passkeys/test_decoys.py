from limen.core.passkeys.decoys import decoys
from limen.core.secret import Secret

KEY = Secret(b"k" * 32)
SUBJECTS = [f"nobody:{number}@example.org" for number in range(200)]


def test_the_same_name_has_the_same_decoys_under_the_same_key() -> None:
    assert decoys(KEY, "nobody:ada") == decoys(KEY, "nobody:ada")
    assert decoys(KEY, "nobody:ada") != decoys(KEY, "nobody:eve")
    assert decoys(KEY, "nobody:ada") != decoys(Secret(b"o" * 32), "nobody:ada")


def test_no_two_names_share_one_and_they_look_like_those_of_real_authenticators() -> None:
    made = [decoy for subject in SUBJECTS for decoy in decoys(KEY, subject)]
    assert len({decoy.credential_id for decoy in made}) == len(made)
    assert {len(decoy.credential_id) for decoy in made} == {16, 20, 32}
    assert {decoy.transports for decoy in made} == {
        ("hybrid", "internal"),
        ("internal",),
        ("usb",),
    }
    assert {len(decoys(KEY, subject)) for subject in SUBJECTS} == {1, 2}


def test_any_text_can_be_a_name() -> None:
    assert decoys(KEY, "nothing:\ud800")
