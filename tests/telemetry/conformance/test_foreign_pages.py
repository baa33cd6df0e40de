"""Where loopback needs no key, a page that somebody opens must not send to the console in their name."""

import json
import uuid

import pytest

from accounts.models import ApiKey
from telemetry.senders import report as senders
from tests.telemetry.conformance.bodies import JSON, body, span

RUN = {"id": str(uuid.uuid4()), "name": "x", "run_type": "llm", "start_time": "2026-11-20T12:00:00Z"}
SCORE = {"traceId": "a" * 32, "name": "thumbs", "value": 1}
REST = "/api/v1/scores"
#: A page needs no leave of ours to send plain text.
TEXT = {"content-type": "text/plain"}

SENT = {
    "/v1/traces": (body(span()), JSON),
    "/api/v1/runs": (json.dumps(RUN).encode(), TEXT),
    "/api/v1/runs/batch": (json.dumps({"post": [RUN]}).encode(), TEXT),
    "/api/v1/feedback": (json.dumps({"trace_id": RUN["id"], "key": "thumbs", "score": 1}).encode(), TEXT),
    "/api/public/ingestion": (json.dumps({"batch": []}).encode(), TEXT),
    "/api/public/scores": (json.dumps(SCORE).encode(), TEXT),
    REST: (json.dumps({"trace_id": "t", "name": "thumbs", "value": 1}).encode(), TEXT),
}

FOREIGN = [
    {"origin": "https://elsewhere.example"},
    {"origin": "null"},
    {"sec-fetch-site": "cross-site"},
    # A name that was made to lead here.
    {"origin": "http://elsewhere.example", "host": "elsewhere.example"},
]


@pytest.mark.parametrize("path", SENT)
def test_no_receiver_takes_what_a_page_of_another_site_sends(http, project, path):
    content, media_type = SENT[path]
    for foreign in FOREIGN:
        answer = http.post(path, content=content, headers=media_type | foreign)
        # Where Django answers it knows no such host at all.
        assert answer.status_code == (400 if "host" in foreign and path == REST else 403), (foreign, answer.text)
    assert any("403: Pages of other sites need a key." in note.subject for note in senders.report(project).refused)
    own = {"origin": str(http.base_url).rstrip("/"), "sec-fetch-site": "same-origin"}
    assert http.post(path, content=content, headers=media_type | own).is_success


@pytest.mark.parametrize("path", SENT)
def test_programs_and_whoever_has_a_key_may_send_from_anywhere(http, project, path):
    content, media_type = SENT[path]
    key = ApiKey.issue(project, name="page")[1]
    keyed = {"origin": "https://elsewhere.example", "authorization": f"Bearer {key}"}
    assert http.post(path, content=content, headers=media_type | keyed).is_success
    if path != REST:
        assert http.post(path, content=content, headers=media_type | {"host": "host.docker.internal"}).is_success
