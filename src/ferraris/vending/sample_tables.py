"""The warning that goes with encryption algorithm 07 as long as only its sample tables are there."""

from __future__ import annotations

from ferraris.sts import EncryptionAlgorithm, StsConfiguration
from ferraris.vending.settings import VendingSettings

NOTICE = (
    "Tokens of encryption algorithm 07 are made with the sample tables and work in no real meter. Name your own tables, as the STS "
    'Association licenses them, in vending.toml: sta_tables = "FILE.toml" (keys s1, s2, p).'
)


def sample_tables_notice(settings: VendingSettings, configuration: StsConfiguration) -> str:
    """What is to be said about a meter's tokens; empty where they are as good as they can be."""
    concerned = settings.sample_tables and configuration.encryption_algorithm is EncryptionAlgorithm.EA07
    return NOTICE if concerned else ""
