"""The API described: for machines, and for people."""

import re

import pytest

from onwatch import api_pages
from onwatch.api import api as onwatch_api
from tests.people import make_bob

CONTRACT = {
    "/api/v1/summary": {"get"}, "/api/v1/spans": {"get", "post"}, "/api/v1/traces": {"get"}, "/api/v1/scores": {"post"},
    "/api/v1/changes": {"get", "post"}, "/api/v1/cost-events": {"post"}, "/api/v1/alerts": {"get"},
    "/api/v1/incidents": {"get", "post"}, "/api/v1/budgets": {"get"}, "/api/v1/budgets/check": {"get"},
}  # fmt: skip


def test_the_document_holds_the_contract(client, db):
    answer = client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    document = answer.json()
    assert document["openapi"].startswith("3.")
    for path, methods in CONTRACT.items():
        assert methods <= set(document["paths"][path]), path
    assert document["components"]["securitySchemes"]["KeyAuth"]["scheme"] == "bearer"
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    assert all(operation["security"] and operation["summary"] and operation["tags"] for operation in operations)


def test_every_reference_in_the_document_leads_somewhere(client, db):
    document = client.get("/api/v1/openapi.json").json()

    def references(value):
        if isinstance(value, dict):
            yield from ([value["$ref"]] if isinstance(value.get("$ref"), str) else ())
            for inner in value.values():
                yield from references(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from references(inner)

    for reference in references(document):
        target = document
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]


def test_the_page_shows_every_operation_and_loads_nothing_from_elsewhere(client, project):
    assert client.get("/api/v1/docs").status_code == 302
    client.force_login(make_bob(project))
    answer = client.get("/api/v1/docs")
    page = answer.content.decode()
    for path in CONTRACT:
        assert path in page
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)
    assert "<script>" not in page
    assert "'unsafe-inline'" not in answer["Content-Security-Policy"].split("style-src")[0]


@pytest.mark.parametrize(
    ("path", "method", "name", "kind"),
    [
        ("/api/v1/traces", "GET", "from", "string"),
        ("/api/v1/traces", "GET", "status", "ok | error | unfinished"),
    ],
)
def test_parameters_are_described_by_name_and_type(path, method, name, kind):
    found = {
        (operation.path, operation.method): operation
        for group in api_pages.groups(onwatch_api.get_openapi_schema(path_prefix="/api/v1/"))
        for operation in group.operations
    }
    assert next(value.type for value in found[path, method].parameters if value.name == name) == kind


def test_bodies_and_answers_are_described_field_by_field():
    groups = api_pages.groups(onwatch_api.get_openapi_schema(path_prefix="/api/v1/"))
    operations = {(one.path, one.method): one for group in groups for one in group.operations}
    spans = operations["/api/v1/spans", "POST"]
    assert spans.takes_many
    body = {value.name: value for value in spans.body}
    assert body["trace_id"].required
    assert body["documents"].type == "list of object"
    assert [value.depth for value in spans.body if value.name == "content"] == [1]
    summary = operations["/api/v1/summary", "GET"]
    assert {"calls", "errors", "cost_usd", "latency_ms", "p99", "health", "components", "scores", "mean"} <= {
        value.name for value in summary.answer
    }


def test_code_in_descriptions_is_marked_and_nothing_else_is_markup():
    assert api_pages.marked("`now-6h` <b> & `<i>`") == "<code>now-6h</code> &lt;b&gt; &amp; <code>&lt;i&gt;</code>"
