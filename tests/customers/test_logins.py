import pytest
from django.core.exceptions import ValidationError

from audit.actor import Actor
from audit.models import Entry
from customers import deleting
from customers.editing import NotActive
from customers.logins import AnotherSignsIn, StaffEmail, find_login, give_login, signs_in_as_staff, take_login
from customers.models import Login
from staff.models import User
from tests.factories import CustomerFactory, UserFactory

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"


@pytest.fixture
def mina():
    return Actor.of_staff(UserFactory())


@pytest.fixture
def ana():
    return CustomerFactory(name="Ana Kovač", email="Ana@Ex.test")


def test_a_customer_gets_a_login_with_a_name_and_a_password(ana, mina):
    login = give_login(ana, email="ana@ex.test", name="Ana K.", password=PASSWORD, actor=mina)
    user = User.objects.get(pk=login.user_id)
    assert (user.email, user.name, user.role) == ("ana@ex.test", "Ana K.", "portal")
    assert user.check_password(PASSWORD)
    assert Entry.objects.get(verb="login.given").subject_id == ana.pk


def test_without_a_password_nobody_can_sign_in_until_invited(ana, mina):
    login = give_login(ana, email="ana@ex.test", name="", actor=mina)
    assert not login.user.has_usable_password()
    assert login.user.name == "Ana Kovač"


def test_a_login_that_exists_keeps_its_name_email_and_password(ana, mina):
    first = give_login(ana, email="ana@ex.test", name="Ana K.", password=PASSWORD, actor=mina)
    again = give_login(ana, email="ana@ex.test", name="Mallory", password="another long secret", actor=mina)
    assert again.pk == first.pk
    user = User.objects.get(pk=first.user_id)
    assert user.name == "Ana K."
    assert user.check_password(PASSWORD)
    assert Entry.objects.filter(verb="login.given").count() == 1


@pytest.mark.parametrize("email", ["mina@roster.example", "MINA@Roster.Example"])
def test_the_email_of_a_member_of_staff_is_refused(email, mina):
    UserFactory(email="mina@roster.example")
    customer = CustomerFactory(email="mina@roster.example")
    with pytest.raises(StaffEmail):
        give_login(customer, email=email, name="Mina", password=PASSWORD, actor=mina)
    assert signs_in_as_staff(email)
    assert not Login.objects.exists()


def test_an_email_that_another_customer_signs_in_with_is_refused(ana, mina):
    give_login(ana, email="ana@ex.test", name="Ana", actor=mina)
    ana.identifiers.all().delete()
    other = CustomerFactory(email="ana@ex.test")
    with pytest.raises(AnotherSignsIn) as refused:
        give_login(other, email="ana@ex.test", name="Other", actor=mina)
    assert refused.value.login.customer_id == ana.pk


def test_the_email_must_be_the_customers_own(ana, mina):
    with pytest.raises(ValidationError, match="no email of this customer"):
        give_login(ana, email="else@ex.test", name="Ana", actor=mina)


@pytest.mark.parametrize("password", ["short", "password123", "12345678901", "nul\0in the middle"])
def test_a_password_that_is_easy_to_guess_is_refused(ana, mina, password):
    with pytest.raises(ValidationError):
        give_login(ana, email="ana@ex.test", name="Ana", password=password, actor=mina)
    assert not User.objects.filter(role="portal").exists()


def test_a_login_is_found_by_its_email_and_by_every_email_of_its_customer(mina):
    customer = CustomerFactory(email=["ana@ex.test", "a.kovac@ex.test"])
    login = give_login(customer, email="ana@ex.test", name="Ana", actor=mina)
    assert find_login("ANA@ex.test") == find_login("a.kovac@EX.test") == login
    assert find_login("nobody@ex.test") is None


def test_a_deleted_customer_gets_no_login(ana, mina):
    deleting.delete(ana, actor=mina)
    with pytest.raises(NotActive):
        give_login(ana, email="ana@ex.test", name="Ana", actor=mina)


def test_taking_a_login_away_deletes_its_user(ana, mina):
    login = give_login(ana, email="ana@ex.test", name="Ana", password=PASSWORD, actor=mina)
    assert take_login(ana, actor=mina)
    assert not User.objects.filter(pk=login.user_id).exists()
    assert not take_login(ana, actor=mina)
    assert Entry.objects.filter(verb="login.taken").count() == 1


def test_the_password_is_in_no_history(ana, mina):
    give_login(ana, email="ana@ex.test", name="Ana", password=PASSWORD, actor=mina)
    from audit.models import Change

    for change in Change.objects.all():
        assert "password" not in str(change.before) + str(change.after)
