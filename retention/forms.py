import hashlib
from typing import Any

from django import forms

from retention.models import Policy
from retention.policies import MOST_KEPT


class PolicyForm(forms.Form):
    """A schedule. `seen` is the signature of what a preview has shown: only that is saved."""

    enabled = forms.BooleanField(label="On", required=False)
    keep = forms.IntegerField(
        min_value=1, max_value=MOST_KEPT, widget=forms.NumberInput(attrs={"inputmode": "numeric"})
    )
    at = forms.TimeField(
        label="Time of day", help_text="UTC", widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"})
    )
    documents = forms.ChoiceField(
        label="Their documents", choices=Policy.Documents.choices, widget=forms.RadioSelect, required=False
    )
    suppress = forms.BooleanField(
        label="Block re-import", required=False,
        help_text="Their emails, user IDs and handles are kept out from then on, as after a deletion by hand.",
    )  # fmt: skip

    def __init__(self, data: Any = None, *, policy: Policy) -> None:
        super().__init__(
            data,
            initial={
                "enabled": policy.enabled, "keep": policy.keep, "at": policy.at, "documents": policy.documents,
                "suppress": policy.suppress,
            },
        )  # fmt: skip
        self.policy = policy
        self.fields["keep"].label = f"Keep for so many {policy.unit}"
        if policy.subject != "customers":
            del self.fields["documents"]
        if not policy.offers_suppression:
            del self.fields["suppress"]

    @property
    def values(self) -> dict[str, Any]:
        """What would be saved."""
        found = dict(self.cleaned_data)
        if not found.get("documents"):
            found.pop("documents", None)
        return found

    @property
    def signature(self) -> str:
        return hashlib.sha256(repr(sorted(self.values.items())).encode()).hexdigest()[:16]
