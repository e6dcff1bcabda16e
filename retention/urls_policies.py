from django.urls import path

from retention.views import policies

app_name = "policies"

urlpatterns = [
    path("", policies.show, name="list"),
    path("policies/<int:pk>/", policies.policy, name="policy"),
    path("policies/<int:pk>/due/", policies.due, name="due"),
    path("policies/<int:pk>/run/", policies.run_now, name="run_now"),
    path("runs/<int:pk>/", policies.run, name="run"),
    path("runs/<int:pk>/approve/", policies.approve, name="approve"),
    path("runs/<int:pk>/cancel/", policies.cancel, name="cancel"),
    path("runs/<int:pk>/again/", policies.again, name="again"),
]
