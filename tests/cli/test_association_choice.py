"""Words of the command line and what the engine makes of them."""

from __future__ import annotations

import pytest

from ferraris.cli.association_choice import FORMS, POLICIES, Authentication, Choice, Form, Policy
from ferraris.dlms import Ciphering, Envelope, Layer
from ferraris.dlms.apdu import Mechanism


def test_every_mechanism_policy_and_form_has_a_name() -> None:
    assert {name.name for name in Authentication} == {mechanism.name for mechanism in Mechanism}
    assert set(POLICIES) == set(Policy)
    assert set(FORMS.values()) == set(Ciphering) | (set(Layer) - {Layer.BROADCAST, Layer.SIGNED})


@pytest.mark.parametrize(
    ("choice", "ciphering"),
    [
        (Choice(), Ciphering.GLOBAL),
        (Choice(form=Form.GENERAL_DEDICATED), Ciphering.GENERAL_DEDICATED),
        (Choice(form=Form.WRAPPED), Envelope((Layer.WRAPPED,))),
        (Choice(signed=True), Envelope((Layer.SIGNED, Ciphering.GLOBAL))),
        (Choice(form=Form.ONE_PASS, signed=True), Envelope((Layer.SIGNED, Layer.ONE_PASS))),
    ],
)
def test_forms_and_signatures(choice: Choice, ciphering: Ciphering | Envelope) -> None:
    assert choice.ciphering == ciphering
