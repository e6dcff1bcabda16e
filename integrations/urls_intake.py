from django.urls import path

from integrations.views import intake

app_name = "intake"

urlpatterns = [path("feedback", intake.feedback, name="feedback")]
