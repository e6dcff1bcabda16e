"""Two-factor authentication (8.1): who has it, who must, and how its secrets are kept.

allauth does the work: authenticator apps, passkeys, recovery codes. The secrets of apps and recovery codes are
encrypted with a key made of SECRET_KEY, which the database does not hold: a copy of it alone lets nobody sign in.
"""

from base64 import urlsafe_b64encode
from typing import Any

import qrcode
import structlog
from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, generate_totp_secret, hotp_value
from allauth.mfa.totp.internal.auth import yield_hotp_counters_from_time as counters
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare, salted_hmac
from qrcode.image.svg import SvgPathFillImage

from staff.models import Role, SignInRules, User

logger = structlog.get_logger(__name__)

MAIN = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
USED = "used_counter"  # in an app's data: the last half minute whose code signed in


class TwoFactorAdapter(DefaultMFAAdapter):
    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": "This code is not right. Enter the one that is shown now",
        "passkey": "This passkey was not accepted. Try again, or use another way",
        "cannot_delete_authenticator": "Your team requires two-factor authentication. Add another factor first",
    }

    def encrypt(self, text: str) -> str:
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """After SECRET_KEY was lost no code fits: an admin resets the colleague's factors."""
        try:
            return _cipher().decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            logger.error("A second factor cannot be read: SECRET_KEY is not the one that it was kept with.")
            return generate_totp_secret()

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        others = Authenticator.objects.filter(user=authenticator.user_id, type__in=MAIN).exclude(pk=authenticator.pk)
        return not must_have(authenticator.user) or others.exists()

    def generate_authenticator_name(self, user: Any, type: Authenticator.Type) -> str:
        number = Authenticator.objects.filter(user=user, type=type).count() + 1
        return "Passkey" if number == 1 else f"Passkey {number}"

    def build_totp_svg(self, url: str) -> str:
        """The QR code with its own white ground: readers want it also where the page is dark."""
        return str(qrcode.make(url, image_factory=SvgPathFillImage, border=2).to_string(encoding="unicode"))

    def _get_site_name(self) -> str:
        return "Roster"


def _cipher() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = [salted_hmac("staff.second_factor", "key", secret=key, algorithm="sha256").digest() for key in keys]
    return MultiFernet([Fernet(urlsafe_b64encode(digest)) for digest in digests])


def is_required() -> bool:
    """Whether an admin requires it of all staff."""
    return SignInRules.objects.filter(two_factor_required=True).exists()


def must_have(user: User) -> bool:
    return user.role != Role.PORTAL and is_required()


def has_one(user: User) -> bool:
    return Authenticator.objects.filter(user=user, type__in=MAIN).exists()


def must_enrol(request: HttpRequest, user: User) -> bool:
    """Whether `user`, who is about to be signed in, has to set it up first. Who asks single sign-on trusts its own."""
    records = get_authentication_records(request, user)
    by_single_sign_on = any(record.get("method") == "socialaccount" for record in records)
    return must_have(user) and not by_single_sign_on and not has_one(user)


@transaction.atomic
def accepted(user: User, code: str) -> Authenticator | None:
    """The app or the recovery codes of `user` that this is a code of; each code is accepted once."""
    code = "".join(code.split())
    for factor in Authenticator.objects.select_for_update().filter(user=user).order_by("pk"):
        if factor.type == Authenticator.Type.TOTP and _fits(factor, code):
            return factor
        if factor.type == Authenticator.Type.RECOVERY_CODES and factor.wrap().validate_code(code):
            return factor
    return None


def _fits(factor: Authenticator, code: str) -> bool:
    secret = TwoFactorAdapter().decrypt(factor.data["secret"])
    for counter in counters():
        fits = constant_time_compare(code, format_hotp_value(hotp_value(secret, counter)))
        if fits and counter > factor.data.get(USED, -1):
            factor.data[USED] = counter
            factor.save(update_fields=["data"])
            return True
    return False


def reset(user: User) -> int:
    """Takes every second factor of `user` away, for somebody who lost them; how many there were."""
    return Authenticator.objects.filter(user=user).delete()[0]
