"""Every page and every action of the admin, for every role."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.test import Client
from django.urls import reverse

from records.admin.columns import name_url
from records.models import AuditEntry, CustomEntry, DriftFinding, ManagedRecord, SyncRequest
from records.roles import ADMIN, OPERATOR, VIEWER
from tests.records.cast import Cast, make_cast
from tests.records.objects import note_mentions

pytestmark = pytest.mark.django_db

WRITTEN = ("managedrecord", "source", "auditentry", "driftfinding", "heldplan", "syncrequest", "syncstatus")
"""Models whose author is the program."""
MODELS = (*WRITTEN, "customentry")
EVERYBODY = (None, VIEWER, OPERATOR, ADMIN)

ENTRY = {"name": "new.talos00", "mode": "publish", "type": "A", "values": "192.0.2.1", "ttl": "", "enabled": "on"}


@pytest.fixture
def cast() -> Cast:
    return make_cast()


@pytest.fixture
def admin_client() -> Client:
    """A superuser; pytest-django's own spends a second on the hash of a password."""
    client = Client()
    client.force_login(User.objects.create(username="root", is_staff=True, is_superuser=True))
    return client


def visitor(role: str | None) -> Client:
    """A user with one role, and nothing else."""
    client = Client()
    if role:
        person = User.objects.create_user(f"the-{role}")
        person.groups.add(Group.objects.get(name=role))
        client.force_login(person)
    return client


def page(name: str, /, *args: object, **query: str) -> str:
    return reverse(f"admin:records_{name}", args=args, query=query or None)


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("wanted", "ends"),
    [
        ("", "/ui/"),
        ("/admin/", "/admin/"),
        ("/ui/?state=off", "/ui/?state=off"),
        ("/ui/do/", "/ui/"),
        ("/admin/records/managedrecord/?show=problem", "/admin/records/managedrecord/?show=problem"),
        ("/admin/sync-now/", "/ui/"),
        ("/admin/logout/", "/ui/"),
        ("/admin/names/nas.talos00/do/", "/admin/names/nas.talos00/"),
        ("/nowhere", "/ui/"),
        ("https://elsewhere.example.com/", "/ui/"),
        ("//elsewhere.example.com/admin/", "/ui/"),
    ],
)
def test_a_login_ends_on_a_page_that_is_there(wanted: str, ends: str) -> None:
    User.objects.create_superuser("root", password="of-no-worth-anywhere-else")
    form = {"username": "root", "password": "of-no-worth-anywhere-else", "next": wanted}
    client = Client()
    answer = client.post(reverse("admin:login"), form)
    assert (answer.status_code, answer["Location"]) == (302, ends)
    assert client.get(ends).status_code == 200


def act(client: Client, model: str, action: str, *targets: Any, **more: str) -> Any:
    data = {"action": action, "_selected_action": [str(target.pk) for target in targets], **more}
    return client.post(page(f"{model}_changelist"), data, follow=True)


def subject(cast: Cast, model: str) -> Any:
    return {
        "managedrecord": cast.blog,
        "source": cast.source,
        "customentry": cast.entry,
        "auditentry": cast.created,
        "driftfinding": cast.drift,
        "heldplan": cast.plan,
        "syncrequest": cast.request,
        "syncstatus": cast.status,
    }[model]


@pytest.mark.parametrize(
    "role", [*(pytest.param(role, marks=pytest.mark.one_database) for role in EVERYBODY[:-1]), ADMIN]
)
@pytest.mark.parametrize("model", MODELS)
def test_every_role_sees_every_page_and_no_one_else_does(cast: Cast, model: str, role: str | None) -> None:
    client = visitor(role)
    target = subject(cast, model)
    urls = [reverse("admin:index"), page(f"{model}_changelist"), page(f"{model}_change", target.pk)]
    urls += [page(f"{model}_changelist", q="talos"), reverse("admin:app_list", args=["records"])]
    for url in urls:
        answer = client.get(url, follow=role is not None)
        assert answer.status_code == (200 if role else 302), url
        if not role:
            assert answer["Location"].startswith(reverse("admin:login"))


