"""What every field of every table holds of people, and what a permanent deletion does to it (reliability 10).

`manage.py check` fails for a field that is not declared here, and for a relation to a customer or document that nobody
decided. `manage.py personal_data` writes it out; `docs/personal-data.md` is that text.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.apps import apps
from django.db import models


class Kind(StrEnum):
    PERSONAL = "personal"  # about a person, or can be
    DERIVED = "derived"  # computed from personal fields, and goes with them
    PLAIN = "not personal"


class Fate(StrEnum):
    """What a permanent deletion of a customer does to the rows that point at them."""

    DELETED = "deleted"  # the row is part of the customer
    UNLINKED = "unlinked"  # the row stays, without the customer
    CHOSEN = "deleted or anonymised"  # as whoever deletes decides
    KEPT = "kept"  # holds no personal data of the customer


@dataclass(frozen=True)
class Table:
    """The fields of one model by kind. `purge` says what a permanent deletion does to its personal fields."""

    purge: str
    personal: str = ""
    derived: str = ""
    plain: str = ""
    fates: dict[str, Fate] = field(default_factory=dict)

    def kinds(self) -> dict[str, Kind]:
        """The kind of every declared field."""
        named = ((Kind.PERSONAL, self.personal), (Kind.DERIVED, self.derived), (Kind.PLAIN, self.plain))
        return {name: kind for kind, names in named for name in names.split()}


@dataclass(frozen=True)
class Line:
    """One field as the officer reads it."""

    model: str
    table: str
    field: str
    kind: Kind
    purge: str


_TIMES = "created_at enqueue_at enqueued_at started_at finished_at"
JOB = f"id status done total attempts lease_token lease_until error {_TIMES}"
_GOES = "deleted with the customer"
_NOBODY = "nothing: it holds nothing about customers"
_STAFF = "nothing: it is about colleagues"

TABLES: dict[str, Table] = {
    # Customers
    "customers.Customer": Table(
        purge="deleted, with every record that was merged into it",
        personal="name properties provenance created_elsewhere_at last_imported_at deleted_at deletion_requested_at"
        " legal_hold primary_email primary_phone created_at",
        derived="sort_name search_text tag_ids channels source_ids feedback_count first_seen_at last_seen_at"
        " last_linked_at updated_at version",
        plain="id state origin merged_into",
        fates={"merged_into": Fate.DELETED},
    ),
    "customers.Identifier": Table(
        purge="deleted with the customer; only the keyed digest stays, as a suppression, unless re-import is allowed",
        personal="value",
        derived="normalized digest",
        plain="id customer kind primary verified source created_at",
        fates={"customer": Fate.DELETED},
    ),
    "customers.CustomerValue": Table(
        purge=_GOES, derived="value", plain="id customer definition", fates={"customer": Fate.DELETED}
    ),
    "customers.Membership": Table(
        purge=_GOES,
        personal="properties provenance contact key_contact",
        plain="id customer account primary owner created_at",
        fates={"customer": Fate.DELETED},
    ),
    "customers.Note": Table(
        purge=_GOES,
        personal="body",
        plain="id customer author pinned created_at edited_at",
        fates={"customer": Fate.DELETED},
    ),
    "customers.Login": Table(
        purge="deleted with the customer, and the user who signed in with it",
        plain="id customer user created_at",
        fates={"customer": Fate.DELETED},
    ),
    "customers.Segment": Table(
        purge="a filter that names the customer is emptied",
        personal="query",
        plain="id name folded kind created_by created_at",
    ),
    "customers.SegmentMember": Table(
        purge=_GOES, plain="id segment customer added_at", fates={"customer": Fate.DELETED}
    ),
    "customers.SegmentCount": Table(purge=_NOBODY, plain="id segment on count"),
    "customers.CustomerTag": Table(purge=_GOES, plain="id customer tag", fates={"customer": Fate.DELETED}),
    "customers.DuplicateCandidate": Table(
        purge=_GOES,
        personal="evidence",
        plain="id first second score found_at dismissed_at dismissed_by",
        fates={"first": Fate.DELETED, "second": Fate.DELETED},
    ),
    "customers.Merge": Table(
        purge=_GOES,
        personal="snapshot",
        plain="id survivor source_ids actor merged_at undo_until undone_at moved",
        fates={"survivor": Fate.DELETED},
    ),
    "customers.Suppression": Table(
        purge="it is what a permanent deletion leaves: a keyed hash, until an admin lifts it",
        derived="digest",
        plain="id kind since kept_out last_kept_out_at",
    ),
    "customers.KeyProof": Table(purge=_NOBODY, plain="id digest made_at"),
    "customers.Erasure": Table(
        purge="what had to be blanked is emptied when the deletion is done",
        personal="known",
        plain="id token customer_id purge_id begun_at done_at",
    ),
    "customers.Tag": Table(purge=_NOBODY, plain="id name folded hue created_at"),
    "customers.TagRewrite": Table(purge=_NOBODY, plain=f"{JOB} tag merging into name actor customers documents"),
    "customers.BulkEdit": Table(
        purge="the words of the search are removed when they name the customer; a value that was set is removed when"
        " the job ends",
        personal="query tag_name",
        plain=f"{JOB} actor action ids filter_count after_id changed skipped skipped_why",
    ),
    "customers.AccountBulkEdit": Table(
        purge=_NOBODY,
        plain=f"{JOB} actor action tag_name ids query filter_count after_id changed skipped skipped_why",
    ),
    # Feedback
    "feedback.Document": Table(
        purge="by choice deleted; or kept, with the author's fields emptied and the person's names, emails, phones,"
        " user IDs and handles blanked in title, body, custom fields, metadata, status and external ID",
        personal="title body author custom_fields metadata external_id status",
        derived="author_email content_digest search_vector tag_ids",
        plain="id body_format channel source customer link account state deleted_at anonymised_at occurred_at"
        " received_at updated_at",
        fates={"customer": Fate.CHOSEN},
    ),
    "feedback.DocumentTag": Table(
        purge="deleted with the document", plain="id document tag", fates={"document": Fate.DELETED}
    ),
    "feedback.DocumentEdit": Table(
        purge="the words of the search are removed when they name the customer; a value that was set is removed when"
        " the job ends",
        personal="query tag_name",
        plain=f"{JOB} actor action ids filter_count after_id changed skipped skipped_why",
    ),
    "feedback.LinkRule": Table(purge=_NOBODY, plain="id source subject path by key created_at"),
    "feedback.Linking": Table(purge=_NOBODY, plain=f"{JOB} source actor position_at position_id linked moved filed"),
    # Engagement
    "engagement.Message": Table(purge=_NOBODY, plain="id source message_id received_at"),
    "engagement.Survey": Table(purge=_NOBODY, plain="id name kind created_at"),
    "engagement.SurveyResponse": Table(
        purge="the score stays without the person: comment and external ID are emptied",
        personal="comment external_id",
        plain="id survey customer account document source score answered_at",
        fates={"customer": Fate.UNLINKED, "document": Fate.UNLINKED},
    ),
    "engagement.UsageEvent": Table(
        purge="stays with the account, without the person",
        plain="id account customer source external_id module activity occurred_at",
        fates={"customer": Fate.UNLINKED},
    ),
    "engagement.UsageDay": Table(purge=_NOBODY, plain="id account on module count"),
    "engagement.Campaign": Table(purge=_NOBODY, plain="id name goal created_at"),
    "engagement.Delivery": Table(
        purge=_GOES,
        plain="id campaign customer source sent_at viewed_at engaged_at goal_reached_at",
        fates={"customer": Fate.DELETED},
    ),
    # Integrations
    "integrations.Import": Table(
        purge="the values sampled from the file are removed, and the file of an import that has ended",
        personal="layout plan file",
        plain=f"{JOB} kind name file_bytes encoding source uploaded_by position row created_count updated_count"
        " unchanged_count suppressed_count failed_count file_deleted_at",
    ),
    "integrations.RowError": Table(
        purge="cells and message of a row that names the customer are emptied",
        personal="cells message",
        plain="id job row column",
    ),
    "integrations.ImportMapping": Table(purge=_NOBODY, plain="id name plan saved_at"),
    "integrations.ApiKey": Table(
        purge=_NOBODY,
        plain="id kind name source scopes team rate_limit replaces secret_hash created_at expires_at"
        " revoked_at last_used_at",
    ),
    "integrations.Integration": Table(
        purge=_NOBODY, plain="id source mapping allowed_origins site_key inbox_hash created_at closed_at"
    ),
    "integrations.Delivery": Table(
        purge=_NOBODY,
        plain="id source key via operation status code message received_at took_ms record_count created_count"
        " updated_count unchanged_count suppressed_count rejected_count replay_of facts bodies_gone_at",
    ),
    "integrations.DeliveryRecord": Table(
        purge="emptied where the record is about the customer, or names them",
        personal="external_id message body",
        plain="id delivery place status code field customer_id account_id document_id replayed_at",
    ),
    "outgoing.Endpoint": Table(
        purge=_NOBODY,
        plain="id name url events secret old_secret old_secret_until created_at paused_at failures resting_until"
        " failing_since delivered_at lease_token lease_until",
    ),
    "outgoing.Delivery": Table(  # what is sent is made when it is sent
        purge="nothing: it holds numbers of customers and documents, and forgets them by itself",
        plain="id endpoint event subject subject_id facts cause message_id status attempt_count created_at retry_since"
        " next_attempt_at finished_at",
    ),
    "outgoing.Attempt": Table(purge=_NOBODY, plain="id delivery at took_ms code problem"),
    "integrations.DeliveryHour": Table(purge=_NOBODY, plain="id source at requests refused records rejected"),
    "integrations.Replay": Table(
        purge=_NOBODY, plain=f"{JOB} integration delivery actor after_id up_to accepted rejected"
    ),
    # Retention
    "retention.Purge": Table(
        purge=_NOBODY,
        plain=f"{JOB} subject ids documents suppress reason actor position deleted_count skipped_count skipped_why"
        " counts",
    ),
    "retention.Policy": Table(
        purge=_NOBODY, plain="id kind channel enabled keep at suppress documents next_run_at checked_at"
    ),
    "retention.Run": Table(
        purge=_NOBODY,
        plain=f"{JOB} policy actor cutoff suppress documents brake approved_at approved_by after_at after_id purge_id"
        " deleted skipped skipped_why",
    ),
    # Accounts and properties
    "accounts.Account": Table(
        purge="nothing: it is about an organisation",
        plain="id name sort_name external_id state properties provenance deleted_at legal_hold created_at updated_at"
        " version",
    ),
    "accounts.Team": Table(purge=_NOBODY, plain="id name reach definition operator value created_at"),
    "accounts.TeamAccount": Table(purge=_NOBODY, plain="id team account"),
    "accounts.TeamMember": Table(purge=_STAFF, plain="id team user"),
    "accounts.VisibleAccount": Table(purge=_NOBODY, plain="id team account"),
    "properties.Definition": Table(
        purge=_NOBODY, plain="id subject key label type choices personal is_key position created_at"
    ),
    "properties.PropertyRewrite": Table(
        purge=_NOBODY, plain=f"{JOB} action definition into label actor changed unfit walks"
    ),
    # Audit log
    "audit.Source": Table(purge=_NOBODY, plain="id name kind created_at last_received_at"),
    "audit.Entry": Table(
        purge="nothing: who did what when to which number stays, and holds nothing personal of the customer",
        plain="id at actor source on_behalf_of via verb subject_type subject_id facts",
    ),
    "audit.Change": Table(
        purge="the values are emptied, the names of the fields stay",
        personal="before after",
        plain="id entry table row_id operation customer_id document_id account_id",
    ),
    # REST API
    "api.Answer": Table(
        purge="deleted with the customer; after a day in any case",
        personal="body",
        plain="id key idempotency_key digest begun_at status customer",
        fates={"customer": Fate.DELETED},
    ),
    # Staff
    "staff.User": Table(
        purge="the login of a customer is deleted with them; the others are colleagues",
        personal="email name password last_login",
        plain="id is_superuser role is_active is_staff team_ids joined_at theme time_zone times shortcuts groups"
        " user_permissions",
    ),
    "staff.Impersonation": Table(
        purge="the reason is emptied when the customer who was impersonated is deleted",
        personal="reason",
        plain="id staff target mode session_digest return_to started_at ends_at ended_at",
    ),
    "staff.SignInRules": Table(purge=_NOBODY, plain="id two_factor_required"),
    "staff.FailedSignIn": Table(purge=_STAFF, derived="key", plain="id at"),
    "staff.Session": Table(
        purge="the sessions of a customer's login are deleted with it; the others are colleagues'",
        personal="session_data device address began_at seen_at",
        plain="session_key expire_date user",
    ),
    # Of the framework
    "admin.LogEntry": Table(
        purge="deleted where it is about the customer",
        personal="object_repr change_message",
        plain="id action_time user content_type object_id action_flag",
    ),
    "auth.Permission": Table(purge=_NOBODY, plain="id name content_type codename"),
    "auth.Group": Table(purge=_NOBODY, plain="id name permissions"),
    "contenttypes.ContentType": Table(purge=_NOBODY, plain="id app_label model"),
    "account.EmailAddress": Table(purge=_STAFF, personal="email", plain="id user verified primary"),
    "account.EmailConfirmation": Table(purge=_STAFF, plain="id email_address created sent key"),
    "mfa.Authenticator": Table(
        purge="those of a customer's login are deleted with it; the others are colleagues'",
        personal="data created_at last_used_at",
        plain="id user type",
    ),
    "staff.SecondFactor": Table(purge="it is mfa.Authenticator"),
    "socialaccount.SocialApp": Table(purge=_NOBODY, plain="id provider provider_id name client_id secret key settings"),
    "socialaccount.SocialAccount": Table(
        purge=_STAFF, personal="uid extra_data last_login date_joined", plain="id user provider"
    ),
    "staff.SingleSignOn": Table(purge="it is socialaccount.SocialAccount"),
    "socialaccount.SocialToken": Table(
        purge="nothing: no row is ever written", plain="id app account token token_secret expires_at"
    ),
}
SUBJECTS = ("customers.Customer", "feedback.Document")


def lines() -> Iterator[Line]:
    """Every field of every model with what is declared of it, app by app."""
    for model in apps.get_models():
        label = model._meta.label
        table = TABLES[label]
        kinds = table.kinds()
        for one in fields_of(model):
            kind = kinds.get(one.name)
            if kind is None:
                continue
            does = table.purge if kind == Kind.PERSONAL else "goes with what it follows from"
            yield Line(label, model._meta.db_table, one.name, kind, does if kind != Kind.PLAIN else "")


def problems() -> Iterator[tuple[str, str]]:
    """What the inventory lacks or has too much, as (model, sentence)."""
    models_there = {model._meta.label: model for model in apps.get_models()}
    for label, model in models_there.items():
        table = TABLES.get(label)
        if table is None:
            yield label, f"The table {label} is not declared."
            continue
        kinds = table.kinds()
        there = {one.name: one for one in fields_of(model)}
        for name in there.keys() - kinds.keys():
            yield label, f"The field {label}.{name} is not declared."
        for name in kinds.keys() - there.keys():
            yield label, f"The field {label}.{name} is declared and does not exist."
        for name, one in there.items():
            if _points_at_a_subject(one) and name not in table.fates:
                yield label, f"The relation {label}.{name} leads to {one.related_model._meta.label}: decide its fate."
    for label in TABLES.keys() - models_there.keys():
        yield label, f"The table {label} is declared and does not exist."


def fields_of(model: type[models.Model]) -> list[Any]:
    return [*model._meta.local_fields, *model._meta.local_many_to_many]


def relations(subject: str, fate: Fate) -> Iterator[tuple[type[models.Model], str]]:
    """The (model, field) pairs that point at `subject` (a label) and share this fate, parts of others first."""
    for model in apps.get_models():
        label = model._meta.label
        for name, decided in TABLES[label].fates.items():
            related = model._meta.get_field(name).related_model
            if decided == fate and label != subject and related and related._meta.label == subject:
                yield model, name


def _points_at_a_subject(one: Any) -> bool:
    return bool(one.is_relation and one.related_model and one.related_model._meta.label in SUBJECTS)
