from django.urls import path

from colleagues.views import detail, listing

app_name = "colleagues"

urlpatterns = [
    path("", listing.colleagues, name="list"),
    path("invite/", listing.invite, name="invite"),
    path("two-factor/", listing.two_factor, name="two_factor"),
    path("roles/", listing.roles, name="roles"),
    path("<int:pk>/", detail.colleague, name="detail"),
    path("<int:pk>/invite/", detail.invite_again, name="invite_again"),
    path("<int:pk>/deactivate/", detail.deactivate, name="deactivate"),
    path("<int:pk>/reactivate/", detail.reactivate, name="reactivate"),
    path("<int:pk>/second-factors/reset/", detail.reset_second_factors, name="reset_second_factors"),
    path("<int:pk>/sign-out/", detail.sign_out, name="sign_out"),
]