@pytest.mark.one_database
def test_lists_speak_to_people_and_offer_what_is_looked_for_there(cast: Cast) -> None:
    client = visitor(ADMIN)
    for model in MODELS:
        text = client.get(page(f"{model}_changelist"), follow=True).content.decode()
        assert "By question" not in text
        assert "unexpected_ip<" not in text, "the words are for people, the spelling in addresses for programs"
    assert ">not as we wrote it<" in client.get(page("driftfinding_changelist")).content.decode()
    assert "unexpected_ip" not in client.get(page("driftfinding_change", cast.drift.pk)).content.decode()
    for role, offered in ((VIEWER, False), (OPERATOR, True)):
        records = visitor(role).get(page("managedrecord_changelist")).content.decode()
        assert (f'{page("customentry_add")}"' in records.partition('id="content-main"')[2]) is offered


def test_a_user_without_a_role_stays_outside(cast: Cast) -> None:
    client = Client()
    client.force_login(User.objects.create_user("nobody"))
    for url in (reverse("admin:index"), page("managedrecord_changelist"), page("auditentry_change", cast.created.pk)):
        assert client.get(url).status_code == 302


# What each role may do: each returns True when the database shows that it was done.

Attempt = Callable[[Client, Cast], bool]


def sync_everything(client: Client, cast: Cast) -> bool:
    client.post(reverse("admin:sync_now"))
    return SyncRequest.objects.filter(action="sync", zone="", name="").exists()


def asks(action: str, request: str, who: str) -> Attempt:
    def attempt(client: Client, cast: Cast) -> bool:
        record = getattr(cast, who)
        act(client, "managedrecord", action, record, confirmed="yes")
        return SyncRequest.objects.filter(action=request, name=record.name, requested_by__startswith="the-").exists()

    return attempt


def block_name(client: Client, cast: Cast) -> bool:
    act(client, "managedrecord", "block_name", cast.blog, confirmed="yes")
    return CustomEntry.objects.filter(name="blog.talos00", mode="block").exists()


def decides(action: str) -> Attempt:
    def attempt(client: Client, cast: Cast) -> bool:
        act(client, "heldplan", action, cast.plan, confirmed="yes")
        return SyncRequest.objects.filter(action=action, plan=cast.plan).exists()

    return attempt


def remediate(client: Client, cast: Cast) -> bool:
    act(client, "driftfinding", "remediate", cast.drift, confirmed="yes")
    return SyncRequest.objects.filter(action="remediate", name="mail.talos00", type="A").exists()


def accept(client: Client, cast: Cast) -> bool:
    act(client, "driftfinding", "accept", cast.drift)
    return DriftFinding.objects.filter(pk=cast.drift.pk, status="accepted", decided_by__startswith="the-").exists()


def restore(client: Client, cast: Cast) -> bool:
    act(client, "auditentry", "restore", cast.created, confirmed="yes")
    return CustomEntry.objects.filter(name="grafana.talos00", mode="override").exists()


def add_entry(client: Client, cast: Cast) -> bool:
    client.post(page("customentry_add"), ENTRY)
    return CustomEntry.objects.filter(name="new.talos00").exists()


def change_entry(client: Client, cast: Cast) -> bool:
    client.post(page("customentry_change", cast.entry.pk), {**ENTRY, "name": cast.entry.name})
    cast.entry.refresh_from_db()
    return bool(cast.entry.values == ["192.0.2.1"])


def delete_entry(client: Client, cast: Cast) -> bool:
    client.post(page("customentry_delete", cast.entry.pk), {"post": "yes"})
    return not CustomEntry.objects.filter(pk=cast.entry.pk).exists()


def delete_entries(client: Client, cast: Cast) -> bool:
    act(client, "customentry", "delete_selected", cast.entry, post="yes")
    return AuditEntry.objects.filter(action="deleted", name=cast.entry.name).exists()


