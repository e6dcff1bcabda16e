from django.urls import path

from customers.views import segments

app_name = "segments"

urlpatterns = [
    path("", segments.index, name="list"),
    path("new/", segments.new, name="new"),
    path("names/", segments.options, name="options"),
    path("<int:pk>/", segments.detail, name="detail"),
    path("<int:pk>/count/", segments.count, name="count"),
    path("<int:pk>/rename/", segments.rename, name="rename"),
    path("<int:pk>/delete/", segments.delete, name="delete"),
    path("<int:pk>/add/", segments.add, name="add"),
    path("<int:pk>/remove/", segments.remove, name="remove"),
]
