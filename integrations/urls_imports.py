from django.urls import path

from integrations.views import imports

app_name = "imports"
urlpatterns = [
    path("", imports.index, name="list"),
    path("new/", imports.new, name="new"),
    path("<int:pk>/", imports.detail, name="detail"),
    path("<int:pk>/map/", imports.map_columns, name="map"),
    path("<int:pk>/preview/", imports.preview_rows, name="preview"),
    path("<int:pk>/cancel/", imports.cancel, name="cancel"),
    path("<int:pk>/again/", imports.again, name="again"),
    path("<int:pk>/errors.csv", imports.errors, name="errors"),
]
