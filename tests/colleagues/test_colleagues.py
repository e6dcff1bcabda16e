"""Staff as an admin manages them (8.1, 8.2): invitations, roles, teams, standing, second factors, sessions."""

import re
import threading
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.db import connections
from django.test import Client

from accounts.models import Team, TeamMember
from audit.models import Change, Entry
from colleagues import managing
from colleagues.history import load_users
from colleagues.words import WORDS, table
from staff.models import Session, SignInRules, User
from staff.permissions import EVERY_PERMISSION, PERMISSIONS
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
STAFF = "/settings/staff/"


@pytest.fixture
def boss() -> User:
    return UserFactory(email="boss@roster.example", name="Bo Boss", role="admin")


@pytest.fixture
def ana() -> User:
    return User.objects.create_user("ana@roster.example", "roster-demo", name="Ana Ruiz", role="support")


@pytest.fixture
def admin(client: Client, boss: User) -> Client:
    client.force_login(boss)
    return client


def form(**given: Any) -> dict[str, Any]:
    return {"name": "Ana Ruiz", "role": "support", **given}


def last_entry() -> Entry:
    return Entry.objects.latest("pk")


def test_a_colleague_is_invited_by_mail_and_comes(admin: Client, django_capture_on_commit_callbacks: Any) -> None:
    team = Team.objects.create(name="North")
    given = form(email="Mina@Roster.example", name=" Mina  Okafor ", role="viewer", teams=[team.pk])
    with django_capture_on_commit_callbacks(execute=True):
        assert admin.post(f"{STAFF}invite/", given).status_code == 303
    mina = User.objects.get(email="Mina@roster.example")
    assert (mina.name, mina.role, mina.team_ids) == ("Mina Okafor", "viewer", [team.pk])
    assert (last_entry().verb, last_entry().subject_id) == ("colleague.invited", mina.pk)
    [message] = mail.outbox
    assert "Bo Boss invites you" in message.subject
    link = re.search(r"http://testserver(/\S+)", str(message.body))
    assert link
    assert b"Invited" in admin.get(STAFF).content
    there = Client()
    assert there.post(link[1], {"password": "a-rare-sentence-7"}).status_code == 302
    assert there.get("/settings/preferences/").status_code == 200


@pytest.mark.parametrize(
    "given",
    [
        {"email": ""}, {"email": "no email"}, {"email": "ana@roster.example"}, {"email": "ANA@ROSTER.example"},
        {"email": "x@roster.example", "name": "\0"}, {"email": "x@roster.example", "name": " "},
        {"email": "x@roster.example", "role": "portal"}, {"email": "x@roster.example", "role": "superuser"},
        {"email": "x@roster.example", "teams": "999"}, {"email": "x@roster.example", "teams": "\0"},
        {"email": "x@roster.example", "name": "x" * 151},
    ],
)  # fmt: skip
def test_an_invitation_that_cannot_be_is_answered_with_the_form(admin: Client, ana: User, given: Any) -> None:
    before = User.objects.count()
    assert admin.post(f"{STAFF}invite/", form(**given)).status_code == 422
    assert User.objects.count() == before


def test_an_invitation_is_sent_again_until_somebody_came(
    admin: Client, ana: User, django_capture_on_commit_callbacks: Any
) -> None:
    new = User.objects.create_user("new@roster.example", None, name="New")
    with django_capture_on_commit_callbacks(execute=True):
        assert admin.post(f"{STAFF}{new.pk}/invite/").status_code == 303
        assert admin.post(f"{STAFF}{ana.pk}/invite/").status_code == 422
    assert [message.to for message in mail.outbox] == [["new@roster.example"]]


def test_role_and_teams_change_and_the_log_says_so(admin: Client, ana: User, boss: User) -> None:
    team = Team.objects.create(name="North")
    assert admin.post(f"{STAFF}{ana.pk}/", form(role="viewer", teams=[team.pk])).status_code == 303
    ana.refresh_from_db()
    assert (ana.role, ana.team_ids) == ("viewer", [team.pk])
    entry = last_entry()
    assert (entry.verb, entry.actor_id, entry.subject_id) == ("colleague.changed", boss.pk, ana.pk)
    assert set(Change.objects.filter(entry=entry).values_list("table", flat=True)) >= {
        "staff_user", "accounts_teammember",
    }  # fmt: skip
    admin.post(f"{STAFF}{ana.pk}/", form(role="viewer", teams=[]))
    ana.refresh_from_db()
    assert not ana.team_ids
    assert not TeamMember.objects.exists()


