from django.urls import path

from customers.views import tags

app_name = "tags"

urlpatterns = [
    path("", tags.tags, name="list"),
    path("new/", tags.new, name="new"),
    path("rewrites/<int:pk>/", tags.rewrite, name="rewrite"),
    path("<int:pk>/edit/", tags.edit, name="edit"),
    path("<int:pk>/merge/", tags.merge, name="merge"),
    path("<int:pk>/delete/", tags.delete, name="delete"),
]
