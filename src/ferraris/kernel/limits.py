"""Named limits: every buffer, count, depth and length that a peer could inflate stands here once.

Octets are counted after framing. The values leave room for the largest thing a real meter does (an object list of some
hundreds of objects, a load profile of some weeks) and stop what only an attack would send.
"""

from __future__ import annotations

from typing import Final

# A-XDR (codec)
DATA_DEPTH_MAX: Final = 32
"""Arrays and structures nested in one another."""
DATA_ELEMENTS_MAX: Final = 1_000_000
"""Elements decoded from one APDU, over all its arrays and structures."""
EMPTY_VALUES_MAX: Final = 65_536
"""Values of a compact-array that take no octets, beyond one for each octet that the contents have."""
PATTERNS_MAX: Final = 512
"""Shapes of profile buffers remembered, so that the next one like it is recognised by one compare."""
PATTERN_OCTETS_MAX: Final = 64 * 1024
"""A larger buffer is recognised row by row each time."""
TABLE_LAYOUTS_MAX: Final = 8
TABLE_ROW_OCTETS_MAX: Final = 1_024
"""Layouts of rows in one compressed profile buffer, and the longest row; one with more is decoded value by value."""
TYPE_DESCRIPTIONS_MAX: Final = 16
TYPE_DESCRIPTION_OCTETS_MAX: Final = 256
"""Type descriptions of compact-arrays remembered: how many, and the longest. Others are read each time."""
INSTANTS_MAX: Final = 65_536
"""Date-times remembered with their instants: the meters of a region capture at the same ones."""
PROFILES_MAX: Final = 1_024
"""Lists of a profile's columns for which it is remembered where the time stands."""
TIME_COLUMNS_MAX: Final = 128
"""Whole columns of date-times remembered with their instants: meters that are read for one day name the same times."""
TIME_COLUMN_OCTETS_MAX: Final = 12 * 1024
"""A longer column of date-times is worked out each time."""
BER_DEPTH_MAX: Final = 8

# APDUs (dlms)
APDU_OCTETS_MAX: Final = 65_535
"""The largest APDU in one wrapper WPDU; also the largest max-receive-pdu-size that can be negotiated."""
PDU_SIZE_MIN: Final = 64
"""The smallest max-receive-pdu-size a peer may ask for: below it no ciphered block can carry data."""
BLOCK_TRANSFER_OCTETS_MAX: Final = 16 * 1024 * 1024
"""A long GET result, reassembled."""
BLOCK_TRANSFER_BLOCKS_MAX: Final = 65_536
LONG_REQUEST_OCTETS_MAX: Final = 1024 * 1024
"""A request that a server puts together from blocks: room for an image in one piece, no more."""
GENERAL_BLOCK_WINDOW_MAX: Final = 63
"""Blocks of a general block transfer that may be under way unacknowledged, or come without octets in a row."""
GENERAL_BLOCKS_MAX: Final = 65_535
"""Blocks of one end in one general block transfer: their number has two octets."""
ATTRIBUTE_DESCRIPTORS_MAX: Final = 256
"""Attribute descriptors in one with-list request."""
PROTECTION_DEPTH_MAX: Final = 4
"""Ciphering layers around one APDU."""
TRANSACTION_ID_OCTETS_MAX: Final = 16
"""The transaction id of general ciphering and signing, a number that rises; British meters have one of 9 octets."""
OTHER_INFORMATION_OCTETS_MAX: Final = 64
"""Other information in the header of general ciphering and signing; nothing here acts on it."""
INVOCATION_COUNTER_MAX: Final = 0xFFFF_FFFF
INVOCATION_COUNTER_RAISE_MAX: Final = 0xBFFF_FFFF
"""How far a peer's word alone may raise our invocation counter: a quarter of the key's life is out of its reach."""
INVOCATION_COUNTER_BLOCK: Final = 1_024
"""Invocation counters reserved by one durable write."""
INVOCATION_COUNTER_SENDERS_MAX: Final = 64
"""System titles that may send under one key."""
NOTIFICATION_LAYOUTS_MAX: Final = 4_096
"""Layouts of pushes remembered by one decoder."""
LAYOUTS_PER_SIZE_MAX: Final = 16
"""Layouts of pushes of the same count of octets: each one more is a compare before the general decoder."""
PUSH_ENVELOPES_MAX: Final = 1_024
PUSH_ENVELOPE_OCTETS_MAX: Final = 2_048
"""Pushes of as many octets as one before them are opened by what was remembered of it; longer ones are taken apart anew."""
PUSH_OCTETS_MAX: Final = 16_384
"""One pushed APDU; what is longer is pushed in general blocks of this size."""
LONG_PUSH_OCTETS_MAX: Final = 65_536
"""A push put together from general blocks; what is longer is not pushed but read."""
NOTIFICATIONS_WAITING_MAX: Final = 16
"""Notifications longer than an APDU that wait within one association, while another one goes out in blocks."""
PUSH_LINKS_MAX: Final = 4_096
"""Links on which pushes are taken at a time."""
CERTIFICATE_OCTETS_MAX: Final = 2_048
"""One X.509 certificate: those of DLMS have some 500."""
PUBLIC_KEYS_MAX: Final = 1_024
"""Public keys remembered in the form in which they verify."""
CERTIFICATES_MAX: Final = 32
"""Certificates that one end keeps."""
CHALLENGE_OCTETS_MIN: Final = 8
CHALLENGE_OCTETS_MAX: Final = 64
INSPECTION_OCTETS_MAX: Final = 1024 * 1024
"""Captured octets that `ferraris decode` takes apart at a time."""
INSPECTION_LINE_OCTETS_MAX: Final = 4 * 1024 * 1024
"""One line of JSON for `ferraris decode --jsonl`."""

