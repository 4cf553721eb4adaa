"""Bad input to prepayment, item by item, and the tests that show what comes of it: a clear error, and money that agrees with tokens.

Each test is named by file and function, and must be there. Where an item can be met at several places, each has its line.
"""

from __future__ import annotations

import pytest

from tests.tidy.source import ROOT
from tests.tidy.test_conformance import tests_in

# item                              where                test
SHOWN = """
wrong check digits                  a meter PAN          sts/test_meter_pan.py::test_one_wrong_digit_is_seen
wrong check digits                  a card               sts/test_identification_record.py::test_broken_records_are_refused
wrong check digits                  REST                 console/test_vending_rest.py::test_what_is_wrong_is_said_and_nothing_is_sold
wrong check digits                  command line         cli/test_vend_refusals.py::test_a_refusal_is_one_line_and_charges_nobody
unknown meter                       the till             vending/test_service.py::test_what_cannot_be_sold_is_refused_and_leaves_no_trace
unknown meter                       any text             vending/test_meters.py::test_any_text_is_a_meter_number_or_refused
amount of zero, negative            the till             vending/test_service.py::test_an_amount_that_is_not_above_zero_is_no_request
amount of zero, negative            command line         cli/test_vend_refusals.py::test_a_refusal_is_one_line_and_charges_nobody
amount too large for the encoding   a token              sts/test_amounts.py::test_what_sixteen_bits_cannot_hold_is_refused
amount too large for the encoding   the till             vending/test_breakdown.py::test_units_up_to_the_last_that_a_token_carries_can_be_bought
amount with endless digits          the till             vending/test_money.py::test_no_digit_is_lost_however_many_there_are
dates before the base date          an identifier        sts/test_time_and_identifiers.py::test_no_instant_before_a_base_date_has_an_identifier
dates before the base date          the till             robustness/test_money_and_tokens.py::test_before_the_base_date_nothing_is_sold_and_nothing_charged
expired key                         till and meter       robustness/test_money_and_tokens.py::test_till_and_meter_agree_on_the_last_minute_of_a_key
expired key                         every driver         keys/security_module/test_interface.py::TestSecurityModule::test_an_expired_key_issues_nothing
missing key                         every driver         keys/security_module/test_interface.py::TestSecurityModule::test_a_key_that_is_not_there_is_named
missing key                         the till             vending/test_service.py::test_a_module_that_refuses_voids_the_sale
clock set back                      identifiers          vending/test_service.py::test_a_clock_set_back_goes_on_from_the_last_identifier_up_to_a_bound
clock set back                      at the meter         robustness/test_money_and_tokens.py::test_whatever_the_clock_of_the_till_does_each_token_that_is_sold_is_taken
clock set back                      the drawer           vending/test_shifts.py::test_a_clock_set_back_takes_no_money_out_of_a_shift
two tills, one meter, one minute    two processes        vending/test_crash.py::test_two_tills_in_two_processes_at_one_meter_in_one_minute
ledger store full                   SQLite               vending/test_crash.py::test_a_store_that_is_full_at_any_page_loses_nothing
ledger store full                   a disk               vending/test_crash.py::test_a_disk_that_is_full_is_told_apart_and_does_no_harm
killed at every single write        the till             vending/test_crash.py::test_killed_at_a_write_a_retry_ends_as_if_nothing_had_been
killed at every single write        its retries          vending/test_crash.py::test_killed_at_every_write_of_every_retry_too
killed at every single write        any order of things  vending/test_till_machine.py::Till
HSM gone in mid-sale                between tokens       vending/test_module_gone.py::test_gone_between_the_key_change_and_the_credit
HSM gone in mid-sale                between orders       vending/test_module_gone.py::test_gone_between_the_orders_of_one_commit
HSM gone in mid-sale                a real PKCS#11 one   keys/security_module/test_pkcs11_module.py::test_a_sale_goes_on_where_the_hsm_left_it
replayed tokens                     any order            robustness/test_money_and_tokens.py::test_in_any_order_and_however_often_credit_is_what_was_sold_and_entered
replayed tokens                     over power cuts      meter/payment/test_decoder.py::test_no_identifier_is_taken_twice_however_many_come
bit-flipped tokens                  all 66               robustness/test_money_and_tokens.py::test_no_single_bit_of_a_sold_token_can_be_flipped_for_credit
bit-flipped tokens                  any of them          meter/payment/test_acceptance.py::test_a_token_with_flipped_bits_never_brings_another_amount
digits with spaces or letters       the meter            robustness/test_money_and_tokens.py::test_a_spoiled_token_is_refused_by_name_and_the_true_one_stays_good
digits with spaces or letters       the explanation      sts/test_explain.py::test_any_text_is_explained
brute force                         the keypad           robustness/test_money_and_tokens.py::test_a_day_of_guessing_at_the_keypad_is_seventy_guesses_and_the_customer_loses_nothing
brute force                         REST                 robustness/test_guessing_at_rest.py::test_a_guesser_of_meters_and_tokens_waits_and_learns_nothing
money and tokens always agree       under every tariff   vending/test_any_tariff.py::test_parts_are_the_whole
money and tokens always agree       altered behind back  vending/test_ledger_changes.py::test_no_column_of_any_row_can_be_changed_unseen
"""
ROWS = [line.split("  ", 1)[0] + "|" + line.rsplit(None, 1)[1] for line in SHOWN.strip().splitlines()]


@pytest.mark.parametrize("row", ROWS)
def test_each_item_is_shown_by_a_test_that_is_there(row: str) -> None:
    _, _, test = row.partition("|")
    path, _, name = test.partition("::")
    assert (ROOT / "tests" / path).is_file()
    assert name in tests_in(f"tests/{path}"), f"there is no {test}"


def test_every_item_has_a_test_at_both_ends_where_it_has_two() -> None:
    """What a till and a meter both can be given is shown at both."""
    places: dict[str, set[str]] = {}
    for row in ROWS:
        item, _, test = row.partition("|")
        places.setdefault(item, set()).add(test.split("/")[0])
    assert len(places) == 18
    for item in ("expired key", "clock set back", "replayed tokens", "bit-flipped tokens", "brute force"):
        assert "robustness" in places[item], item
