"""The page of a name: for any name, with all that is known of it, and the buttons that fit."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from records.admin.columns import name_url
from records.models import AuditEntry, CustomEntry, DriftFinding, ManagedRecord, Replacement, SourceName, SyncRequest
from records.roles import OPERATOR, VIEWER
from records.search import read_number
from tests.fakes.fixtures_technitium import ServerUnderTest
from tests.records.cast import Cast, make_cast
from tests.records.objects import make_source
from tests.records.test_admin import visitor

pytestmark = pytest.mark.django_db

THERE = {"ttl": 300, "values": ["192.0.2.66"], "marks": ["by hand"], "disabled": []}


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def show(client: Client, name: str, **query: str) -> str:
    return client.get(name_url(name, **query), follow=True).content.decode()


def do(client: Client, name: str, action: str, record: ManagedRecord | None = None, **more: str) -> str:
    data = {"action": action, "record": str(record.pk) if record else "", **more}
    return client.post(reverse("admin:do_step", args=[name]), data, follow=True).content.decode()


def asked() -> list[tuple[str, str]]:
    return list(SyncRequest.objects.filter(requested_by="admin").order_by("id").values_list("action", "name"))


def log_in(role: str) -> Client:
    user = User.objects.create_user(f"the-{role}", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return client


def test_it_says_who_wants_the_name_who_has_it_and_why(cast: Cast, admin_client: Client) -> None:
    owner, rival = cast.blog.origin, "Ingress/web/blog-old"
    cast.blog.losers = [[rival, f"{owner} has the name: it has named the host for longer"]]
    cast.blog.save()
    text = show(admin_client, "blog.talos00")
    for expected in ("has the name", "It has named the host for longer.", "lost", "192.0.2.8"):
        assert expected in text
    assert reverse("admin:records_source_named") in text


def test_who_has_what_nothing_wants_any_more_had_it(cast: Cast, admin_client: Client) -> None:
    ManagedRecord.objects.filter(pk=cast.blog.pk).update(
        state="held", owned=True, claimants=[cast.blog.origin], losers=[]
    )
    text = show(admin_client, "blog.talos00")
    assert ">had the name<" in text
    assert "Nothing wants it any more." in text
    assert "No other claim wants other values." not in text
    ManagedRecord.objects.filter(pk=cast.blog.pk).update(state="kept", reason="its Gateway is away")
    assert "It is kept: its Gateway is away." in show(admin_client, "blog.talos00")


def test_of_several_types_it_says_who_has_which(cast: Cast, admin_client: Client) -> None:
    owner, mail = cast.blog.origin, "DNSEndpoint/web/mail"
    for kind, value in (("MX", "10 mx.talos00"), ("TXT", "any")):
        mine = {"origin": mail, "claimants": [mail], "losers": [], "values": [value], "owned": True}
        ManagedRecord.objects.create(
            target=cast.blog.target, zone="talos00", name="blog.talos00", type=kind, ttl=60, state="synced", **mine
        )
    ManagedRecord.objects.filter(pk=cast.blog.pk).update(
        owned=True, losers=[[mail, f"{owner} has the name: it is older"]]
    )
    text = show(admin_client, "blog.talos00")
    assert f"has {cast.blog.type}<" in text
    assert "has MX, TXT<" in text
    assert ">has the name<" not in text
    assert ">lost<" not in text, "it has something"


def test_it_shows_its_history_with_a_way_back(cast: Cast, admin_client: Client) -> None:
    text = show(admin_client, "grafana.talos00")
    assert reverse("admin:records_auditentry_change", args=[cast.created.pk]) in text
    assert 'value="restore"' in text


def test_a_restore_shows_both_versions_says_that_it_overrides_and_stays(cast: Cast, admin_client: Client) -> None:
    ManagedRecord.objects.filter(pk=cast.grafana.pk).update(values=["192.0.2.77"], owned=True)
    data = {"action": "restore", "_selected_action": str(cast.created.pk), "from_page": str(cast.created.pk)}
    url = reverse("admin:records_auditentry_changelist")
    text = admin_client.post(url, data).content.decode()
    assert "mode override" in text
    assert text.index("192.0.2.77") < text.index("192.0.2.5")
    answer = admin_client.post(url, {**data, "confirmed": "yes"}, follow=True)
    assert answer.redirect_chain[-1][0] == name_url("grafana.talos00")
    assert CustomEntry.objects.get(name="grafana.talos00").mode == "override"


def test_it_takes_few_queries_however_many_objects_there_are(cast: Cast, admin_client: Client) -> None:
    def count_queries() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert admin_client.get(name_url("blog.talos00")).status_code == 200
        assert not [query["sql"] for query in queries if "LIKE" in query["sql"]], "it looks names up"
        return len(queries)

    before = count_queries()
    for number in range(60):
        name = "blog.talos00" if number % 2 else f"h{number}.talos00"
        skipped = [(f"x{number}.example.org", "no zone")]
        make_source("Ingress", "web", f"app-{number}", names=[(name, [])], skipped=skipped)
    assert count_queries() == before <= 28


@pytest.mark.parametrize(
    ("name", "status", "told"),
    [
        ("nothing.talos00", 200, "No object and no custom entry wants it."),
        ("shop.example.org", 200, "is outside every managed zone"),
        (f"{'a' * 60}.{'b' * 60}.{'c' * 60}.{'d' * 60}.talos00", 200, "lies in zone"),
        ("*.apps.talos00", 200, "lies in zone"),
        (f"{'a' * 63}.{'b' * 63}.{'c' * 63}.{'d' * 61}.talos00", 404, "characters"),
        ("a/b.talos00", 200, "a is outside every managed zone"),
        ("two words.talos00", 404, "is no host name"),
        ("\N{PILE OF POO}.talos00", 404, "is no host name"),
        ("<script>alert(1)</script>", 404, "&lt;script&gt;"),
        ("192.0.2.7", 404, "is no host name"),
    ],
)
def test_every_name_has_a_page_and_what_is_none_is_told(
    cast: Cast, admin_client: Client, name: str, status: int, told: str
) -> None:
    answer = admin_client.get(name_url(name), follow=True)
    assert (answer.status_code, told in answer.content.decode()) == (status, True)
    assert "<script>alert" not in answer.content.decode()


def test_an_international_name_is_shown_as_people_write_it(cast: Cast, admin_client: Client) -> None:
    answer = admin_client.get(name_url("bücher.talos00"), follow=True)
    assert answer.redirect_chain == [(name_url("xn--bcher-kva.talos00"), 302)]
    assert "bücher.talos00" in answer.content.decode()


def test_what_stands_in_the_way_is_shown_with_both_values_and_its_comment(cast: Cast, admin_client: Client) -> None:
    text = do(admin_client, "nas.talos00", "replace", cast.nas)
    assert all(word in text for word in ("192.0.2.66", "192.0.2.6", "by hand", "can be put back"))
    assert asked() == [("sync", "grafana.talos00")]
    assert "is being replaced" in do(admin_client, "nas.talos00", "replace", cast.nas, confirmed="yes")
    assert asked()[1:] == [("adopt", "nas.talos00")]


def test_theirs_is_kept_as_an_override(cast: Cast, admin_client: Client) -> None:
    assert "afterwards" in do(admin_client, "nas.talos00", "keep", cast.nas)
    do(admin_client, "nas.talos00", "keep", cast.nas, confirmed="yes")
    assert asked()[1:] == [("sync", "nas.talos00"), ("keep", "nas.talos00")]
    assert CustomEntry.objects.get(name="nas.talos00").values == ["192.0.2.66"]


def test_what_was_replaced_can_be_put_back_once(cast: Cast, admin_client: Client) -> None:
    place = {"zone": "talos00", "name": "blog.talos00", "type": "A", "made_by": "ada"}
    replaced = Replacement.objects.create(theirs=THERE, ours=cast.blog.data, **place)
    assert "Put back what was replaced" in show(admin_client, "blog.talos00")
    assert "by hand" in do(admin_client, "blog.talos00", "undo", cast.blog)
    do(admin_client, "blog.talos00", "undo", cast.blog, confirmed="yes")
    assert SyncRequest.objects.get(action="undo").replacement == replaced
    Replacement.objects.update(undone_at="2026-01-01T00:00:00Z")
    assert "replaced nothing" in do(admin_client, "blog.talos00", "undo", cast.blog, confirmed="yes")


def test_no_button_does_nothing(cast: Cast, admin_client: Client) -> None:
    """A foreign CNAME cannot be replaced by an address: it is said, and not offered."""
    ManagedRecord.objects.filter(pk=cast.nas.pk).update(foreign=None, reason="a foreign CNAME record is at this name")
    assert 'value="replace"' not in show(admin_client, "nas.talos00")
    told = do(admin_client, "nas.talos00", "replace", cast.nas, confirmed="yes")
    assert "cannot be replaced: a foreign CNAME record is at this name" in told


def test_a_block_stays_on_the_page_and_can_be_taken_back(cast: Cast, admin_client: Client) -> None:
    assert "Block blog.talos00?" in do(admin_client, "blog.talos00", "block")
    text = do(admin_client, "blog.talos00", "block", confirmed="yes")
    assert "The name is blocked." in text
    assert 'value="unblock"' in text
    assert 'value="block"' not in text
    assert 'value="block"' in do(admin_client, "blog.talos00", "unblock")
    assert not CustomEntry.objects.filter(name="blog.talos00").exists()


def test_a_delete_stays_on_the_page(cast: Cast, admin_client: Client) -> None:
    assert "Delete blog.talos00 A from DNS?" in do(admin_client, "blog.talos00", "delete", cast.blog)
    assert "can restore it" in do(admin_client, "blog.talos00", "delete", cast.blog, confirmed="yes")
    do(admin_client, "blog.talos00", "release", cast.blog, confirmed="yes")
    assert asked()[1:] == [("delete", "blog.talos00"), ("release", "blog.talos00")]


def test_what_is_kept_can_be_removed_now(cast: Cast, admin_client: Client) -> None:
    ManagedRecord.objects.filter(pk=cast.blog.pk).update(state="kept", reason="the Gateway is gone")
    assert "Remove now" in show(admin_client, "blog.talos00")
    do(admin_client, "blog.talos00", "remove", cast.blog, confirmed="yes")
    assert asked()[1:] == [("remove", "blog.talos00")]


def test_only_what_is_kept_can_be_removed_now(cast: Cast, admin_client: Client) -> None:
    assert "Remove now" not in show(admin_client, "blog.talos00")
    assert "only what is kept can be removed" in do(admin_client, "blog.talos00", "remove", cast.blog, confirmed="yes")


def test_drift_is_remediated_or_accepted_there(cast: Cast, admin_client: Client) -> None:
    DriftFinding.objects.update(name="blog.talos00")
    assert "Remediate the drift" in show(admin_client, "blog.talos00")
    do(admin_client, "blog.talos00", "accept", cast.blog)
    assert DriftFinding.objects.get().status == "accepted"
    do(admin_client, "blog.talos00", "remediate", cast.blog, confirmed="yes")
    assert asked()[1:] == [("remediate", "blog.talos00")]
    DriftFinding.objects.update(status="over")
    assert "The drift is over." in do(admin_client, "blog.talos00", "accept", cast.blog)


@pytest.mark.parametrize(
    ("role", "offered"),
    [(VIEWER, set()), (OPERATOR, {"sync", "block", "release", "delete"})],
)
def test_the_buttons_fit_the_role(cast: Cast, role: str, offered: set[str]) -> None:
    client = log_in(role)
    text = show(client, "blog.talos00")
    steps = {"sync", "block", "release", "delete"}
    assert {action for action in steps if f'name="action" value="{action}"' in text} == offered
    assert ("Override" in text) == bool(offered)
    if not offered:
        for action in steps:
            answer = client.post(reverse("admin:do_step", args=["blog.talos00"]), {"action": action, "confirmed": "y"})
            assert answer.status_code == 403
        assert asked() == [("sync", "grafana.talos00")]


def test_nonsense_is_refused(cast: Cast, admin_client: Client) -> None:
    url, before = reverse("admin:do_step", args=["blog.talos00"]), len(asked())
    assert admin_client.post(url, {"action": "nonsense"}).status_code == 403
    assert "has changed since" in do(admin_client, "blog.talos00", "replace", cast.nas, confirmed="yes"), "another name"
    assert len(asked()) == before
    assert admin_client.get(url).status_code == 405
    assert "Nothing was chosen" in do(admin_client, "blog.talos00", "replace", confirmed="yes")


def test_the_servers_are_asked_beside_what_is_wanted(
    cast: Cast, admin_client: Client, technitium: ServerUnderTest, settings: Any
) -> None:
    settings.DNS_TEST_SERVERS = ["{}:{}".format(*technitium.dns), "127.0.0.1:9"]
    technitium.make_zone("talos00")
    technitium.add("blog.talos00", "A", "192.0.2.7")
    answer = admin_client.get(name_url("blog.talos00", ask="1"))
    (row,) = answer.context["rows"]
    assert row.answers[0] == "192.0.2.7"
    assert {button.action for button in row.buttons} == {"release", "delete"}, "who asks stays who it was"
    assert row.answers[1], "why the other one says nothing"
    nothing = admin_client.get(name_url("nothing.talos00", ask="1")).content.decode()
    assert "NXDOMAIN" in nothing
    outside = admin_client.get(name_url("shop.example.org", ask="1")).content.decode()
    assert "no server is asked" in outside


# Find


@pytest.mark.parametrize(
    "text",
    [
        "blog.talos00",
        " BLOG.talos00. ",
        "https://blog.talos00/login?next=1",
        "blog.talos00:8443",
        "http://blog.talos00",
    ],
)
def test_find_leads_from_a_name_as_it_is_typed_to_its_page(cast: Cast, admin_client: Client, text: str) -> None:
    answer = admin_client.get(reverse("admin:find"), {"q": text}, follow=True)
    assert answer.redirect_chain[-1][0] == name_url("blog.talos00")


def test_find_leads_to_a_name_that_nobody_knows_and_to_an_object(cast: Cast, admin_client: Client) -> None:
    unknown = admin_client.get(reverse("admin:find"), {"q": "bücher.talos00"}, follow=True)
    assert unknown.redirect_chain[-1][0] == name_url("xn--bcher-kva.talos00")
    outside = admin_client.get(reverse("admin:find"), {"q": "https://www.example.net/path"}, follow=True)
    assert outside.redirect_chain[-1][0] == name_url("www.example.net"), "its page says that it is outside every zone"
    found = admin_client.get(reverse("admin:find"), {"q": "ingress/web/blog-old"}, follow=True)
    assert found.redirect_chain[-1][0] == reverse("admin:records_source_change", args=[cast.source.pk])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.7", "blog.talos00 A"),
        ("192.0.2.66", "there now, by someone else:"),
        ("web", "Ingress/web/blog-old"),
        ("web", f'<div class="line"><a href="{name_url("blog.talos00")}">'),
        ("blog", "blog.talos00"),
        ("nonsense", "Nothing that is known here has “nonsense” in it."),
        ("<b>", "&lt;b&gt;"),
    ],
)
def test_find_takes_values_namespaces_and_parts(cast: Cast, admin_client: Client, text: str, expected: str) -> None:
    page = admin_client.get(reverse("admin:find"), {"q": text}).content.decode()
    assert expected in page.replace("<wbr>", "")


def test_a_rule_without_a_name_is_found_with_its_object_and_is_no_link_to_a_page_that_is_not_there(
    cast: Cast, admin_client: Client
) -> None:
    rule = "Host(`odd.talos00`"
    source = make_source("IngressRoute", "edge", "route", skipped=[(rule, "it cannot be read")])
    page = admin_client.get(reverse("admin:find"), {"q": "odd"}).content.decode()
    assert reverse("admin:records_source_change", args=[source.pk]) in page
    assert name_url(rule) not in page
    assert name_url("odd.talos00") in admin_client.get(reverse("admin:find"), {"q": "odd.talos00"}).content.decode()


@pytest.mark.parametrize("text", ["2001:DB8:0::7", " 2001:db8::7 ", "[2001:db8::7]", "http://[2001:db8:0::7]:8080/x"])
def test_find_takes_an_address_in_any_spelling(cast: Cast, admin_client: Client, text: str) -> None:
    ManagedRecord.objects.filter(pk=cast.blog.pk).update(type="AAAA", values=["2001:db8::7"])
    assert "blog.talos00 AAAA" in admin_client.get(reverse("admin:find"), {"q": text}).content.decode()


def test_find_without_a_word_goes_home(admin_client: Client) -> None:
    assert admin_client.get(reverse("admin:find")).headers["Location"] == reverse("admin:index")
    assert admin_client.get(reverse("admin:find"), {"q": "a" * 5000}).status_code == 200


def test_two_who_replace_and_undo_at_once_are_both_answered(cast: Cast, admin_client: Client) -> None:
    for _ in range(2):
        assert "is being replaced" in do(admin_client, "nas.talos00", "replace", cast.nas, confirmed="yes")
    ManagedRecord.objects.filter(pk=cast.nas.pk).update(state="synced", owned=True, foreign=None)
    told = do(admin_client, "nas.talos00", "replace", cast.nas, confirmed="yes")
    assert "is synced: only foreign records and conflicts can be replaced." in told
    assert AuditEntry.objects.filter(name="nas.talos00", action="requested").count() == 2
    assert SourceName.objects.filter(name="nas.talos00").count() == 0


@pytest.mark.parametrize("confirmed", [{}, {"confirmed": "yes"}])
def test_who_undoes_what_another_one_has_undone_stays_on_the_page(
    cast: Cast, admin_client: Client, confirmed: dict[str, str]
) -> None:
    before = len(asked())
    ManagedRecord.objects.filter(pk=cast.nas.pk).delete()  # the next row of what is not ours any more has another key
    told = do(admin_client, "nas.talos00", "undo", cast.nas, **confirmed)
    assert "What this was about has changed since: this is how it is now." in told
    assert len(asked()) == before


def test_a_message_begins_with_the_name_as_it_is(cast: Cast, admin_client: Client) -> None:
    assert ">nas.talos00 A is being replaced" in do(admin_client, "nas.talos00", "replace", cast.nas, confirmed="yes")


@pytest.mark.parametrize(
    ("text", "number"), [("7", 7), ("", None), ("x", None), ("-7", None), ("٧", None), ("7" * 19, None)]
)
def test_a_number_is_read_or_is_none(text: str, number: int | None) -> None:
    assert read_number(text) == number


@pytest.mark.parametrize(("action", "key"), [("sync", "1"), ("block", "1"), ("replace", "9" * 5000), ("undo", "٣")])
def test_a_form_that_no_page_has_does_nothing(action: str, key: str) -> None:
    cast = make_cast()
    key = str(cast.nas.pk) if key == "1" else key
    form = {"action": action, "record": key, "confirmed": "yes"}
    answer = visitor(OPERATOR).post(f"/admin/names/{cast.nas.name}/do/", form)
    assert answer.status_code == 302
    assert list(SyncRequest.objects.all()) == [cast.request]
