from django.urls import path

from integrations.views import webhooks

app_name = "webhook"

urlpatterns = [
    path("users/custom", webhooks.users, name="users"),
    path("accounts/custom", webhooks.accounts, name="accounts"),
]
