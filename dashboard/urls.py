from django.urls import path

from dashboard.views import overview, palette, search

app_name = "dashboard"

urlpatterns = [
    path("", overview.overview, name="overview"),
    path("search", search.search, name="search"),
    path("search/<str:kind>/count", search.count, name="search_count"),
    path("palette", palette.palette, name="palette"),
]
