"""The warning about the sample tables stands where they are used, and nowhere else."""

from __future__ import annotations

import pytest

from ferraris.sts import EncryptionAlgorithm
from ferraris.vending import sample_tables_notice
from tests.vending.house import configuration, settings


@pytest.mark.parametrize("algorithm", [EncryptionAlgorithm.EA07, EncryptionAlgorithm.EA11])
@pytest.mark.parametrize("sample", [False, True])
def test_it_is_said_of_algorithm_07_with_the_sample_tables(algorithm: EncryptionAlgorithm, sample: bool) -> None:
    said = sample_tables_notice(settings(sample_tables=sample), configuration(1, encryption_algorithm=algorithm))
    assert bool(said) is (sample and algorithm is EncryptionAlgorithm.EA07)
    assert not said or ("no real meter" in said and "sta_tables" in said)