# Framing
WRAPPER_HEADER_OCTETS: Final = 8
HDLC_FRAME_OCTETS_MAX: Final = 2_047
HDLC_REASSEMBLY_OCTETS_MAX: Final = 65_535
HDLC_INFORMATION_OCTETS_MAX: Final = 2_030
"""The longest information field that fits a frame with the longest addresses."""
HDLC_WINDOW_MAX: Final = 7
"""Frames sent before the other end has acknowledged one: the sequence numbers tell no more apart."""
HDLC_CONNECTIONS_MAX: Final = 64
"""Data link connections of all clients with all devices on one line."""
READOUT_OCTETS_MAX: Final = 64 * 1024
"""A data readout of an optical head: some two thousand registers."""
PROGRAMMING_MESSAGE_OCTETS_MAX: Final = 2_048
"""One message of an optical head's programming mode."""
PROGRAMMING_BLOCKS_MAX: Final = 64
"""Blocks of one answer in an optical head's programming mode."""
PROGRAMMING_PASSWORDS_MAX: Final = 3
"""Wrong passwords at an optical head before it closes for a while."""
HDLC_POLLS_MAX: Final = 512
"""How often a primary station asks in a row for an answer that the other end has not got ready."""
MBUS_POLLS_MAX: Final = 512
"""How often an M-Bus meter is asked in a row for an answer that it has not got ready."""
MBUS_SELECTIONS_MAX: Final = 20_000
"""Of one search for the meters on an M-Bus: two hours of silence, or a thousand meters."""
MBUS_SEGMENTS_WAITING_MAX: Final = 512
"""Segments of answers that a meter on M-Bus keeps for a client which asks for none."""
GATEWAY_BRANCHES_MAX: Final = 64
"""Links of one virtual gateway to meters behind it: what ends a loop of gateways."""
GATEWAY_WAITING_APDUS_MAX: Final = 16
"""APDUs that wait until the meter behind the gateway can be talked to."""

# Meter
CONNECTIONS_PER_METER_MAX: Final = 8
"""Open connections to one virtual meter; one more is closed at once."""
METERS_PER_FLEET_MAX: Final = 50_000
"""Virtual meters in one process, so in one memory."""
CLIENTS_PER_METER_MAX: Final = 8
"""Clients whose invocation counters one meter remembers."""
IMAGE_OCTETS_MAX: Final = 4 * 1024 * 1024
"""The largest firmware image that a virtual meter takes."""
IMAGE_IDENTIFIER_OCTETS_MAX: Final = 64
IMAGE_BLOCKS_MAX: Final = 1_000_000
"""Blocks of an image that a client sends to one meter."""
IMAGE_ROUNDS_MAX: Final = 8
"""How often a client sends blocks again that a meter has lost."""
METER_SETTINGS_OCTETS_MAX: Final = 4_072
"""Attributes that clients have set in one meter, together: calendars and push lists among them."""
CSV_REPLAY_LINES_MAX: Final = 1_100_000
"""Lines of a file of measured values: two years of minutes."""

# Prepayment
STA_TABLES_CHARACTERS_MAX: Final = 16_384
"""A file with the substitution and permutation tables of EA07: 96 integers, and room for a word about them."""

