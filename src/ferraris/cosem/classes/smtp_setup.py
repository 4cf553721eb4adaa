"""SMTP setup, class 46: the server that a device sends mail through."""

from __future__ import annotations

from ferraris.cosem.declaration import STATIC, Attribute, CosemObject
from ferraris.cosem.types import LONG_UNSIGNED, OCTET_STRING


class SmtpSetup(CosemObject, class_id=46, version=0):
    """Server, user and sender. Blue Book 4.9.6.

    `user_secret`, the standard's login_password, is empty when the server asks for none. The server is a name or an address
    with dots.
    """

    server_port = Attribute(2, LONG_UNSIGNED, STATIC)
    user_name = Attribute(3, OCTET_STRING, STATIC)
    user_secret = Attribute(4, OCTET_STRING, STATIC)
    server_address = Attribute(5, OCTET_STRING, STATIC)
    sender_address = Attribute(6, OCTET_STRING, STATIC)
