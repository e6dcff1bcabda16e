from django.urls import path

from customers.views.following import following
from feedback.views import bulk, customer, deleting, detail, drawer, filters, groups, listing, timeline

app_name = "documents"

urlpatterns = [
    path("", listing.documents, name="list"),
    path("count/", listing.count, name="count"),
    path("groups/", groups.groups, name="groups"),
    path("filter/<slug:kind>/", filters.choose, name="filter"),
    path("export/", bulk.export, name="export"),
    path("bulk/", bulk.act, name="bulk"),
    path("bulk/<int:pk>/", bulk.progress, name="bulk_edit"),
    path("bulk/<int:entry_id>/undo/", bulk.undo, name="undo_bulk"),
    path("of/<int:customer_id>/", following(timeline.timeline, name="customer_id"), name="of_customer"),
    path("<int:pk>/", detail.detail, name="detail"),
    path("<int:pk>/delete/", deleting.delete, name="delete"),
    path("<int:pk>/restore/", deleting.restore, name="restore"),
    path("deletions/<int:entry_id>/undo/", deleting.undo, name="undo_delete"),
    path("<int:pk>/status/", detail.status, name="status"),
    path("<int:pk>/tags/", detail.tag, name="tag"),
    path("<int:pk>/tags/<int:tag_id>/remove/", detail.untag, name="untag"),
    path("<int:pk>/customer/", drawer.drawer, name="customer"),
    path("<int:pk>/customer/properties/", drawer.properties, name="customer_properties"),
    path("<int:pk>/customer/add/", customer.add, name="add_customer"),
    path("<int:pk>/customer/new/", customer.new, name="new_customer"),
    path("<int:pk>/customer/new/known/", customer.known_email, name="known_email"),
    path("<int:pk>/customer/remove/", customer.remove, name="remove_customer"),
    path("<int:pk>/customer/undo/", customer.undo, name="undo_customer"),
]
