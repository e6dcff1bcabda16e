"""How what agents and other systems ask reads."""

from audit.history import verbs

verbs({"tool.called": "asked through a tool about"})
verbs(
    {
        "customer.updated": "updated", "customers.upserted": "added or updated customers through",
        "documents.reported": "sent feedback through", "usage.reported": "reported usage through",
        "surveys.reported": "reported survey answers through", "deliveries.reported": "reported deliveries through",
    }
)  # fmt: skip