def disable_entries(client: Client, cast: Cast) -> bool:
    act(client, "customentry", "disable", cast.entry)
    return CustomEntry.objects.filter(pk=cast.entry.pk, enabled=False).exists()


def enable_entries(client: Client, cast: Cast) -> bool:
    CustomEntry.objects.filter(pk=cast.entry.pk).update(enabled=False)
    act(client, "customentry", "enable", cast.entry)
    return CustomEntry.objects.filter(pk=cast.entry.pk, enabled=True).exists()


def export_selected(client: Client, cast: Cast) -> bool:
    answer = act(client, "managedrecord", "export_selected", cast.blog)
    return answer.get("Content-Type") == "application/yaml" and b"blog.talos00" in b"".join(answer)


def make_user(client: Client, cast: Cast) -> bool:
    password = "a long enough one of the tests"
    data = {"username": "bert", "usable_password": "true", "password1": password, "password2": password}
    client.post(reverse("admin:auth_user_add"), data)
    return User.objects.filter(username="bert").exists()


OPERATES = {VIEWER: False, OPERATOR: True, ADMIN: True}
ATTEMPTS: Mapping[str, tuple[Attempt, Mapping[str, bool]]] = {
    "sync everything": (sync_everything, OPERATES),
    "sync now": (asks("sync_now", "sync", "blog"), OPERATES),
    "adopt": (asks("replace", "adopt", "nas"), OPERATES),
    "release": (asks("release", "release", "grafana"), OPERATES),
    "delete from DNS": (asks("delete_from_dns", "delete", "grafana"), OPERATES),
    "block this name": (block_name, OPERATES),
    "approve": (decides("approve"), OPERATES),
    "reject": (decides("reject"), OPERATES),
    "remediate drift": (remediate, OPERATES),
    "accept drift": (accept, OPERATES),
    "restore": (restore, OPERATES),
    "add an entry": (add_entry, OPERATES),
    "change an entry": (change_entry, OPERATES),
    "delete an entry": (delete_entry, OPERATES),
    "delete entries": (delete_entries, OPERATES),
    "enable entries": (enable_entries, OPERATES),
    "disable entries": (disable_entries, OPERATES),
    "export selected": (export_selected, {VIEWER: True, OPERATOR: True, ADMIN: True}),
    "make a user": (make_user, {VIEWER: False, OPERATOR: False, ADMIN: True}),
}


@pytest.mark.one_database
@pytest.mark.parametrize("role", EVERYBODY)
@pytest.mark.parametrize("name", ATTEMPTS)
def test_each_may_do_what_the_role_says_and_no_more(cast: Cast, name: str, role: str | None) -> None:
    attempt, allowed = ATTEMPTS[name]
    assert attempt(visitor(role), cast) is (role is not None and allowed[role])


def test_the_table_of_attempts_has_every_action_of_every_list(cast: Cast, admin_client: Client) -> None:
    """A new action needs a row there that says who may do it."""
    found = set()
    for model in MODELS:
        answer = admin_client.get(page(f"{model}_changelist"), follow=True)
        form = answer.context.get("action_form")
        found |= {name for name, _ in form.fields["action"].choices if name} if form else set()
    assert found == {
        *("sync_now", "replace", "release", "remove_kept", "delete_from_dns", "block_name", "export_selected"),
        *("restore", "approve", "reject", "enable", "disable", "delete_selected"),
        *("remediate", "accept"),
    }


@pytest.mark.parametrize("model", WRITTEN)
def test_not_even_a_superuser_writes_what_the_program_writes(cast: Cast, admin_client: Client, model: str) -> None:
    target = subject(cast, model)
    before = type(target).objects.values().get(pk=target.pk)
    urls = [page(f"{model}_add"), page(f"{model}_delete", target.pk)]
    urls += [page(f"{model}_change", target.pk)] if model != "managedrecord" else []  # it leads to the page of its name
    for url in urls:
        assert admin_client.post(url, {"post": "yes", "name": "mine", "actor": "mine"}).status_code == 403
    act(admin_client, model, "delete_selected", target, post="yes")
    assert type(target).objects.values().get(pk=target.pk) == before


