from django.urls import path

from feedback.views import account

app_name = "account_feedback"

urlpatterns = [
    path("<int:pk>/feedback/", account.feedback, name="list"),
    path("<int:pk>/channels/", account.channels, name="channels"),
]
