"""Which logins may be used: those of customers who are there, and of those who wait for the deletion they asked for."""

from customers.models import Customer, Login
from staff.models import User

State = Customer.State


def stands(user: User) -> bool:
    """Whether `user` may sign in to the portal, and stay. Keeps the login with its customer on `user`."""
    login = Login.objects.select_related("customer").filter(user=user).first()
    if login is None:
        return False
    login.user = user
    User._meta.get_field("login").set_cached_value(user, login)
    return may_sign_in(login.customer)


def may_sign_in(customer: Customer) -> bool:
    """Active, or deleted because they asked for it (9); whom staff deleted is out until restored (6.1)."""
    asked = customer.state == State.DELETED and customer.deletion_requested_at is not None
    return customer.is_active or asked