def test_no_role_holds_a_right_to_write_history() -> None:
    rights = Permission.objects.filter(group__isnull=False, content_type__app_label="records")
    assert {right.codename for right in rights if right.codename.endswith("auditentry")} == {"view_auditentry"}


@pytest.mark.parametrize(
    ("action", "question"),
    [
        ("replace", "Replace 1"),
        ("release", "Give up 1"),
        ("delete_from_dns", "Delete 1"),
        ("block_name", "Block the names of 1"),
    ],
)
def test_what_cannot_be_undone_is_asked_first(cast: Cast, admin_client: Client, action: str, question: str) -> None:
    answer = act(admin_client, "managedrecord", action, cast.blog)
    assert question in answer.content.decode()
    assert SyncRequest.objects.count() == 1
    assert CustomEntry.objects.count() == 1


def test_an_action_says_how_many_it_did_and_why_it_left_out_the_rest(cast: Cast, admin_client: Client) -> None:
    answer = act(admin_client, "managedrecord", "replace", cast.nas, cast.blog, cast.grafana, confirmed="yes")
    said = [str(message) for message in answer.context["messages"]]
    assert said[0] == "1 record being replaced."
    assert said[1].startswith("2 left out. ")
    assert "is synced: only foreign records and conflicts can be replaced." in said[1]


def test_many_entries_switched_in_one_action_are_one_request(cast: Cast, admin_client: Client) -> None:
    """The guard of the syncer must see what one click does as one change."""
    made = CustomEntry.objects.bulk_create(
        CustomEntry(name=f"h{number}.talos00", type="A", values=["192.0.2.1"]) for number in range(30)
    )
    for action, more in (("disable", {}), ("delete_selected", {"post": "yes"})):
        SyncRequest.objects.all().delete()
        act(admin_client, "customentry", action, *made, **more)
        assert [(asked.action, asked.zone, asked.name) for asked in SyncRequest.objects.all()] == [
            ("sync", "talos00", "")
        ]


def test_an_action_on_an_objects_page_comes_back_to_it(cast: Cast, admin_client: Client) -> None:
    answer = act(admin_client, "managedrecord", "sync_now", cast.blog, from_page=str(cast.blog.pk))
    assert answer.redirect_chain[0] == (page("managedrecord_change", cast.blog.pk), 302)
    assert "1 name being compared" in answer.content.decode()


def test_more_than_a_thousand_at_once_are_refused(admin_client: Client) -> None:
    ManagedRecord.objects.bulk_create(
        ManagedRecord(zone="talos00", name=f"h{n}.talos00", type="A", values=[], ttl=60, owned=True, state="synced")
        for n in range(1001)
    )
    first = ManagedRecord.objects.earliest("pk")
    answer = act(admin_client, "managedrecord", "release", first, select_across="1", confirmed="yes")
    assert "At most 1000 at a time" in answer.content.decode()
    assert not SyncRequest.objects.exists()


def test_syncing_many_names_is_one_full_pass(admin_client: Client) -> None:
    ManagedRecord.objects.bulk_create(
        ManagedRecord(zone="talos00", name=f"h{n}.talos00", type="A", values=[], ttl=60, state="synced")
        for n in range(50)
    )
    act(admin_client, "managedrecord", "sync_now", *ManagedRecord.objects.all())
    assert [(request.zone, request.name) for request in SyncRequest.objects.all()] == [("talos00", "")]


