"""What is known of a person is blanked however it is written, and nothing else is."""

import pytest

from feedback.anonymising import Known

ANA = Known(
    ["Ana Kovač", "Müller-Ruiz, Ana"],
    [
        ("email", "ana.k@ex.test"),
        ("phone", "+34600111222"),
        ("user_id", "u-12"),
        ("user_id", "é7"),
        ("handle", "x:anak"),
    ],
)  # fmt: skip


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("Ana Kovač asks", "[removed] asks"),
        ("ANA, KOVAČ", "[removed]"),
        ("Signed: kovac", "Signed: [removed]"),
        ("kovac_ana", "kovac_ana"),
        ("Ms Müller-Ruiz wrote", "Ms [removed] wrote"),
        ("mail ANA.K@EX.TEST now", "mail [removed] now"),
        ("/people/ana.k%40ex.test/", "/people/[removed]/"),
        ("ana.k&#64;ex.test and ana.k&#x40;ex.test", "[removed] and [removed]"),
        ("call 600 111 222, or 0034-600-111-222", "call [removed], or [removed]"),
        ("user u-12 and u-123", "user [removed] and u-123"),
        ("?user=%C3%A97", "?user=[removed]"),
        ("@anak and anaken", "@[removed] and anaken"),
        ("Banana, analysis, mañana", "Banana, analysis, mañana"),
        ("order 600111 of 2026", "order 600111 of 2026"),
    ],
)
def test_in_text(written: str, left: str) -> None:
    assert ANA.text(written) == left


def test_in_data_keys_and_numbers_go_too() -> None:
    said = {"ana.k@ex.test": [34600111222, 12, True, None], "note": {"by": "Ana"}}
    assert ANA.data(said) == {"[removed]": ["[removed]", 12, True, None], "note": {"by": "[removed]"}}


def test_of_nobody_nothing_is_known() -> None:
    assert Known([" "], []).text("Ana") == "Ana"
