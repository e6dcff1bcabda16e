"""What every demo directory has: sources, tags, property definitions, surveys, and logins when asked for."""

from dataclasses import dataclass

from audit.models import Source
from customers.models import Tag
from engagement.models import Campaign, Survey
from integrations.seeding.companies import INDUSTRIES, PLANS, REGIONS
from properties.models import Definition
from staff.models import Role, User

DEMO_PASSWORD = "roster-demo"  # noqa: S105  (told to everybody who tries Roster)
LOGINS = (
    ("viewer@roster.example", "Vera Lindholm", Role.VIEWER),
    ("support@roster.example", "Tom Brandt", Role.SUPPORT),
    ("admin@roster.example", "Mina Okafor", Role.ADMIN),
)
SOURCES = {  # channel → the integration that it comes through
    "widget": ("Website widget", Source.Kind.FEEDBACK),
    "email": ("Support inbox", Source.Kind.FEEDBACK),
    "api": ("Help desk", Source.Kind.FEEDBACK),
    "voice": ("Phone line", Source.Kind.FEEDBACK),
    "chat": ("Live chat", Source.Kind.FEEDBACK),
    "survey": ("In-app surveys", Source.Kind.FEEDBACK),
    "social": ("Social listening", Source.Kind.FEEDBACK),
    "import": ("Old help desk, 2024", Source.Kind.IMPORT),
}
PRODUCT_USERS = ("Product users", Source.Kind.USER)
CUSTOMER_TAGS = (  # name, hue, share of customers
    ("Power user", 4, 0.18), ("Beta tester", 7, 0.06), ("Champion", 3, 0.04), ("VIP", 5, 0.03), ("Non-profit", 8, 0.03),
    ("Partner", 1, 0.02), ("Renewal risk", 2, 0.02), ("Needs follow-up", 6, 0.01), ("Reference customer", 3, 0.008),
    ("Press", 1, 0.002), ("Legal hold", 2, 0.0004),
)  # fmt: skip
DOCUMENT_TAGS = (
    ("Bug", 2), ("Performance", 6), ("Billing", 4), ("Security", 5), ("Feature request", 7), ("Integrations", 1),
    ("Mobile", 8), ("Docs", 3), ("Praise", 3), ("Churn risk", 2), ("Urgent", 2),
)  # fmt: skip
LIFECYCLES = ("Active", "Trial", "Paused", "Churned")
DEPARTMENTS = ("Finance", "Sales", "Operations", "Support", "HR", "Marketing", "Procurement", "IT", "Legal", "Research")
_C, _A, _M = Definition.Subject.CUSTOMER, Definition.Subject.ACCOUNT, Definition.Subject.MEMBERSHIP
_T = Definition.Type
DEFINITIONS = (  # subject, key, label, type, choices, personal, shown in the header
    (_C, "job_title", "Job title", _T.TEXT, (), True, True),
    (_C, "plan", "Plan", _T.CHOICE, PLANS, False, True),
    (_C, "lifecycle", "Lifecycle", _T.CHOICE, LIFECYCLES, False, True),
    (_C, "country", "Country", _T.TEXT, (), True, True),
    (_C, "language", "Languages", _T.TEXT, (), True, False),
    (_C, "mrr", "Monthly revenue", _T.NUMBER, (), False, False),
    (_C, "health_score", "Health score", _T.NUMBER, (), False, False),
    (_C, "signed_up_on", "Signed up on", _T.DATE, (), False, False),
    (_C, "beta", "Beta programme", _T.BOOLEAN, (), False, False),
    (_C, "profile_url", "Public profile", _T.URL, (), True, False),
    (_C, "company.name", "Name", _T.TEXT, (), False, False),
    (_C, "company.industry", "Industry", _T.CHOICE, INDUSTRIES, False, False),
    (_C, "company.size", "Employees", _T.NUMBER, (), False, False),
    (_C, "company.website", "Website", _T.URL, (), False, False),
    (_A, "plan", "Plan", _T.CHOICE, PLANS, False, True),
    (_A, "ARR", "ARR", _T.NUMBER, (), False, True),
    (_A, "region", "Region", _T.CHOICE, REGIONS, False, True),
    (_A, "seats", "Seats", _T.NUMBER, (), False, True),
    (_A, "industry", "Industry", _T.CHOICE, INDUSTRIES, False, False),
    (_A, "website", "Website", _T.URL, (), False, False),
    (_A, "renewal_on", "Renewal", _T.DATE, (), False, False),
    (_A, "sso", "Single sign-on", _T.BOOLEAN, (), False, False),
    (_M, "role", "Role", _T.CHOICE, ("Owner", "Admin", "Member", "Billing"), False, True),
    (_M, "department", "Department", _T.TEXT, (), False, False),
    (_M, "joined_on", "Joined on", _T.DATE, (), False, False),
)  # fmt: skip
# Name, goal, how many days ago it went out, and to which share of customers
CAMPAIGNS = (
    ("Spring release", "Tries the new editor", 230, 0.25),
    ("Webinar: reports that people read", "Registers", 150, 0.12),
    ("Annual plans", "Moves to an annual plan", 90, 0.18),
    ("Two-factor for everybody", "Switches it on", 35, 0.3),
)
NPS, CSAT, EFFORT = "Quarterly relationship", "After support", "Onboarding effort"


