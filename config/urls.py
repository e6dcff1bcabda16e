"""Every address of Roster (contracts.md 9), each app's under its own namespace."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from core.views import health
from integrations.views import widget
from staff.views import signing_in

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("", include("dashboard.urls")),
    path("", include("staff.urls")),
    path("", include("staff.urls_sign_in")),
    path("", include("retention.urls")),
    path("", include("portal.urls_impersonation")),
    path("portal/", include("portal.urls")),
    path("customers/", include("customers.urls")),
    path("accounts/", include("customers.accounts.urls")),
    path("accounts/", include("feedback.urls_accounts")),
    path("documents/", include("feedback.urls")),
    path("segments/", include("customers.urls_segments")),
    path("surveys/", include("engagement.urls")),
    path("", include("engagement.urls_usage")),
    path("campaigns/", include("engagement.urls_campaigns")),
    path("imports/", include("integrations.urls_imports")),
    path("integrations/", include("integrations.urls")),
    path("integrations/<int:pk>/link-rules/", include("integrations.urls_link_rules")),
    path("intake/", include("integrations.urls_intake")),
    path("webhook/", include("integrations.urls_webhooks")),
    path("", include("integrations.urls_census")),
    path("v1/", include("integrations.urls_tracking")),
    path("widget.js", widget.script, name="widget_script"),
    path("", include("api.urls_mcp")),
    path("integrations/webhooks/", include("outgoing.urls")),
    path("api/v1/", include("api.urls")),
    path("audit/", include("audit.urls")),
    path("retention/", include("retention.urls_policies")),
    path("settings/staff/", include("colleagues.urls")),
    path("settings/properties/", include("properties.urls")),
    path("settings/teams/", include("accounts.urls_teams")),
    path("settings/tags/", include("customers.urls_tags")),
    path("admin/login/", signing_in.to_sign_in),  # the admin's own form knows no second factor and no lockout
    path("admin/", admin.site.urls),
]

handler400 = "core.views.errors.bad_request"
handler403 = "core.views.errors.permission_denied"
handler404 = "core.views.errors.not_found"
handler429 = "core.views.errors.too_many_requests"  # allauth's limits
handler500 = "core.views.errors.server_error"