# Prepayment meters
TOKEN_IDENTIFIERS_REMEMBERED: Final = 50
"""Token identifiers that a meter remembers; a token that is older than the oldest of them is refused."""
KEY_CHANGE_SECTIONS_MAX: Final = 4
"""Tokens of the largest set that changes a decoder key."""
KEY_CHANGE_TIMEOUT_S: Final = 3_600
"""How long a meter waits for the next token of such a set; ours, the standard's figure is not public."""
TOKEN_WRONG_ENTRIES_MAX: Final = 3
"""Wrong entries at a keypad before it is locked, as one maker (CLOU) has it."""
TOKEN_LOCKOUT_FIRST_S: Final = 10
"""For how long a keypad is locked the first time; twice as long after each further wrong entry."""
TOKEN_LOCKOUT_LONGEST_S: Final = 1_280
KEYPAD_LINE_OCTETS_MAX: Final = 256
"""A line to the keypads of a fleet in service: a serial, and 20 digits with blanks between them."""
KEYPAD_CONNECTIONS_MAX: Final = 16
COLLECTED_DAYS_MAX: Final = 400
"""Days whose charges a meter collects at once after it was away; for longer ones it does not charge."""

# Links
LINK_CONNECT_TIMEOUT_S: Final = 10.0
LINK_CLOSE_TIMEOUT_S: Final = 5.0
"""How long closing a link waits for a peer that does not take what is still to be written."""
LINK_CONNECTIONS_MAX: Final = 16_384
"""Links that one listening address serves at a time."""
LINK_CONNECTIONS_WAITING_MAX: Final = 1_024
"""Connections that the operating system has accepted at one address and we have not: when a street's power comes back,
its meters all push at once, and who finds no room tries again only seconds later."""
LINK_RECEIVE_OCTETS_MAX: Final = 64 * 1024
"""Received and not yet taken; a stream stops reading here, after at most one read more."""
LINK_DATAGRAMS_MAX: Final = 64
"""Datagrams received and not yet taken; further ones are dropped."""
DATAGRAM_OCTETS_MAX: Final = 65_507
"""The payload of the largest UDP datagram over IPv4."""
COAP_OCTETS_MAX: Final = 65_543
"""The payload of one CoAP exchange, put together from its blocks: the largest WPDU."""
DATAGRAM_PEERS_MAX: Final = 4_096
"""Peers that one bound UDP socket remembers."""
TELNET_SUBNEGOTIATION_OCTETS_MAX: Final = 1_024
"""What a serial server may say about one telnet option."""

# Simulation
SIMULATION_PASSES_PER_INSTANT_MAX: Final = 1_000_000
"""Rounds of the virtual event loop without time passing: more is something that spins."""
SIMULATION_STORY_LINES_MAX: Final = 20_000
"""Lines of the event log kept in memory for the story that a violation tells."""

# Storage
INTERVAL_BATCH_ROWS_MAX: Final = 1_000_000
"""Readings in one append: one transaction, some 200 MB of working memory."""
INTERVAL_BUCKETS_MAX: Final = 100_000
"""Buckets of one count over time: eleven years of hours."""
INTERVAL_STORE_MEMORY_MIB: Final = 1_024
"""Memory of the interval store; larger work goes through its temporary files."""
LLS_SECRET_OCTETS_MAX: Final = 64

# Vending
VENDING_TEXT_CHARACTERS_MAX: Final = 128
"""A message id, or the name of a till or a person."""
VENDING_ROWS_MAX: Final = 10_000
"""Rows of one answer of the vending store."""
VENDING_BATCH_MAX: Final = 1_000
"""Orders that share a commit."""
VENDING_LOCK_WAIT_S: Final = 30
"""How long a till waits for its turn to write."""

# Console
REQUEST_OCTETS_MAX: Final = 1024 * 1024
"""The body of a request to REST: room for the serials of a territory's largest group."""
READINGS_PER_ANSWER_MAX: Final = 200_000
"""Readings in one answer: a year of quarters of an hour on five channels."""
IDEMPOTENCY_KEY_CHARACTERS_MAX: Final = 128
COLLECTIONS_REMEMBERED_MAX: Final = 64
"""Collections out of turn whose progress can be asked for."""

# The till (console)
REFUSALS_PER_MINUTE_MAX: Final = 30
"""Refused requests about vending that one client may make in a minute before it is told to wait: guessing does not pay."""
REFUSED_CLIENTS_MAX: Final = 4_096
"""Clients whose refusals are counted at a time; the one that has been quiet longest is forgotten first."""
SOAP_OCTETS_MAX: Final = 64 * 1024
"""A SOAP envelope of a vending client: some fifty times the longest that XMLVend's use cases need."""
SOAP_DEPTH_MAX: Final = 16
"""Elements nested in one another in a SOAP envelope."""
SOAP_ELEMENTS_MAX: Final = 512
"""Elements of a SOAP envelope."""

