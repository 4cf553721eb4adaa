"""HLS-ECDSA in a captured conversation: whether each end's answer to the other's challenge is signed by its key."""

from __future__ import annotations

from dataclasses import dataclass, field

from ferraris.codec import decode_whole
from ferraris.dlms.apdu import Aare, Aarq, ActionRequestNormal, ActionResponseNormal, ActionResult, Apdu, Mechanism
from ferraris.dlms.elliptic import verify_signature
from ferraris.dlms.hls import REPLY_TO_HLS_AUTHENTICATION
from ferraris.dlms.inspect.keys import InspectionKeys
from ferraris.dlms.inspect.tree import Json


@dataclass(slots=True)
class Authentication:
    """What one client and one server have said to prove who they are."""

    mechanism: object = None
    challenges: dict[bool, bytes] = field(default_factory=dict)
    """Of the client (True) and of the server (False)."""
    answered: bool = False
    """The client's answer was seen, and the server's is to come."""

    def learn(self, apdu: Apdu) -> None:
        """Note the challenges and the mechanism."""
        if isinstance(apdu, Aarq):
            self.mechanism, self.answered = apdu.mechanism, False
            self.challenges = {True: apdu.calling_authentication_value or b""}
        elif isinstance(apdu, Aare):
            self.challenges[False] = apdu.responding_authentication_value or b""

    def judge(self, apdu: Apdu, titles: dict[bool, bytes], keys: InspectionKeys) -> dict[str, Json] | None:
        """A layer that says whether an answer verifies; None for what is none, or of another mechanism.

        Raises AuthenticationError for a signature that is not its sender's, DecodeError for no signature.
        """
        if self.mechanism is not Mechanism.HLS_ECDSA or len(titles) < 2 or len(self.challenges) < 2:
            return None
        if isinstance(apdu, ActionRequestNormal) and apdu.descriptor == REPLY_TO_HLS_AUTHENTICATION:
            self.answered, by_client, octets = True, True, apdu.parameters
        elif isinstance(apdu, ActionResponseNormal) and self.answered and apdu.result is ActionResult.SUCCESS:
            self.answered, by_client = False, False
            octets = apdu.data if isinstance(apdu.data, bytes) else None
        else:
            return None
        signature = decode_whole(octets or b"").value
        point = keys.signing_point(titles[by_client])
        layer: dict[str, Json] = {"layer": "hls-ecdsa", "of": titles[by_client].hex(), "verified": bool(point)}
        layer["warnings"] = [] if point else ["no key of the sender: the signature was not verified"]
        if point:
            message = titles[by_client] + titles[not by_client]
            message += self.challenges[not by_client] + self.challenges[by_client]
            verify_signature(point, signature if isinstance(signature, bytes) else b"", message)
        return layer
