from django.urls import path

from outgoing.views import endpoints

app_name = "outgoing"

urlpatterns = [
    path("", endpoints.index, name="list"),
    path("new/", endpoints.new, name="new"),
    path("<int:pk>/", endpoints.detail, name="detail"),
    path("<int:pk>/edit/", endpoints.edit, name="edit"),
    path("<int:pk>/rotate/", endpoints.rotate, name="rotate"),
    path("<int:pk>/pause/", endpoints.pause, name="pause"),
    path("<int:pk>/resume/", endpoints.resume, name="resume"),
    path("<int:pk>/test/", endpoints.send_test, name="test"),
    path("<int:pk>/replay/", endpoints.replay, name="replay"),
    path("<int:pk>/delete/", endpoints.delete, name="delete"),
    path("<int:pk>/deliveries/<int:delivery_id>/", endpoints.delivery, name="delivery"),
    path("<int:pk>/deliveries/<int:delivery_id>/replay/", endpoints.replay_one, name="replay_one"),
]
