from django.urls import path

from properties.views import definitions

app_name = "properties"

urlpatterns = [
    path("", definitions.definitions, name="list"),
    path("new/", definitions.new, name="new"),
    path("<int:pk>/edit/", definitions.edit, name="edit"),
    path("<int:pk>/move/", definitions.move, name="move"),
    path("<int:pk>/merge/", definitions.merge, name="merge"),
    path("<int:pk>/delete/", definitions.delete, name="delete"),
    path("rewrites/<int:pk>/", definitions.rewrite, name="rewrite"),
]
