import pytest
from django.core.exceptions import ValidationError

from customers.identifying import digest, identity


@pytest.mark.parametrize(
    ("kind", "typed", "normalized"),
    [
        ("email", " Ana@Ex.TEST ", "ana@ex.test"),
        ("email", "participant-17@study.invalid", "participant-17@study.invalid"),
        ("email", "buyer@persona.mycompany", "buyer@persona.mycompany"),
        ("email", "josé@ex.test", "josé@ex.test"),
        ("email", "ａｎａ@ex.test", "ana@ex.test"),
        ("phone", "(415) 555-2671", "+14155552671"),
        ("phone", "+34 600 111 222", "+34600111222"),
        ("phone", "00 12", "0012"),
        ("user_id", "p-1007", "p-1007"),
        ("user_id", "P-1007", "P-1007"),
        ("handle", "Twitter:@Ana", "twitter:ana"),
        ("anonymous_id", "a1-b2", "a1-b2"),
    ],
)
def test_an_identifier_is_compared_in_one_form_and_shown_as_typed(kind: str, typed: str, normalized: str) -> None:
    one = identity(kind, typed)
    assert (one.normalized, one.value) == (normalized, typed.strip())


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        ("email", "ana"), ("email", "ana@"), ("email", "@ex.test"), ("email", "a b@ex.test"), ("email", "a@b@ex.test"),
        ("email", "ana@ex"), ("email", "x" * 300 + "@ex.test"), ("email", "ana\x00@ex.test"),
        ("email", "\ud800@ex.test"),
        ("email", "ana@ex.test\nbcc:x@ex.test"), ("phone", "call me"), ("phone", "1" * 40), ("user_id", ""),
        ("user_id", "x" * 201), ("handle", "ana"), ("handle", "twitter:"), ("fax", "1234"),
    ],
)  # fmt: skip
def test_what_is_malformed_is_refused_with_a_sentence(kind: str, typed: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        identity(kind, typed)
    assert refusal.value.messages[0].endswith(".")


def test_digests_differ_by_kind_and_by_key(settings) -> None:
    first = digest("email", "ana@ex.test")
    assert first != digest("user_id", "ana@ex.test")
    settings.SUPPRESSION_KEY = "another"
    assert first != digest("email", "ana@ex.test")
