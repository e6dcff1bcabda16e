"""The step of signing in that allauth does not have: setting up two-factor authentication because the rules say so.

Until it is done nobody is signed in. No page has to ask whether whoever opens it has a second factor.
"""

from allauth.account.stages import LoginStage
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse

from staff.second_factor import must_enrol


class EnrolStage(LoginStage):
    key = "enrol"
    urlname = "two_factor_enrol"

    def handle(self) -> tuple[HttpResponse | None, bool]:
        if self.login.user is None or not must_enrol(self.request, self.login.user):
            return None, True
        return HttpResponseRedirect(reverse(self.urlname)), True
