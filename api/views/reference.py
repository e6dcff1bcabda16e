"""What there is: the OpenAPI document, a page to try it, and an error as JSON for every other address."""

import secrets

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from api.openapi import document
from api.trying import groups
from integrations.answers import Refused, answer, refusal
from staff.permissions import public


@public
@require_safe
def openapi(request: HttpRequest) -> HttpResponse:
    """The OpenAPI 3.1 document, which names nothing of anybody."""
    return answer(document())


@public
@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Every call as a form; whoever has a key types it in."""
    return render(request, "api/docs.html", {"groups": groups()})


@public
@csrf_exempt
def nothing(request: HttpRequest) -> HttpResponse:
    """No call has this address."""
    refused = Refused(404, "not_found", "There is no such call. See /api/v1/docs.")
    return refusal(request, refused, f"r_{secrets.token_hex(6)}")
