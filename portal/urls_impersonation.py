"""Below the pages of customers and accounts, and the way back."""

from django.urls import path

from portal.views import impersonation

app_name = "impersonation"

urlpatterns = [
    path("customers/<int:pk>/impersonate/", impersonation.of_customer, name="of_customer"),
    path("accounts/<int:pk>/impersonate/", impersonation.of_account, name="of_account"),
    path("portal/impersonation/end/", impersonation.end, name="end"),
]
