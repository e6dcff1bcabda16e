"""With which user a customer signs in to the portal (9). A login that exists never changes its name or password."""

from datetime import datetime

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from audit.actor import Actor
from core.retrying import retrying
from core.text import problem, tidy
from customers.editing import edited
from customers.identifying import Identity, identity
from customers.models import Customer, Identifier, Login
from staff.models import Role, User

NAME_LIMIT = User._meta.get_field("name").max_length or 150


class StaffEmail(ValidationError):
    """The email is that of a member of staff, who never signs in as a customer."""

    def __init__(self) -> None:
        super().__init__("A member of staff signs in with this email. Enter another one.", code="staff_email")


class AnotherSignsIn(ValidationError):
    """A different customer signs in with this email; `login` is theirs."""

    def __init__(self, login: Login) -> None:
        super().__init__("Another customer signs in with this email. Enter another one.", code="another_signs_in")
        self.login = login


def find_login(email: str) -> Login | None:
    """The login with this email, else that of the customer whose email it is. Raises ValidationError when malformed."""
    one = identity(Identifier.Kind.EMAIL, email)
    user = _user_of(one)
    if user is not None:
        return Login.objects.select_related("user", "customer").filter(user=user).first()
    theirs = Login.objects.select_related("user", "customer")
    return theirs.filter(customer__identifiers__kind=one.kind, customer__identifiers__normalized=one.normalized).first()


def signs_in_as_staff(email: str) -> bool:
    """Whether this is the email of a member of staff. Raises ValidationError when malformed."""
    user = _user_of(identity(Identifier.Kind.EMAIL, email))
    return user is not None and user.role != Role.PORTAL


def clean_login_name(name: str) -> str:
    """The name as stored. Raises ValidationError."""
    fault = problem(name, limit=NAME_LIMIT)
    if fault:
        raise ValidationError(fault, code="invalid_name")
    return tidy(name)


def clean_password(password: str, *, email: str, name: str = "") -> str:
    """Raises ValidationError when it is too easy to guess."""
    fault = problem(password, limit=1_000)
    if fault:
        raise ValidationError(fault, code="invalid_password")
    validate_password(password, User(email=email, name=name))
    return password


@retrying
def give_login(
    customer: Customer, *, email: str, name: str, password: str | None = None, actor: Actor,
    now: datetime | None = None,
) -> Login:  # fmt: skip
    """The customer's login: the one there is, untouched, else a new one with an email of theirs.

    Without a password nobody can sign in with it until they were invited to choose one. Raises ValidationError
    (StaffEmail, AnotherSignsIn among them) and NotActive.
    """
    one = identity(Identifier.Kind.EMAIL, email)
    hashed = _hashed(password, email=one.value, name=name)
    with edited(customer, "login.given", actor=actor, version=None, now=now, identities=[one]) as (locked, entry):
        login = Login.objects.select_related("user").filter(customer=locked).first()
        if login is not None:
            entry.discard()
            return login
        return add_login(locked, one, name=name, hashed=hashed)


def add_login(customer: Customer, email: Identity, *, name: str, hashed: str) -> Login:
    """A login for a locked customer who has none, inside the caller's audit entry. Raises as `give_login`."""
    if not customer.identifiers.filter(kind=email.kind, normalized=email.normalized).exists():
        raise ValidationError("This is no email of this customer. Add it to the profile first.", code="not_theirs")
    user = _user_of(email)
    if user is not None:
        if user.role != Role.PORTAL:
            raise StaffEmail
        other = Login.objects.filter(user=user).first()
        if other is not None:
            raise AnotherSignsIn(other)
        raise ValidationError("Somebody signs in with this email already. Enter another one.", code="taken")
    user = User(email=email.value, name=clean_login_name(name) or customer.display_name[:NAME_LIMIT], role=Role.PORTAL)
    user.password = hashed
    user.save()
    return Login.objects.create(customer=customer, user=user)


@retrying
def take_login(customer: Customer, *, actor: Actor, now: datetime | None = None) -> bool:
    """Takes the customer's login away, and with it the user, who is signed out everywhere; whether there was one."""
    with edited(customer, "login.taken", actor=actor, version=None, now=now) as (locked, entry):
        login = Login.objects.select_related("user").filter(customer=locked).first()
        if login is None:
            entry.discard()
            return False
        user = login.user
        login.delete()
        user.delete()  # a session of a user who is gone is nobody's
        return True


def _hashed(password: str | None, *, email: str, name: str) -> str:
    """Slow on purpose, so ask before the transaction begins."""
    return make_password(clean_password(password, email=email, name=name) if password else None)


def _user_of(email: Identity) -> User | None:
    by_index = (User.objects.with_email(text).first() for text in (email.value, email.normalized))
    return next((user for user in by_index if user is not None), None)