# Payment tokens
TOKENS_OF_A_COMMAND_MAX: Final = 8
"""Entered together: the largest key change has four sections, and a credit token follows."""

# Tools
KEY_FILE_OCTETS_MAX: Final = 64 * 1024 * 1024
"""A file of keys: the list of the largest fleet of virtual meters."""
EXPLORED_TOGETHER_MAX: Final = 64
"""Attributes that a tool asks for before it shows how far it has come."""
CAPTURE_FILE_OCTETS_MAX: Final = 256 * 1024 * 1024
"""A capture that `ferraris decode` reads at a time."""
CAPTURE_STREAMS_MAX: Final = 65_536
"""Directions of TCP connections in one capture."""
CAPTURE_OUT_OF_ORDER_OCTETS_MAX: Final = 1024 * 1024
"""Captured octets of one direction that wait for a missing segment; above it, the gap is passed over."""
CAPTURE_OUT_OF_ORDER_SEGMENTS_MAX: Final = 256
"""Segments of one direction that wait for earlier ones; each that comes is looked up among them."""
OCTET_FIELDS_MAX: Final = 100_000
"""Fields of one APDU that `ferraris decode --octets` lists."""
CONVERSATIONS_MAX: Final = 65_536
"""Pairs of ends whose traffic is followed in one capture."""
CHECKED_BLOCKS_MAX: Final = 10_000
"""Blocks of one result that a conformance check takes from a server that never marks the last one."""
COLLECTED_PERIOD_S_MIN: Final = 60
"""A meter that says it captures more often is not collected: every slot costs a look at the store."""
COLLECTED_ROWS_MAX: Final = 200_000
"""Rows of a profile that a head-end looks for, however many a meter says it keeps: five years of quarters of an hour."""
PROFILE_FILE_OCTETS_MAX: Final = 4 * 1024 * 1024
"""A file with a companion profile: a dozen times what the largest of them has."""
SETTINGS_FILE_OCTETS_MAX: Final = 1024 * 1024
"""A file of settings or of a tariff."""
SECRET_FILE_OCTETS_MAX: Final = 1_024
"""A file with a secret that opens something."""
OBJECT_LIST_FILE_OCTETS_MAX: Final = 16 * 1024 * 1024
"""A file with a meter's object list: what `ferraris explore --json` prints of the largest meter, buffers included."""

# Security modules (keys)
PRISMTOKEN_FRAME_OCTETS_MAX: Final = 300_000
"""One message to or from a PrismToken service: its longest echo, in the longest characters."""
PRISMTOKEN_DEPTH_MAX: Final = 8
"""Structures and lists nested in one another in a message to or from a PrismToken service."""
PRISMTOKEN_CONNECTIONS_MAX: Final = 64
"""Connections that a PrismToken service serves at a time; one more is closed at once."""
PRISMTOKEN_RESULTS_MAX: Final = 1_024
"""Results that a PrismToken service keeps for clients whose answer was lost."""
PRISMTOKEN_CREDENTIALS_MAX: Final = 1_024
"""Clients signed in to a PrismToken service at a time; the one that signed in first must do so again."""
TOKEN_IDENTIFIERS_PER_METER_MAX: Final = 64
"""Token identifiers of one meter that a PrismToken service remembers so that none is given out twice."""
SERIAL_MODULE_LINE_OCTETS_MAX: Final = 4_096
"""A line of the STS600-8-6 protocol."""
SERIAL_MODULE_FIELDS_MAX: Final = 64
KEYSTORE_OCTETS_MAX: Final = 16 * 1024 * 1024
"""A keystore file: far above the vending keys of the largest country."""
KEYSTORE_REGISTERS_MAX: Final = 10_000
KEYSTORE_CREDENTIALS_MAX: Final = 64
KEYSTORE_WORK_FACTOR_MAX: Final = 1 << 18
"""The scrypt work factor that a keystore file may ask of whoever opens it: 256 MiB."""
KEYSTORE_AUDIT_OCTETS_MAX: Final = 256 * 1024 * 1024
TRANSACTION_BLOCK: Final = 100
"""Transactions taken from a keystore's counter by one durable write."""
TRANSACTIONS_MAX: Final = 1_000_000_000_000
LICENCE_OCTETS_MAX: Final = 64 * 1024
"""A text with a transaction licence in it: a letter, not a book."""
