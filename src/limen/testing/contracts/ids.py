"""What `limen.ports.ids.IdSource` promises."""

from concurrent.futures import ThreadPoolExecutor
from uuid import RFC_4122

from limen.ports.ids import IdSource
from limen.testing.contract import Contract


class IdSourceContract(Contract):
    """Identifiers. Fixture: `ids`."""

    def test_an_identifier_is_a_uuid_of_version_7(self, ids: IdSource) -> None:
        made = ids.new()
        assert (made.version, made.variant) == (7, RFC_4122)

    def test_every_identifier_is_greater_than_all_before(self, ids: IdSource) -> None:
        made = [ids.new() for _ in range(5000)]
        assert made == sorted(set(made))

    def test_threads_never_get_the_same_identifier(self, ids: IdSource) -> None:
        with ThreadPoolExecutor(8) as pool:
            made = list(pool.map(lambda _: ids.new(), range(5000)))
        assert len(set(made)) == 5000