def test_names_and_origins_lead_to_their_pages(cast: Cast, admin_client: Client) -> None:
    ways = {
        page("managedrecord_change", cast.blog.pk): f"{name_url('blog.talos00')}?target=default",
        page("source_named", origin="Ingress/web/blog-old"): page("source_change", cast.source.pk),
        page("source_named", origin="Ingress/web/gone"): page("source_changelist", q="gone"),
        page("managedrecord_history", cast.blog.pk): page("auditentry_changelist", name="blog.talos00"),
        page("customentry_history", cast.entry.pk): page("auditentry_changelist", source=cast.entry.origin),
    }
    for start, end in ways.items():
        answer = admin_client.get(start, follow=True)
        assert (answer.redirect_chain[0][0], answer.status_code) == (end, 200)


@pytest.mark.parametrize(
    ("model", "query", "found"),
    [
        ("managedrecord", "show=problem", ["nas.talos00 A"]),
        ("managedrecord", "show=fought", ["blog.talos00 A", "nas.talos00 A"]),
        ("managedrecord", "show=foreign", ["nas.talos00 A"]),
        ("managedrecord", "type=TXT", []),
        ("managedrecord", "show=today", ["blog.talos00 A", "grafana.talos00 A", "nas.talos00 A"]),
        ("managedrecord", "zone__exact=home.lab", []),
        ("managedrecord", "q=GRAF", ["grafana.talos00 A"]),
        ("managedrecord", "q=web/blog", ["blog.talos00 A"]),
        ("managedrecord", "q=Ingress/web/blog", ["blog.talos00 A"]),
        ("source", "show=mute", []),
        ("source", "show=skipped", ["Ingress/web/blog", "Ingress/web/blog-old"]),
        ("source", "show=warned&q=old", ["Ingress/web/blog-old"]),
        ("source", "show=today&kind=HTTPRoute", []),
        ("source", "q=blog.talos", ["Ingress/web/blog", "Ingress/web/blog-old"]),
        ("source", "q=Ingress/web/blog-old", ["Ingress/web/blog-old"]),
        ("source", "q=web/blog-old+blog.talos", ["Ingress/web/blog-old"]),
        ("source", "q=HTTPRoute/web/blog", []),
        ("customentry", "show=on&q=office", ["printer.talos00 A"]),
        ("customentry", "show=off", []),
        ("customentry", "show=today&q=192.0.2.9", ["printer.talos00 A"]),
        ("auditentry", "show=hour&action_is=deleted", ["deleted cd.talos00 A"]),
        ("auditentry", "show=people", []),
        ("auditentry", "show=trouble", []),
        ("auditentry", "show=today&q=graf", ["created grafana.talos00 A"]),
        ("auditentry", "correlation=abc", ["deleted cd.talos00 A"]),
        ("heldplan", "show=open&q=grafana", ["held plan of talos00, open"]),
        ("heldplan", "show=open&q=blog", []),
        ("heldplan", "show=today&status__exact=done", []),
        ("syncrequest", "show=waiting", ["sync grafana.talos00"]),
        ("syncrequest", "show=today&q=unknown", []),
        ("syncrequest", "show=nonsense", ["sync grafana.talos00"]),
    ],
)
def test_a_filter_answers_its_question(
    cast: Cast, admin_client: Client, model: str, query: str, found: list[str]
) -> None:
    answer = admin_client.get(f"{page(f'{model}_changelist')}?{query}")
    assert answer.status_code == 200
    names = sorted(str(item) for item in answer.context["cl"].result_list)
    assert [name[20:] for name in names] == found if model == "auditentry" else names == found


def test_foreign_text_is_escaped_everywhere(cast: Cast, admin_client: Client) -> None:
    evil = "<script>alert(1)</script>"
    ManagedRecord.objects.filter(pk=cast.blog.pk).update(reason=evil, values=[evil], losers=[[evil, evil]])
    AuditEntry.objects.create(
        actor=evil, action=evil, name="blog.talos00", type="A", reason=evil, source=evil, after={"values": [evil]}
    )
    note_mentions(cast.source, [(evil, [evil])], [(f"{evil} ", evil)])
    cast.source.warnings, cast.source.notes = [evil], {evil: evil}
    cast.source.save()
    urls = [reverse("admin:index"), name_url("blog.talos00"), page("source_change", cast.source.pk)]
    urls += [page(f"{model}_changelist") for model in ("managedrecord", "source", "auditentry")]
    for url in urls:
        text = admin_client.get(url).content.decode()
        assert "alert(1)" in text
        assert evil not in text


