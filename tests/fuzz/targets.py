"""The table of everything that takes octets from others: what decodes them, and what mutations start from."""

from __future__ import annotations

from ferraris.dlms import Role
from ferraris.dlms.inspect import answer_line
from ferraris.dlms.mbus_segments import decode_segments, join_pieces
from ferraris.dlms.plc_llc import decode_llc, encode_llc
from ferraris.dlms.untagged import read_value
from tests.fuzz import coap, decoders, ends, files, lines, modules, protected, selling, systems, texts, tokens
from tests.fuzz.seeds import bare_apdus, captures, seeds, telegrams
from tests.fuzz.target import Target

TARGETS = (
    # Values
    Target("a-xdr", decoders.a_xdr, seeds()["data"]),
    Target("table", decoders.table, (*seeds()["table"], *seeds()["compressed-table"])),
    Target("compact-data", decoders.compact_data, seeds()["compact-data"]),
    Target("compact-array", decoders.compact_array, decoders.compact_array_seeds()),
    Target("deviating", read_value, (*seeds()["data"], *seeds()["table"])),
    Target("data-type", decoders.data_type, decoders.data_type_seeds()),
    Target("ber", decoders.element, seeds()["apdu"]),
    # APDUs
    Target("apdu", decoders.apdu, (*seeds()["apdu"], *bare_apdus())),
    Target("acse", decoders.apdu, tuple(octets for octets in seeds()["apdu"] if octets[0] & 0xF0 == 0x60)),
    Target("short-names", decoders.apdu, seeds()["short-names"]),
    Target("access", decoders.apdu, seeds()["access"]),
    Target("envelope", decoders.envelope, protected.envelope_seeds()),
    Target("notification", decoders.notifications(seeds()["notification"]), seeds()["notification"]),
    # Framings
    Target("wrapper", decoders.wrapper_in_pieces, seeds()["wrapper"]),
    Target("hdlc", decoders.frames, seeds()["hdlc"]),
    Target("hdlc-deframer", decoders.deframer_in_pieces, seeds()["hdlc"]),
    Target("hdlc-line", lines.hdlc_line, lines.HDLC_LINE_SEEDS),
    Target("hdlc-station", lines.hdlc_station, lines.HDLC_STATION_SEEDS),
    Target("m-bus", lambda octets: join_pieces(decode_segments(octets)), seeds()["m-bus"]),
    Target("m-bus-deframer", lines.mbus_deframer_in_pieces, seeds()["m-bus"]),
    Target("m-bus-line", lines.mbus_line, lines.MBUS_SEEDS),
    Target("m-bus-station", lines.mbus_station, lines.MBUS_SEEDS),
    Target("m-bus-selection", lines.mbus_selection, lines.MBUS_SELECTION_SEEDS),
    Target("m-bus-search", lines.mbus_search, lines.MBUS_SEARCH_SEEDS),
    Target("sign-on", lines.sign_on, lines.SIGN_ON_SEEDS),
    Target("meter-sign-on", lines.meter_sign_on, lines.METER_SIGN_ON_SEEDS),
    Target("readout", lines.readout, lines.READOUT_SEEDS),
    Target("programming", lines.programming, lines.PROGRAMMING_SEEDS),
    Target("programmer", lines.programmer, lines.PROGRAMMER_SEEDS),
    Target("unsolicited", lines.unsolicited, lines.UNSOLICITED_SEEDS),
    Target("gateway", lines.gateway, lines.GATEWAY_SEEDS),
    Target("coap", coap.coap, coap.SEEDS),
    Target("plc-llc", decode_llc, (encode_llc(1, 16, bare_apdus()[0]),)),
    # Whatever remembers
    Target("general-blocks", ends.general_blocks, ends.GENERAL_BLOCK_SEEDS),
    Target("client", ends.association(Role.CLIENT), ends.association_seeds()),
    Target("server", ends.association(Role.SERVER), ends.association_seeds()),
    Target("meter", systems.meter, systems.meter_seeds()),
    # Security
    Target("protection", protected.protection, protected.protection_seeds()),
    Target("opened", protected.opened_only, protected.opened_seeds()),
    Target("push", protected.push, protected.push_seeds()),
    Target("key-material", protected.key_material, protected.key_material_seeds()),
    Target("certificate", protected.certificate, protected.certificate_seeds()),
    # Tools
    Target("inspect", decoders.capture, tuple(octets for group in seeds().values() for octets in group)),
    Target("captures", decoders.capture, captures()),
    Target("conversation", decoders.conversation, captures()),
    Target("json-lines", answer_line, telegrams()),
    Target("decode", files.as_file(files.decode_tool), files.capture_files()),
    # Files
    Target("profile", files.profile, files.PROFILES),
    Target("quirk", files.quirk, files.QUIRKS),
    Target("push-layout", files.push_layout, files.LAYOUTS),
    Target("object-list", files.object_list, files.OBJECT_LISTS),
    Target("meter-url", files.meter_url, files.URLS),
    Target("key-file", files.as_file(files.key_file), files.KEY_FILES),
    Target("public-key", files.public_key_file, protected.public_key_seeds()),
    Target("private-key", files.private_key_file, protected.private_key_seeds()),
    Target("registry", systems.registry, (systems.REGISTERED,)),
    Target("csv", files.as_file(files.replay, ".csv"), (files.CSV_SEED,)),
    Target("json", texts.json_text, texts.JSON_SEEDS),
    Target("place", texts.place, texts.PLACES),
    Target("system-url", texts.system_url, texts.SYSTEM_URLS),
    Target("plan", texts.plan, texts.PLANS),
    Target("counters", files.as_file(texts.counters), texts.COUNTERS),
    Target("secondary-address", texts.secondary_address, texts.SECONDARY),
    # Security modules
    Target("prismtoken-call", modules.prismtoken_call, modules.prismtoken_call_seeds()),
    Target("prismtoken-reply", modules.prismtoken_reply, modules.prismtoken_reply_seeds()),
    Target("sts600-8-6", modules.sts600_line, modules.STS600_SEEDS),
    Target("licence", modules.licence, modules.LICENCE_SEEDS),
    Target("keystore", files.as_file(modules.keystore), modules.keystore_seeds()),
    Target("registers", files.as_file(modules.registers), modules.REGISTER_SEEDS),
    # Vending
    Target("envelope-of-soap", selling.envelope, selling.letter_seeds()),
    Target("xmlvend", selling.xmlvend, selling.letter_seeds()),
    Target("vending-rest", selling.vending_rest, selling.rest_seeds()),
    Target("tariff", selling.tariff, selling.TARIFFS),
    Target("order-line", selling.order_line, selling.ORDER_LINES),
    # Tokens
    Target("token", tokens.token, tokens.DIGIT_SEEDS),
    Target("token-block", tokens.block, tokens.BLOCK_SEEDS),
    Target("key-change", tokens.key_change, tokens.KEY_CHANGE_SEEDS),
    Target("identification-record", tokens.identification_record, tokens.RECORD_SEEDS),
    Target("sta-tables", tokens.sta_tables, tokens.TABLE_SEEDS),
    Target("meter-history", files.as_file(texts.record), texts.RECORDS),
    Target("meter-of-tokens", files.as_file(texts.meter), texts.RECORDS[:1]),
    Target("vending-keys", files.as_file(texts.vending_keys), texts.VENDING_KEYS),
    Target("token-row", tokens.row, tokens.ROW_SEEDS),
)
