from django.urls import path

from customers.views.following import following
from retention.views import (
    export,
    permanent_deletion,
    permanent_deletion_of_account,
    permanent_deletion_of_many,
    receipts,
    suppressions,
)

app_name = "retention"

urlpatterns = [
    path("customers/<int:pk>/permanent-deletion/", following(permanent_deletion.confirm), name="permanent_deletion"),
    path(
        "accounts/<int:pk>/permanent-deletion/",
        permanent_deletion_of_account.confirm,
        name="permanent_deletion_of_account",
    ),
    path("customers/permanent-deletion/", permanent_deletion_of_many.customers, name="purge_customers"),
    path("documents/permanent-deletion/", permanent_deletion_of_many.documents, name="purge_documents"),
    path("customers/<int:pk>/export/", following(export.download), name="export"),
    path("retention/suppressions/", suppressions.index, name="suppressions"),
    path("retention/receipts/", receipts.index, name="receipts"),
    path("retention/receipts/<int:pk>/", receipts.detail, name="receipt"),
    path("retention/receipts/<int:pk>/download/", receipts.download, name="download_receipt"),
    path("retention/receipts/<int:pk>/again/", receipts.again, name="purge_again"),
]