def test_the_start_page_shows_an_overview(cast: Cast, admin_client: Client) -> None:
    text = admin_client.get(reverse("admin:index")).content.decode()
    for expected in (
        "in trouble",
        "talos00: the zone is &lt;disabled&gt;",
        "the clock is &lt;wrong&gt;",
        "lost a name",
        "1 delete in talos00 waits for a decision",
        "cd.talos00 A",
        page("managedrecord_changelist", show="problem"),
    ):
        assert expected in text


def test_a_name_can_be_added_from_the_list_of_records_by_who_may(cast: Cast) -> None:
    for role, offered in ((VIEWER, False), (OPERATOR, True)):
        text = visitor(role).get(page("managedrecord_changelist")).content.decode()
        assert (f'href="{page("customentry_add")}" class="addlink">Add a name' in text) == offered


def test_the_start_page_of_a_new_installation_says_what_is_missing(admin_client: Client) -> None:
    text = admin_client.get(reverse("admin:index")).content.decode()
    assert "never ran" in text
    assert "No syncer has written to this database yet." in text


def test_values_are_edited_one_per_line_and_complaints_are_shown_at_the_field(cast: Cast, admin_client: Client) -> None:
    text = admin_client.get(page("customentry_change", cast.entry.pk)).content.decode()
    assert ">\n192.0.2.9</textarea>" in text
    admin_client.post(page("customentry_add"), {**ENTRY, "values": "192.0.2.2 \r\n\r\n192.0.2.1"})
    assert CustomEntry.objects.get(name="new.talos00").values == ["192.0.2.1", "192.0.2.2"]
    wrong = {**ENTRY, "name": "x.example.com", "values": "nonsense", "ttl": "0"}
    errors = admin_client.post(page("customentry_add"), wrong).context["adminform"].form.errors
    assert set(errors) == {"name", "values", "ttl"}
    admin_client.post(page("customentry_change", cast.entry.pk), {**ENTRY, "name": cast.entry.name, "ttl": "5m"})
    cast.entry.refresh_from_db()
    assert cast.entry.ttl == 300


def test_a_block_is_made_without_clearing_the_proposed_type(admin_client: Client) -> None:
    admin_client.post(page("customentry_add"), {**ENTRY, "mode": "block", "values": ""})
    assert CustomEntry.objects.get(name="new.talos00").type == ""


def test_what_is_done_in_the_admin_is_recorded_with_the_users_name(cast: Cast) -> None:
    client = visitor(OPERATOR)
    client.post(page("customentry_change", cast.entry.pk), {**ENTRY, "name": cast.entry.name})
    audit = AuditEntry.objects.filter(name=cast.entry.name).first()
    assert audit is not None
    assert (audit.actor, audit.action) == ("the-operator", "updated")
    assert (audit.before or {})["values"] == ["192.0.2.9"]
    assert SyncRequest.objects.filter(name=cast.entry.name, requested_by="the-operator").exists()


@pytest.mark.parametrize(
    ("model", "queries"),
    [
        ("managedrecord", 10),
        ("source", 9),
        ("customentry", 11),
        ("auditentry", 7),
        ("driftfinding", 7),
        ("heldplan", 7),
        ("syncrequest", 7),
    ],
)
def test_the_number_of_queries_of_a_list_does_not_grow_with_it(
    cast: Cast, admin_client: Client, django_assert_max_num_queries: Any, model: str, queries: int
) -> None:
    target = subject(cast, model)
    copies = []
    for number in range(60):
        copy = type(target)(
            **{field.attname: getattr(target, field.attname) for field in target._meta.fields if field.attname != "id"}
        )
        if model in ("managedrecord", "source", "customentry", "driftfinding"):
            copy.name = f"h{number}.talos00"
        if model == "heldplan":
            copy.status = "done"
        copies.append(copy)
    type(target).objects.bulk_create(copies)
    with django_assert_max_num_queries(queries):
        admin_client.get(page(f"{model}_changelist"))