def test_saving_what_was_there_leaves_no_entry(admin: Client, ana: User) -> None:
    before = Entry.objects.count()
    admin.post(f"{STAFF}{ana.pk}/", form())
    assert Entry.objects.count() == before


def test_nobody_changes_their_own_role_or_standing(admin: Client, boss: User) -> None:
    UserFactory(role="admin")
    admin.post(f"{STAFF}{boss.pk}/", {"name": "Bo", "role": "viewer"})
    boss.refresh_from_db()
    assert (boss.name, boss.role) == ("Bo", "admin")
    for action in ("deactivate", "second-factors/reset"):
        answer = admin.post(f"{STAFF}{boss.pk}/{action}/")
        assert answer.status_code == 422
        assert b"Nobody changes their own role" in answer.content
    with pytest.raises(managing.Refused):
        managing.change(boss, name="Bo", role="viewer", teams=[], by=boss)


def test_the_last_admin_whom_no_team_limits_stays(boss: User) -> None:
    other = UserFactory(role="admin")
    team = Team.objects.create(name="North")
    TeamMember.objects.create(user=other, team=team)
    for attempt in (
        lambda: managing.deactivate(boss, by=other),
        lambda: managing.change(boss, name="Bo", role="support", teams=[], by=other),
        lambda: managing.change(boss, name="Bo", role="admin", teams=[team], by=other),
    ):
        with pytest.raises(managing.Refused, match="last admin"):
            attempt()
    boss.refresh_from_db()
    assert (boss.is_active, boss.role, boss.team_ids) == (True, "admin", None)


