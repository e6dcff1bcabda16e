from django.urls import path

from customers.views.following import following
from engagement.views import account_scores, exports, survey_pages, surveys

app_name = "surveys"

urlpatterns = [
    path("", survey_pages.index, name="list"),
    path("<int:pk>/", survey_pages.detail, name="detail"),
    path("<int:pk>/export/", exports.answers, name="export"),
    path("of/<int:customer_id>/", following(surveys.of_customer, name="customer_id"), name="of_customer"),
    path("of-account/<int:pk>/", account_scores.of_account, name="of_account"),
]