def test_the_start_page_takes_few_queries(cast: Cast, admin_client: Client, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(17):
        admin_client.get(reverse("admin:index"))


def test_an_old_form_does_not_undo_what_another_user_saved(cast: Cast, admin_client: Client) -> None:
    url = page("customentry_change", cast.entry.pk)
    version = admin_client.get(url).context["adminform"].form["version"].value()
    form = {**ENTRY, "name": cast.entry.name, "values": "192.0.2.9", "version": version}
    admin_client.post(url, {**form, "mode": "override", "owner": "office"})
    answer = admin_client.post(url, {**form, "owner": "me"})
    assert "Someone has changed this entry since you opened it" in answer.content.decode()
    cast.entry.refresh_from_db()
    assert (cast.entry.mode, cast.entry.owner) == ("override", "office")


def test_a_form_without_a_change_leaves_no_audit_entry(cast: Cast, admin_client: Client) -> None:
    count = AuditEntry.objects.count()
    form = {**ENTRY, "name": cast.entry.name, "values": "192.0.2.9", "owner": "office"}
    assert admin_client.post(page("customentry_change", cast.entry.pk), form).status_code == 302
    assert AuditEntry.objects.count() == count


@pytest.mark.parametrize(
    "address",
    [
        "/admin/find/?q=a%00b",
        "/admin/names/grafana.talos00/?target=%00",
        "/admin/records/auditentry/?name=%00",
        "/admin/records/source/named/?origin=a/b/%00",
        "/admin/records/managedrecord/?q=%00",
    ],
)
def test_a_character_that_no_database_takes_is_no_mistake_of_ours(admin_client: Client, address: str) -> None:
    assert admin_client.get(address).status_code == 404


@pytest.mark.parametrize(
    "condition",
    [
        *("at__year=0", "at__year=-5", "at__year=99999", "at__gte=99999999999999999", "at__month=x"),
        *("name__regex=(a%2B)%2B$", "name__iregex=a"),
        *("nothing=1", "at__nothing=1", "zone__name=1", "at__gte__gte=1"),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(admin_client: Client, condition: str) -> None:
    assert admin_client.get(f"{page('auditentry_changelist')}?{condition}").status_code == 400


def test_a_row_that_cannot_be_is_no_mistake_of_ours(admin_client: Client) -> None:
    entry = CustomEntry.objects.create(name="printer.talos00", type="A", values=["192.0.2.9"])
    form = {"action": "delete_selected", "_selected_action": ["abc", str(entry.pk)]}
    assert admin_client.post(page("customentry_changelist"), form).status_code == 400
    assert CustomEntry.objects.exists()


def test_a_filter_that_only_some_databases_know_is_refused_by_the_others(admin_client: Client) -> None:
    answer = admin_client.get(f"{page('auditentry_changelist')}?before__contains=%7B")
    assert answer.status_code == (200 if connection.features.supports_json_field_contains else 400)


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "9999-12-31"])
@pytest.mark.parametrize("place", ["records:auditentry:at", "auth:user:last_login", "knox:authtoken:expiry"])
def test_a_date_at_the_end_of_all_dates_is_no_error_of_ours(admin_client: Client, place: str, moment: str) -> None:
    app, model, field = place.split(":")
    for word in ("gte", "lt", "exact"):
        answer = admin_client.get(reverse(f"admin:{app}_{model}_changelist"), {f"{field}__{word}": moment})
        assert answer.status_code in (200, 400)
    assert admin_client.get(reverse(f"admin:{app}_{model}_changelist"), {f"{field}__year": "10000"}).status_code == 400
