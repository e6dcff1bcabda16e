from django.urls import path

from customers.views import (
    bulk,
    create,
    deleting,
    duplicates,
    edit,
    export,
    filters,
    identifiers,
    legal_hold,
    memberships,
    merge,
    notes,
    profile,
    properties,
    tags_on,
)
from customers.views import list as customers
from customers.views.following import following

app_name = "customers"

urlpatterns = [
    # The list
    path("", customers.show, name="list"),
    path("count/", customers.count, name="count"),
    path("filters/<str:kind>/", filters.edit, name="filter"),
    path("bulk/", bulk.act, name="bulk"),
    path("bulk/tags/", bulk.tag_options, name="tag_options"),
    path("bulk/properties/<str:subject>/", bulk.property_form, name="bulk_property"),
    path("bulk/<int:pk>/", bulk.progress, name="bulk_edit"),
    path("bulk/<int:entry_id>/undo/", bulk.undo, name="undo_bulk"),
    path("export/", export.download, name="export"),
    # Adding customers
    path("new/", create.new, name="new"),
    path("accounts/", memberships.suggestions, name="account_suggestions"),
    # One customer
    path("<int:pk>/", following(profile.detail), name="detail"),
    path("<int:pk>/delete/", deleting.delete, name="delete"),
    path("<int:pk>/restore/", deleting.restore, name="restore"),
    path("<int:pk>/legal-hold/", following(legal_hold.legal_hold), name="legal_hold"),
    path("deletions/<int:entry_id>/undo/", deleting.undo, name="undo_delete"),
    path("<int:pk>/edit/", following(edit.edit), name="edit"),
    path("<int:pk>/identifiers/", following(identifiers.add), name="identifiers"),
    path("<int:pk>/identifiers/<int:identifier_id>/", following(identifiers.change), name="identifier"),
    path("<int:pk>/identifiers/<int:identifier_id>/remove/", identifiers.remove, name="remove_identifier"),
    path("<int:pk>/identifiers/<int:identifier_id>/restore/", identifiers.restore, name="restore_identifier"),
    path("<int:pk>/identifiers/<int:identifier_id>/primary/", identifiers.make_primary, name="make_primary"),
    path("<int:pk>/properties/", following(properties.add), name="properties"),
    path("<int:pk>/properties/<str:key>/", following(properties.edit), name="property"),
    path("<int:pk>/properties/<str:key>/remove/", properties.remove, name="remove_property"),
    path("<int:pk>/properties/<str:key>/restore/", properties.restore, name="restore_property"),
    path("<int:pk>/properties/<str:key>/reset/", properties.reset, name="reset_property"),
    path("<int:pk>/tags/", following(tags_on.add), name="tags"),
    path("<int:pk>/tags/suggestions/", following(tags_on.suggestions), name="tag_suggestions"),
    path("<int:pk>/tags/<int:tag_id>/remove/", tags_on.remove, name="remove_tag"),
    path("<int:pk>/tags/<int:tag_id>/restore/", tags_on.restore, name="restore_tag"),
    path("<int:pk>/notes/", following(notes.notes), name="notes"),
    path("<int:pk>/notes/<int:note_id>/", following(notes.edit), name="note"),
    path("<int:pk>/notes/<int:note_id>/pin/", notes.pin, name="pin_note"),
    path("<int:pk>/notes/<int:note_id>/delete/", notes.delete, name="delete_note"),
    path("<int:pk>/notes/<int:note_id>/restore/", notes.restore, name="restore_note"),
    path("<int:pk>/memberships/", following(memberships.add), name="memberships"),
    path("<int:pk>/memberships/<int:membership_id>/remove/", memberships.remove, name="remove_membership"),
    path("<int:pk>/memberships/<int:membership_id>/primary/", memberships.make_primary, name="make_primary_account"),
    path("<int:pk>/memberships/<int:membership_id>/contact/", memberships.set_contact, name="set_contact"),
    path(
        "<int:pk>/memberships/<int:membership_id>/attributes/", following(memberships.add_attribute), name="attributes"
    ),
    path(
        "<int:pk>/memberships/<int:membership_id>/attributes/<str:key>/",
        following(memberships.attribute),
        name="attribute",
    ),
    path(
        "<int:pk>/memberships/<int:membership_id>/attributes/<str:key>/clear/",
        memberships.clear,
        name="clear_attribute",
    ),
    # Merging
    path("merge/", merge.selected, name="merge_selected"),
    path("<int:pk>/merge/", following(merge.merge), name="merge"),
    path("merges/<int:pk>/undo/", merge.undo, name="undo_merge"),
    # Duplicates
    path("duplicates/", duplicates.show, name="duplicates"),
    path("duplicates/<int:pk>/dismiss/", duplicates.dismiss, name="dismiss_duplicate"),
]
