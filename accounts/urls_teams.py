from django.urls import path

from accounts.views import teams

app_name = "teams"
urlpatterns = [
    path("", teams.index, name="list"),
    path("new/", teams.new, name="new"),
    path("<int:pk>/", teams.detail, name="detail"),
    path("<int:pk>/edit/", teams.edit, name="edit"),
    path("<int:pk>/delete/", teams.delete, name="delete"),
    path("<int:pk>/accounts/", teams.choose, name="choose"),
    path("<int:pk>/accounts/<int:account_id>/remove/", teams.leave_out, name="leave_out"),
    path("<int:pk>/members/", teams.add_member, name="add_member"),
    path("<int:pk>/members/<int:user_id>/remove/", teams.remove_member, name="remove_member"),
]