@dataclass(frozen=True)
class Catalogue:
    """Ids of what the rows refer to, by name."""

    sources: dict[str, int]  # by channel, and "users" for the sync of users
    tags: dict[str, int]
    values: dict[str, int]  # definitions of customers' numbers and dates, by key
    surveys: dict[str, int]
    authors: tuple[int, ...]  # who writes notes
    campaigns: list[int]


def ensure(*, demo: bool) -> Catalogue:
    """Makes what is not there yet, inside the caller's audit entry."""
    if demo:
        make_logins()
    sources = {channel: _source(*named) for channel, named in SOURCES.items()} | {"users": _source(*PRODUCT_USERS)}
    tags = {}
    for name, hue in [(name, hue) for name, hue, _ in CUSTOMER_TAGS] + list(DOCUMENT_TAGS):
        tag, _ = Tag.objects.get_or_create(folded=name.casefold(), defaults={"name": name, "hue": hue})
        tags[name] = tag.pk
    writers = User.objects.filter(role__in=[Role.SUPPORT, Role.ADMIN]).order_by("id")
    return Catalogue(
        sources=sources,
        tags=tags,
        values=_define_properties(),
        surveys={
            name: Survey.objects.get_or_create(name=name, defaults={"kind": kind})[0].pk
            for name, kind in ((NPS, Survey.Kind.NPS), (CSAT, Survey.Kind.CSAT), (EFFORT, Survey.Kind.OTHER))
        },
        authors=tuple(writers.values_list("id", flat=True)[:5]),
        campaigns=[
            Campaign.objects.get_or_create(name=name, defaults={"goal": goal})[0].pk for name, goal, _, _ in CAMPAIGNS
        ],
    )


def make_logins() -> None:
    """The four that everybody knows; one that is there already stays as it is."""
    for email, name, role in LOGINS:
        if not User.objects.filter(email__iexact=email).exists():
            User.objects.create_user(email, DEMO_PASSWORD, name=name, role=role)
    if not User.objects.filter(email__iexact="root@roster.example").exists():
        User.objects.create_superuser("root@roster.example", DEMO_PASSWORD, name="Ada Quist")


def _source(name: str, kind: str) -> int:
    return Source.objects.get_or_create(name=name, kind=kind)[0].pk


def _define_properties() -> dict[str, int]:
    values = {}
    for position, (subject, key, label, type_, choices, personal, is_key) in enumerate(DEFINITIONS, 1):
        definition, _ = Definition.objects.get_or_create(
            subject=subject, key__iexact=key,
            defaults={"key": key, "label": label, "type": type_, "choices": list(choices), "personal": personal,
                      "is_key": is_key, "position": position},
        )  # fmt: skip
        if subject == _C and definition.type in {_T.NUMBER, _T.DATE}:
            values[key] = definition.pk
    return values
