"""What `limen.ports.entropy.Entropy` promises, as far as a test can tell."""

import pytest

from limen.ports.entropy import Entropy
from limen.testing.contract import Contract


class EntropyContract(Contract):
    """Chance. Fixture: `entropy`."""

    @pytest.mark.parametrize("count", [0, 1, 16, 32, 1000])
    def test_bytes_gives_as_many_as_asked_for(self, entropy: Entropy, count: int) -> None:
        assert len(entropy.bytes(count)) == count

    def test_bytes_gives_others_each_time(self, entropy: Entropy) -> None:
        assert len({entropy.bytes(16) for _ in range(1000)}) == 1000

    def test_every_bit_is_set_about_half_of_the_time(self, entropy: Entropy) -> None:
        drawn = [int.from_bytes(entropy.bytes(16), "big") for _ in range(1000)]
        for bit in range(128):
            # Seven standard deviations: once in 10**11 runs by chance.
            assert 390 < sum(number >> bit & 1 for number in drawn) < 610
