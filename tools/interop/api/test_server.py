"""What is not part of the SDK: health, the server's own description, live events, and the specification."""

import http.client
import json
import threading
import time

import pytest
from names import TINY
from tap import Exchange


def test_the_published_specification_is_at_hand(published):
    if published is None:
        pytest.skip("no published specification: put it at ../shared/api or name it in ATTUNE_OPENAPI; "
                    "answers were not held against it")
    assert published.template_of("/v1/models/acme%2Ftiny-chat") == "/models/{model}"
    assert published.template_of("/v1/fine_tuning/jobs/ftjob-1/events?limit=2") == \
        "/fine_tuning/jobs/{fine_tuning_job_id}/events"


def test_the_checker_finds_a_fault(published):
    if published is None:
        pytest.skip("no published specification")
    good = {"id": "m", "object": "model", "created": 1, "owned_by": "x"}
    for body, faults in ((good, 0), ({**good, "created": "now"}, 1), ({"id": "m"}, 3)):
        exchange = Exchange("GET", "/v1/models/m", {}, b"", 200, {"content-type": "application/json"}, json.dumps(body).encode())
        assert len(published.faults_of(exchange, "/models/{model}")) == faults


def test_the_server_is_healthy(server):
    assert server.request("GET", "/healthz")[0] == 200


def test_the_server_describes_what_it_serves(server, published):
    document = server.json("GET", "/openapi.json")
    assert document["openapi"].startswith("3.")
    served = {(method, path) for path, methods in document["paths"].items() for method in methods}
    assert len(served) > 20
    if published is not None:
        for method, path in served:
            template = published.template_of(path.replace("{", "").replace("}", ""))
            if template and "/v1" + template == path:
                assert method in published.document["paths"][template], f"{method} {path}"


def events_of(server, job, stop, found):
    """Reads the live events of a job until its stream ends."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=60)
    connection.request("GET", f"/v1/fine_tuning/jobs/{job}/events?stream=true", headers={"Accept": "text/event-stream"})
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    assert answer.getheader("content-type").startswith("text/event-stream")
    while not stop.is_set():
        line = answer.readline()
        if not line or line.startswith(b"data: [DONE]"):
            break
        if line.startswith(b"data:"):
            found.append((time.time(), json.loads(line[5:])))
    connection.close()


def test_live_events_are_those_of_the_list(server, client, helpers):
    file = helpers.rows_file(40)
    job = client.fine_tuning.jobs.create(model=TINY, training_file=file.id,
                                         hyperparameters={"n_epochs": 4, "batch_size": 4})
    found, stop = [], threading.Event()
    reader = threading.Thread(target=events_of, args=(server, job.id, stop, found))
    reader.start()
    helpers.wait(job.id)
    reader.join(10)
    ended = not reader.is_alive()
    stop.set()
    listed = [event.id for event in client.fine_tuning.jobs.list_events(job.id, limit=100)][::-1]
    assert [event["id"] for _, event in found] == listed
    assert ended, "the stream ends with the job"
    late = [at - event["created_at"] for at, event in found]
    assert max(late[3:]) < 2.5  # created_at has whole seconds
