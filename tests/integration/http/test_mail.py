"""A person loses a password: real server parts, real store, mail in a real folder."""

from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from tests.integration.http.test_trouble import serving, settings_for
from tests.waiting import until

PASSWORD = "correct horse battery"
NEW = "staple of the battery"


def arrived(folder: Path, subject: str) -> str | None:
    """Return the text of the newest mail with this subject."""
    for path in sorted(folder.glob("*.eml"), reverse=True):
        message = message_from_bytes(path.read_bytes(), policy=policy.default)
        assert isinstance(message, EmailMessage)
        body = message.get_body(("plain",))
        if message["Subject"] == subject and body is not None:
            return str(body.get_content())
    return None


def token_in(text: str) -> str:
    return text.partition("#token=")[2].split()[0]


async def test_mail_leads_back_into_an_account(storage_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "mail"
    async with serving(settings_for(storage_url, tmp_path)) as client:
        who = {"email": "ada@example.org", "password": PASSWORD, "locale": "de-AT"}
        assert (await client.post("/auth/register", json=who)).status_code == 201
        await until(lambda: arrived(folder, "Bestätigen Sie Ihre E-Mail-Adresse"))
        asked = await client.post("/auth/password/forgot", json={"identifier": who["email"]})
        assert asked.status_code == 202
        await until(lambda: arrived(folder, "Setzen Sie ein neues Passwort"))
        text = arrived(folder, "Setzen Sie ein neues Passwort") or ""
        body = {"token": token_in(text), "new_password": NEW}
        assert (await client.post("/auth/password/reset", json=body)).status_code == 204
        again = await client.post("/auth/password/reset", json=body)
        assert again.json()["error"]["code"] == "proof.invalid"
        await until(lambda: arrived(folder, "Ihr Passwort wurde geändert"))
        login = {"identifier": who["email"], "password": NEW}
        data = (await client.post("/auth/login", json=login)).json()["data"]
        assert data["user"]["email_verified"] is True
        old = {"identifier": who["email"], "password": PASSWORD}
        assert (await client.post("/auth/login", json=old)).status_code == 401


async def test_registering_tells_nobody_who_has_an_account(
    storage_url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "mail"
    settings = settings_for(storage_url, tmp_path, unverified_sign_in="no")
    async with serving(settings) as client:
        who = {"email": "ada@example.org", "password": PASSWORD}
        free = await client.post("/auth/register", json=who)
        await until(lambda: arrived(folder, "Confirm your e-mail address"))
        text = arrived(folder, "Confirm your e-mail address") or ""
        proof = {"token": token_in(text), "password": PASSWORD}
        assert (await client.post("/auth/email/verify", json=proof)).status_code == 200
        taken = await client.post("/auth/register", json={**who, "password": NEW})
        assert (free.status_code, free.text) == (taken.status_code, taken.text)
        await until(lambda: arrived(folder, "You have an account already"))
        login = {"identifier": who["email"], "password": PASSWORD}
        assert (await client.post("/auth/login", json=login)).status_code == 200
