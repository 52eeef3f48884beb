"""limen as a library: an account, a sign-in, a role, and what each of them may do.

`python examples/library.py` keeps nothing; with `sqlite:///people.db` behind it, everything stays
in that file.
"""

import asyncio
import sys

import limen

OPERATOR = limen.Actor.system("examples/library.py")
PASSWORD = "correct horse battery"


async def main(url: str = "memory://") -> None:
    """Register somebody, sign them in, let them list the users as soon as they may."""
    async with limen.open(url) as app:
        await app.users.register(email="ada@example.org", password=PASSWORD, name="Ada")
        tokens = await app.sign_in.sign_in(identifier="ada@example.org", password=PASSWORD)
        if isinstance(tokens, limen.PartialSignIn):
            raise SystemExit("finish it with app.second_step.finish(partial_token=…, code=…)")
        ada = tokens.user
        print(f"registered {ada.email}, {ada.status}")
        print(f"signed in; the access token lives for {tokens.expires_in} seconds")

        # What a service does with the token of a request: believe it, and act as its user.
        claims = await app.tokens.authenticate(tokens.access_token)
        actor = limen.Actor.anonymous().as_user(claims.user_id, claims.session_id)

        try:
            await app.users.list(limen.ListQuery(filters={}), actor=actor)
        except limen.LimenError as refusal:
            print(f"{refusal.code}: {refusal.message}")

        await app.roles.create(actor=OPERATOR, name="reader", permissions=["users.read"])
        await app.roles.grant(ada.id, "reader", actor=OPERATOR)
        listing = await app.users.list(limen.ListQuery(filters={}), actor=actor)
        print(f"users: {[str(user.email) for user in listing.items]}")

        successor = await app.tokens.refresh(refresh_token=tokens.refresh_token)
        print(f"same session after a refresh: {successor.session_id == tokens.session_id}")

        await app.sessions.sign_out(actor=actor)
        try:
            await app.tokens.authenticate(successor.access_token)
        except limen.LimenError as refusal:
            print(f"{refusal.code}: {refusal.message}")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
