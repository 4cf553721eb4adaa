"""A DLMS client: one association over one link, with typed reads, writes and invocations, and profiles as columns.

The driver of the client's end of `ferraris.dlms.Association`; what to ask of which meter and when is the head-end's business.
`conformance` holds any server against the standard.
"""

from ferraris.client.association import AccessResult, ClientAssociation, ClientSettings, descriptor_of
from ferraris.client.bundles import BundlePlan, BundleService
from ferraris.client.compact_data import CompactRow, CompactTemplate, read_compact_data, read_compact_template
from ferraris.client.data_protection import ProtectedClient
from ferraris.client.exploration import (
    Exploration,
    ExploredAttribute,
    ExploredObject,
    explore,
)
from ferraris.client.image_transfer import (
    ImageJob,
    ImageProgress,
    Patience,
    activate_image,
    transfer_image,
    verify_image,
)
from ferraris.client.key_procedures import (
    activate_policy,
    agree_keys,
    by_holder,
    by_serial_number,
    change_hls_secret,
    export_certificate,
    import_certificate,
    key_in_use,
    remove_certificate,
    renew_key_pair,
    transfer_keys,
    with_keys,
)
from ferraris.client.mbus_search import search_mbus
from ferraris.client.optical_head import ProgrammingSession, programming, read_out, sign_on, telegrams
from ferraris.client.profile import ProfileColumns, decode_profile, read_entries, read_profile

__all__ = [
    "AccessResult",
    "BundlePlan",
    "BundleService",
    "ClientAssociation",
    "ClientSettings",
    "CompactRow",
    "CompactTemplate",
    "Exploration",
    "ExploredAttribute",
    "ExploredObject",
    "ImageJob",
    "ImageProgress",
    "Patience",
    "ProfileColumns",
    "ProgrammingSession",
    "ProtectedClient",
    "activate_image",
    "activate_policy",
    "agree_keys",
    "by_holder",
    "by_serial_number",
    "change_hls_secret",
    "decode_profile",
    "descriptor_of",
    "explore",
    "export_certificate",
    "import_certificate",
    "key_in_use",
    "programming",
    "read_compact_data",
    "read_compact_template",
    "read_entries",
    "read_out",
    "read_profile",
    "remove_certificate",
    "renew_key_pair",
    "search_mbus",
    "sign_on",
    "telegrams",
    "transfer_image",
    "transfer_keys",
    "verify_image",
    "with_keys",
]
