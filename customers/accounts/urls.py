from django.urls import path

from customers.accounts.views import contacts, create, edit, page, standing
from customers.accounts.views import list as accounts

app_name = "accounts"

urlpatterns = [
    # The list
    path("", accounts.show, name="list"),
    path("count/", accounts.count, name="count"),
    path("filters/<str:kind>/", accounts.choose, name="filter"),
    path("bulk/", accounts.act, name="bulk"),
    path("bulk/<int:pk>/", accounts.progress, name="bulk_edit"),
    path("bulk/<int:entry_id>/undo/", accounts.undo, name="undo_bulk"),
    path("export/", accounts.export, name="export"),
    path("export/members/", accounts.export_members, name="export_members"),
    path("new/", create.new, name="new"),
    # One account
    path("<int:pk>/", page.detail, name="detail"),
    path("<int:pk>/contacts/", contacts.contacts, name="contacts"),
    path("<int:pk>/contacts/new/", contacts.add, name="add_contact"),
    path("<int:pk>/contacts/<int:membership_id>/", contacts.role, name="role"),
    path("<int:pk>/customers/", page.customers, name="customers"),
    path("<int:pk>/activity/", page.activity, name="activity"),
    path("<int:pk>/name/", edit.rename, name="rename"),
    path("<int:pk>/account-id/", edit.identify, name="identify"),
    path("<int:pk>/properties/", edit.add_property, name="properties"),
    path("<int:pk>/properties/<str:key>/", edit.edit_property, name="property"),
    path("<int:pk>/properties/<str:key>/remove/", edit.remove_property, name="remove_property"),
    path("<int:pk>/properties/<str:key>/reset/", edit.reset_property, name="reset_property"),
    path("<int:pk>/delete/", standing.delete, name="delete"),
    path("<int:pk>/restore/", standing.restore, name="restore"),
    path("<int:pk>/legal-hold/", standing.legal_hold, name="legal_hold"),
    path("deletions/<int:entry_id>/undo/", standing.undo, name="undo_delete"),
]
