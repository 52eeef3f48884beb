"""Addresses, links and codes, as those who call see them."""

from tests.unit.entrypoints.http.site import Site


async def test_another_address_from_an_administrator_ends_what_the_former_opened(
    site: Site,
) -> None:
    ada, root = await site.person(), await site.administrator()
    body = {"email": "safe@example.org"}
    changed = await site.ask("PATCH", f"users/{ada.id}", by=root, json=body)
    assert changed.status_code == 200
    assert (await site.ask("GET", "me", by=ada)).status_code == 401
