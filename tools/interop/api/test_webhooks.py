"""Webhooks: a delivery that the SDK's own unwrap accepts, tried again until it is taken, always with one id."""

import http.server
import threading
import time

import openai
import pytest
from names import TINY


class Receiver:
    def __init__(self, statuses):
        self.deliveries, self.statuses = [], list(statuses)
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.deliveries.append((dict(self.headers.items()), body))
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/hook"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def wait(self, count, timeout=30):
        deadline = time.monotonic() + timeout
        while len(self.deliveries) < count:
            assert time.monotonic() < deadline, f"{len(self.deliveries)} of {count} deliveries came"
            time.sleep(0.05)

    def close(self):
        self.http.shutdown()
        self.http.server_close()


EVENTS = ["fine_tuning.job.succeeded", "fine_tuning.job.failed", "fine_tuning.job.cancelled"]


@pytest.fixture
def endpoint(client):
    made = []

    def make(statuses=(), event_types=EVENTS):
        receiver = Receiver(statuses)
        row = client.webhooks.create(name="interop", url=receiver.url, event_types=event_types)
        made.append((receiver, row))
        return receiver, row

    yield make
    for receiver, row in made:
        client.webhooks.delete(row.id)
        receiver.close()


def run_job(client, helpers, rows=10):
    job = client.fine_tuning.jobs.create(model=TINY, training_file=helpers.rows_file(rows).id,
                                         hyperparameters={"n_epochs": 1, "batch_size": 5})
    return helpers.wait(job.id)


def test_the_sdk_unwraps_what_is_delivered(client, helpers, endpoint):
    receiver, row = endpoint()
    job = run_job(client, helpers)
    receiver.wait(1)
    headers, body = receiver.deliveries[0]
    event = client.webhooks.unwrap(body.decode(), headers, secret=row.signing_secret)
    assert (event.type, event.object, event.data.id) == ("fine_tuning.job.succeeded", "event", job.id)
    assert event.id.startswith("evt_")
    assert abs(event.created_at - job.finished_at) <= 2
    with pytest.raises(openai.InvalidWebhookSignatureError):
        client.webhooks.unwrap(body.decode() + " ", headers, secret=row.signing_secret)


@pytest.mark.parametrize("outcome", ["failed", "cancelled"])
def test_other_endings_are_told_as_well(client, helpers, endpoint, outcome):
    receiver, row = endpoint()
    if outcome == "failed":
        job = run_job(client, helpers, rows=3)
    else:
        job = helpers.long_job()
        client.fine_tuning.jobs.cancel(job.id)
        job = helpers.wait(job.id)
    receiver.wait(1)
    headers, body = receiver.deliveries[0]
    event = client.webhooks.unwrap(body.decode(), headers, secret=row.signing_secret)
    assert (event.type, event.data.id) == (f"fine_tuning.job.{outcome}", job.id)


def test_a_refused_delivery_comes_again_with_the_same_id(client, helpers, endpoint):
    receiver, row = endpoint(statuses=[500, 302])
    run_job(client, helpers)
    receiver.wait(3, timeout=60)
    assert len({headers["webhook-id"] for headers, _ in receiver.deliveries}) == 1
    assert len({body for _, body in receiver.deliveries}) == 1
    for headers, body in receiver.deliveries:
        client.webhooks.verify_signature(body.decode(), headers, secret=row.signing_secret)


def test_only_the_asked_types_are_delivered(client, helpers, endpoint):
    everything, _ = endpoint()
    failures, _ = endpoint(event_types=["fine_tuning.job.failed"])
    run_job(client, helpers)
    everything.wait(1)
    time.sleep(0.5)
    assert failures.deliveries == []


def test_endpoints_are_kept_and_their_secret_is_told_once(client, endpoint):
    _, made = endpoint()
    assert made.object == "webhook_endpoint"
    assert made.signing_secret.startswith("whsec_")
    kept = client.webhooks.retrieve(made.id)
    assert (kept.name, kept.url, kept.event_types) == ("interop", made.url, EVENTS)
    assert not hasattr(kept, "signing_secret")
    assert made.id in {listed.id for listed in client.webhooks.list(limit=1)}
    changed = client.webhooks.update(made.id, name="renamed", event_types=EVENTS[:1])
    assert (changed.name, changed.event_types, changed.url) == ("renamed", EVENTS[:1], made.url)
    assert client.webhooks.rotate_secret(made.id).signing_secret != made.signing_secret
    assert set(EVENTS) <= set(client.webhooks.event_types.list().data)


def test_an_endpoint_is_tried_out(client, endpoint):
    receiver, row = endpoint(statuses=[204])
    result = client.webhooks.test(row.id, event_type=EVENTS[0])
    assert (result.object, result.status_code, result.webhook_endpoint_id) == ("webhook_endpoint.test", 204, row.id)
    headers, body = receiver.deliveries[0]
    assert client.webhooks.unwrap(body.decode(), headers, secret=row.signing_secret).type == EVENTS[0]


def test_an_unknown_endpoint_is_not_found(client):
    with pytest.raises(openai.NotFoundError):
        client.webhooks.retrieve("whe_ofnothing")


@pytest.mark.parametrize(("param", "value"), [("url", "ftp://localhost/x"), ("url", "nowhere"), ("event_types", ["cake.eaten"]),
                                              ("name", "")])
def test_an_endpoint_that_cannot_be_is_refused(client, param, value):
    with pytest.raises(openai.BadRequestError) as raised:
        client.webhooks.create(**{"name": "n", "url": "http://127.0.0.1:9/x", "event_types": EVENTS, param: value})
    assert param in raised.value.param
