from django.urls import path

from integrations.views import intake, widget

app_name = "intake"

urlpatterns = [
    path("feedback", intake.feedback, name="feedback"),
    path("email/<str:secret>", intake.email, name="email"),
    path("widget/<str:site_key>", widget.widget, name="widget"),
]
