from django.urls import path

from retention.views import export, permanent_deletion, receipts, suppressions

app_name = "retention"

urlpatterns = [
    path("customers/<int:pk>/permanent-deletion/", permanent_deletion.confirm, name="permanent_deletion"),
    path("customers/<int:pk>/export/", export.download, name="export"),
    path("retention/suppressions/", suppressions.index, name="suppressions"),
    path("retention/receipts/", receipts.index, name="receipts"),
    path("retention/receipts/<int:pk>/", receipts.detail, name="receipt"),
    path("retention/receipts/<int:pk>/download/", receipts.download, name="download_receipt"),
    path("retention/receipts/<int:pk>/again/", receipts.again, name="purge_again"),
]
