"""Every address of Roster (contracts.md 9), each app's under its own namespace."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from core.views import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("", include("dashboard.urls")),
    path("", include("staff.urls")),
    path("", include("retention.urls")),
    path("customers/", include("customers.urls")),
    path("documents/", include("feedback.urls")),
    path("surveys/", include("engagement.urls")),
    path("imports/", include("integrations.urls_imports")),
    path("intake/", include("integrations.urls_intake")),
    path("audit/", include("audit.urls")),
    path("retention/", include("retention.urls_policies")),
    path("settings/properties/", include("properties.urls")),
    path("settings/tags/", include("customers.urls_tags")),
    path("admin/", admin.site.urls),
]

handler400 = "core.views.errors.bad_request"
handler403 = "core.views.errors.permission_denied"
handler404 = "core.views.errors.not_found"
handler429 = "core.views.errors.too_many_requests"  # allauth's limits
handler500 = "core.views.errors.server_error"
