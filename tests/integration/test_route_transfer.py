"""Routes in bulk: import and export as NDJSON, lists by cursor and by filter, over the API and by ingressctl."""
import json
import time

import pytest


@pytest.fixture(scope="module")
def stack(tmp_path_factory, ca):
    from harness.stack import Stack

    made = Stack(tmp_path_factory.mktemp("transfer"), ca)
    yield made
    made.stop()


@pytest.fixture
def admin(stack):
    return stack.admin


def line(number, **more):
    return {"id": f"rt_{number:05}", "patterns": [{"pattern": f"h{number}.example.com", "target": {"machine": "mach_a", "port": 4000}}], **more}


def ndjson(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


@pytest.fixture
def empty(admin):
    yield
    for row in admin.items("/v1/routes"):
        admin.ok("DELETE", f"/v1/routes/{row['id']}")


def test_what_is_exported_can_be_imported_again(stack, admin, empty, tmp_path):
    stored = tmp_path / "routes.ndjson"
    stored.write_bytes(ndjson(*[line(number, externalId=f"ext-{number % 10}", metadata={"n": number}) for number in range(2500)]))
    assert "2500 routes imported" in stack.ctl.ok("route", "import", stored).out
    exported = stack.ctl.ok("route", "export").out
    rows = [json.loads(text) for text in exported.splitlines()]
    assert len(rows) == 2500 and rows[7]["metadata"] == {"n": 7} and rows[7]["patterns"][0]["target"] == {"machine": "mach_a", "port": 4000}
    stored.write_text(exported)
    assert stack.ctl.run("route", "import", stored).code == 1, "they are there"
    assert stack.ctl.json("route", "import", stored, "--on-conflict", "overwrite") == {"imported": 2500}
    assert stack.ctl.ok("route", "export").out == exported


def test_a_row_whose_time_is_over_goes_back_in_and_is_over_at_once(stack, admin, empty):
    """An export holds those of the last day."""
    over = line(1, expiresAt=time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() - 60)))
    assert admin.refused("POST", "/v1/routes", over) == (400, "invalid_argument")
    assert admin.call("POST", "/v1/routes/import", raw=ndjson(over, line(2))).json == {"imported": 2}
    exported = admin.call("GET", "/v1/routes/export").body
    assert stack.get("h1.example.com").status == 410 and stack.get("h2.example.com").status != 410
    for row in ("rt_00001", "rt_00002"):
        admin.ok("DELETE", f"/v1/routes/{row}")
    assert admin.call("POST", "/v1/routes/import", raw=exported).json == {"imported": 2}
    assert stack.get("h1.example.com").status == 410
    admin.ok("POST", "/v1/routes", {"patterns": line(1)["patterns"]})
    assert stack.get("h1.example.com").status != 410, "its name is free for the same owner"


def test_an_export_over_the_api_names_its_next_page(admin, empty):
    admin.call("POST", "/v1/routes/import", raw=ndjson(*[line(number) for number in range(25)]))
    path, rows = "/v1/routes/export?limit=10", []
    while path:
        page = admin.call("GET", path)
        assert page.get("Content-Type") == "application/x-ndjson"
        rows += [json.loads(text) for text in page.body.decode().splitlines()]
        link = page.get("Link")
        path = link[1:link.index(">")] if link else None
    assert [row["id"] for row in rows] == [f"rt_{number:05}" for number in range(25)]


def test_a_bad_line_is_told_and_none_of_its_body_is_taken(admin, empty):
    bad = admin.call("POST", "/v1/routes/import", raw=ndjson(line(1)) + b"\n" + ndjson(line(2)) + b'{"id": "rt_3"}\n')
    assert (bad.status, bad.json["line"]) == (400, 3)
    taken = admin.call("POST", "/v1/routes/import", raw=ndjson(line(1), line(2), {**line(3), "patterns": line(1)["patterns"]}))
    assert (taken.status, taken.json["line"]) == (409, 3)
    assert admin.items("/v1/routes") == []
    assert admin.call("POST", "/v1/routes/import?onConflict=maybe", raw=ndjson(line(1))).status == 400
    assert admin.call("POST", "/v1/routes/import", raw=ndjson(*[line(number) for number in range(1001)])).status == 413


def test_ingressctl_names_the_line_of_the_file(stack, empty, tmp_path):
    stored = tmp_path / "routes.ndjson"
    stored.write_bytes(ndjson(*[line(number) for number in range(1500)]) + b"nonsense\n")
    done = stack.ctl.run("route", "import", stored)
    assert done.code == 1 and "line 1501" in done.err and "1500 routes were imported before" in done.err
    # Blank lines are lines, before a chunk and in it.
    stored.write_bytes(b"\n \t\r\nnonsense\n")
    assert "routes.ndjson, line 3: " in stack.ctl.run("route", "import", stored).err
    stored.write_bytes(b"".join(b"\n\n" + ndjson(line(number)) for number in range(2000, 2600)) + b"\nnonsense")
    done = stack.ctl.run("route", "import", stored)
    assert "line 1802: " in done.err and "500 routes were imported before" in done.err, done
    stored.write_bytes(b"\n" * 3000)
    assert stack.ctl.json("route", "import", stored) == {"imported": 0}


def test_routes_are_found_by_filters_and_cursors_together(admin, empty):
    admin.call("POST", "/v1/routes/import", raw=ndjson(*[line(number, externalId=f"ext-{number % 3}", **({"owner": "misha"} if number % 2 else {}))
                                                        for number in range(60)]))
    found = []
    path = "/v1/routes?externalId=ext-1&owner=misha&limit=4"
    page = admin.ok("GET", path)
    while True:
        found += [row["id"] for row in page["items"]]
        if page["next"] is None:
            break
        page = admin.ok("GET", f"{path}&cursor={page['next']}")
    assert found == [f"rt_{number:05}" for number in range(60) if number % 3 == 1 and number % 2]
    assert len(admin.items("/v1/routes?machine=mach_a&limit=7")) == 60
    assert admin.items("/v1/routes?project=misha") == [] and len(admin.items("/v1/routes?owner=misha")) == 30


def test_an_imported_route_serves_at_once(stack, admin, empty):
    admin.call("POST", "/v1/routes/import", raw=ndjson(line(9)))
    assert stack.get("h9.example.com").error != "route_not_found"
    assert stack.get("h8.example.com").error == "route_not_found"