@pytest.mark.django_db(transaction=True)
def test_two_admins_who_demote_each_other_at_once_leave_one() -> None:
    first, second = UserFactory(role="admin"), UserFactory(role="admin")
    refused: list[str] = []
    together = threading.Barrier(2)

    def demote(one: User, by: User) -> None:
        together.wait()
        try:
            managing.change(one, name="x", role="viewer", teams=[], by=by)
        except managing.Refused as problem:
            refused.append(problem.messages[0])
        finally:
            connections.close_all()

    threads = [threading.Thread(target=demote, args=pair) for pair in ((first, second), (second, first))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert User.objects.filter(role="admin").count() == 1


def test_who_is_deactivated_is_out_at_once_and_may_come_back(admin: Client, ana: User) -> None:
    there = Client()
    there.post("/sign-in/", {"login": ana.email, "password": "roster-demo"})
    assert admin.post(f"{STAFF}{ana.pk}/deactivate/").status_code == 303
    assert there.get("/settings/preferences/").status_code == 302
    assert not Session.objects.filter(user=ana).exists()
    assert ana not in admin.get(STAFF).context["rows"].rows
    assert admin.get(f"{STAFF}?show=deactivated").context["rows"].rows == [ana]
    assert admin.post(f"{STAFF}{ana.pk}/reactivate/").status_code == 303
    assert there.get("/settings/preferences/").status_code == 302
    assert there.post("/sign-in/", {"login": ana.email, "password": "roster-demo"}).status_code == 302


def test_an_admin_resets_the_factors_of_who_lost_their_phone(admin: Client, ana: User) -> None:
    assert admin.post(f"{STAFF}{ana.pk}/second-factors/reset/").status_code == 422
    Authenticator.objects.create(user=ana, type="totp", data={"secret": "x"})
    there = Client()
    there.force_login(ana)
    assert admin.post(f"{STAFF}{ana.pk}/second-factors/reset/").status_code == 303
    assert not Authenticator.objects.exists()
    assert there.get("/settings/preferences/").status_code == 302
    assert last_entry().verb == "colleague.second_factors_reset"
    assert last_entry().subject_id == ana.pk
    assert Change.objects.filter(entry=last_entry(), table="mfa_authenticator", operation="delete").exists()


def test_an_admin_ends_one_session_of_a_colleague_or_all(admin: Client, ana: User) -> None:
    here, there = Client(), Client()
    for client in (here, there):
        client.force_login(ana)
    one = Session.objects.get(session_key=there.session.session_key)
    admin.post(f"{STAFF}{ana.pk}/sign-out/", {"session": one.handle})
    assert there.get("/settings/preferences/").status_code == 302
    assert here.get("/settings/preferences/").status_code == 200
    admin.post(f"{STAFF}{ana.pk}/sign-out/")
    assert here.get("/settings/preferences/").status_code == 302
    assert admin.get(STAFF).status_code == 200
    assert last_entry().verb == "colleague.signed_out"


def test_two_factor_is_required_by_who_has_it_and_signs_out_who_has_not(admin: Client, ana: User, boss: User) -> None:
    there = Client()
    there.force_login(ana)
    admin.post(f"{STAFF}two-factor/", {"required": "yes"})
    assert not SignInRules.objects.filter(two_factor_required=True).exists()
    assert b"Set up your own two-factor authentication first" in admin.get(STAFF).content
    Authenticator.objects.create(user=boss, type="totp", data={"secret": "x"})
    admin.post(f"{STAFF}two-factor/", {"required": "yes"})
    assert SignInRules.objects.get().two_factor_required
    assert there.get("/settings/preferences/").status_code == 302
    assert admin.get(STAFF).status_code == 200
    assert (
        there.post("/sign-in/", {"login": ana.email, "password": "roster-demo"})["Location"] == "/sign-in/two-factor/"
    )
    admin.post(f"{STAFF}two-factor/", {"required": "no"})
    assert not SignInRules.objects.get().two_factor_required


def test_a_superuser_is_changed_only_by_a_superuser(admin: Client, boss: User) -> None:
    root = User.objects.create_superuser("root@roster.example", "roster-demo", name="Root")
    assert b"Only a superuser changes a superuser" in admin.get(f"{STAFF}{root.pk}/").content
    for action in ("deactivate", "sign-out", "second-factors/reset", "invite"):
        assert admin.post(f"{STAFF}{root.pk}/{action}/").status_code == 422, action
    assert admin.post(f"{STAFF}{root.pk}/", {"name": "x", "role": "viewer"}).status_code == 422
    root.refresh_from_db()
    assert (root.is_active, root.role, root.name) == (True, "admin", "Root")


def test_customers_are_no_colleagues(admin: Client) -> None:
    customer = UserFactory(role="portal", name="A customer")
    assert b"A customer" not in admin.get(STAFF).content
    for action in ("", "deactivate/", "invite/", "sign-out/"):
        answer = admin.post(f"{STAFF}{customer.pk}/{action}", form())
        assert answer.status_code == 404, action


@pytest.mark.parametrize("role", ["viewer", "support"])
def test_only_admins_see_it(client: Client, role: str) -> None:
    client.force_login(UserFactory(role=role))
    assert client.get(STAFF).status_code == 403
    assert STAFF.encode() not in client.get("/settings/preferences/").content


def test_an_admin_whom_a_team_limits_does_not_manage_staff(client: Client) -> None:
    limited = UserFactory(role="admin")
    TeamMember.objects.create(user=limited, team=Team.objects.create(name="North"))
    limited.refresh_from_db()
    client.force_login(limited)
    assert client.get(STAFF).status_code == 403


def test_the_list_costs_the_same_for_one_and_for_25(admin: Client, django_assert_max_num_queries: Any) -> None:
    admin.get(STAFF)
    with django_assert_max_num_queries(6):
        admin.get(STAFF)
    team = Team.objects.create(name="North")
    for _ in range(25):
        TeamMember.objects.create(user=UserFactory(), team=team)
    with django_assert_max_num_queries(7):
        assert admin.get(STAFF).content.count(b'id="open-') == 26


def test_the_list_is_searched_and_bad_words_find_nobody(admin: Client, ana: User) -> None:
    assert (
        b"Bo Boss" not in admin.get(f"{STAFF}?q=ruiz").content.partition(b'id="results"')[2].partition(b"</section>")[0]
    )
    for nonsense in ("%25", "_", "\\", "x" * 5_000, "%00", "😀"):
        assert admin.get(f"{STAFF}?q={nonsense}").status_code in {200, 400}


def test_the_page_of_roles_is_the_table_that_pages_and_actions_ask(admin: Client) -> None:
    content = admin.get(f"{STAFF}roles/").content.decode()
    rights = table()
    assert len(rights) == len(EVERY_PERMISSION)
    for right in rights:
        assert right.words in content
    by_words = {words: permission for permission, words in WORDS.items()}
    for right in rights:
        for role, held in zip(("viewer", "support", "admin"), right.held, strict=True):
            assert held == (by_words[right.words] in PERMISSIONS[role]), (right.words, role)


def test_the_history_leads_to_a_colleague_only_who_may_open_the_page(ana: User, boss: User) -> None:
    customer = UserFactory(role="portal")
    ids = {ana.pk, customer.pk}
    assert load_users(ids, boss)[ana.pk].url == f"{STAFF}{ana.pk}/"
    assert load_users(ids, boss)[customer.pk].url == ""
    assert load_users(ids, ana)[ana.pk].url == ""


def test_every_permission_has_words() -> None:
    assert WORDS.keys() >= EVERY_PERMISSION, EVERY_PERMISSION - WORDS.keys()
