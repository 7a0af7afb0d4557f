"""The dashboard in headless Chromium, as an operator uses it."""
import os
import threading
import time

import pytest

from harness.browser import Browser
from harness.stack import MACHINE, PROJECT
from harness.wait import wait_until
from harness.websocket import WebSocket, echo_handler
from test_dashboard_http import built

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stack(tmp_path_factory, ca):
    from harness.stack import Stack

    made = Stack(tmp_path_factory.mktemp("dashboard"), ca)
    built(made)
    admin = made.admin
    admin.machine("mach_idle")
    for number in range(120):
        admin.ok("POST", "/v1/routes", {"id": f"rt_{number:04}", "patterns": [
            {"pattern": f"shop{number:04}.example.com", "target": {"machine": MACHINE}}]})
    yield made
    made.stop()


@pytest.fixture(scope="module")
def chromium(stack, tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("chromium"), os.path.join(stack.broker.tls_dir, "default.crt")) as browser:
        yield browser


def address(stack, way=""):
    return f"http://127.0.0.1:{stack.broker.admin_port}/{way}"


def show(browser, stack, way):
    """A page by its fragment, on a page that is there."""
    browser.run("location.hash = arguments[0]", way)


def log_in(browser, stack, token=None):
    browser.go(address(stack))
    browser.run("localStorage.clear()")
    browser.call("DELETE", "/cookie")
    browser.go(address(stack))
    browser.wait_text("h1", "Log in")
    browser.type("#token", token or stack.broker.admin_token)
    browser.press("Enter")
    browser.wait_text("nav", "Machines")


@pytest.fixture
def page(chromium, stack):
    log_in(chromium, stack)
    chromium.console()
    yield chromium
    bad = [line for line in chromium.console() if line[0] == "SEVERE" and "net::ERR_INCOMPLETE_CHUNKED" not in line[1]]
    assert not bad, bad


def listens(browser):
    wait_until(lambda: browser.run("return document.querySelector('.dot.good')") is not None, "it listens")


def rows(browser, table):
    return browser.run("return [...document.querySelectorAll(arguments[0] + ' tbody tr')].map(row => row.innerText.replace(/\\s+/g, ' ').trim())", table)


def first_content_ms(browser, url):
    browser.go("about:blank")
    browser.go(url)
    return wait_until(lambda: browser.run("return performance.getEntriesByName('first-contentful-paint')[0]?.startTime"), "painted")


def test_the_first_content_waits_for_the_page_alone(chromium, stack):
    """Under 200 ms where the machine has a processor to spare; held here against a page that is one file of text, which
    a machine that has other work delays as much."""
    times = [(first_content_ms(chromium, address(stack)), first_content_ms(chromium, address(stack, "docs"))) for _ in range(6)]
    ours, plain = min(first for first, _ in times), min(second for _, second in times)
    assert ours < max(200, plain * 3), times
    chromium.go(address(stack))
    blocking = chromium.run("return performance.getEntriesByType('resource').filter(e => e.renderBlockingStatus === 'blocking').map(e => e.name)")
    assert blocking == []


def test_a_wrong_token_is_said_to_be_wrong_and_a_session_outlives_a_reload(chromium, stack):
    log_in(chromium, stack)
    cookies = [cookie for cookie in chromium.call("GET", "/cookie") if cookie["name"] == "__Host-admin-session"]
    assert cookies[0]["httpOnly"] and cookies[0]["secure"] and cookies[0]["sameSite"] == "Strict"
    assert chromium.run("return document.cookie") == ""
    assert stack.broker.admin_token not in chromium.run("return JSON.stringify(localStorage) + document.documentElement.outerHTML")
    chromium.go(address(stack, "#/machines"))
    chromium.wait_text("#machines", MACHINE)
    chromium.click("#logout")
    chromium.wait_text("h1", "Log in")
    chromium.type("#token", "wrong")
    chromium.press("Enter")
    chromium.wait_text(".failure", "no such token")


def test_a_page_that_came_in_clear_from_elsewhere_says_why_no_login_lasts(chromium, stack):
    chromium.go(f"http://192.0.2.7:{stack.broker.admin_port}/")
    chromium.wait_text(".failure", "came in clear")


def test_a_link_with_a_token_logs_in_and_leaves_no_trace(chromium, stack):
    chromium.go(address(stack))
    chromium.run("localStorage.clear()")
    chromium.go("about:blank")
    chromium.go(address(stack, f"#token={stack.broker.admin_token}"))
    chromium.wait_text("nav", "Machines")
    assert stack.broker.admin_token not in chromium.url
    chromium.call("POST", "/back")
    wait_until(lambda: stack.broker.admin_token not in chromium.url, "the page before it")


def test_a_way_that_is_taken_as_the_page_appears_is_followed(chromium, stack):
    log_in(chromium, stack)
    chromium.go("about:blank")
    made = chromium.cdp("Page.addScriptToEvaluateOnNewDocument", {"source": """
        const seen = new MutationObserver(() => {
            if (!document.querySelector("nav")) return;
            seen.disconnect();
            location.hash = "#/routes";
        });
        seen.observe(document, {childList: true, subtree: true});"""})
    try:
        chromium.go(address(stack))
        chromium.wait_text("#routes", "shop0000.example.com")
    finally:
        chromium.cdp("Page.removeScriptToEvaluateOnNewDocument", made)


def test_machines_and_tunnels_are_live(page, stack):
    show(page, stack, "#/machines")
    page.wait_text("#machines", "mach_idle")
    wait_until(lambda: any(row.startswith(MACHINE) and " 1 " in row for row in rows(page, "#machines")), "its tunnel is counted",
               detail=lambda: str(rows(page, "#machines")))
    stack.admin.machine("mach_new")
    page.wait_text("#machines", "mach_new")
    page.type("[data-search]", "mach_i")
    wait_until(lambda: len(rows(page, "#machines")) == 1, "one begins so")
    page.run("document.activeElement.blur()")
    page.press("g")
    page.press("m")
    page.go(address(stack, f"#/machines/{MACHINE}"))
    page.wait_text("#tunnels", "127.0.0.1")
    page.click("#tunnels button")
    page.wait_text("#tunnels button", "sure?")
    before = [tunnel["id"] for tunnel in stack.admin.tunnels(MACHINE)]
    page.click("#tunnels button")
    page.wait_text(".log", "tunnel")
    wait_until(lambda: [tunnel["id"] for tunnel in stack.admin.tunnels(MACHINE)] not in ([], before), "the agent is back")
    stack.admin.ok("DELETE", "/v1/machines/mach_new")


def test_routes_are_searched_at_the_broker(page, stack):
    show(page, stack, "#/routes")
    page.wait_text("#routes", "shop0000.example.com")
    assert len(rows(page, "#routes")) == 50
    page.click("button.more")
    wait_until(lambda: len(rows(page, "#routes")) == 100, "the next page is there")
    page.press("/")
    page.type("[data-search]", "0077.ex")
    wait_until(lambda: len(rows(page, "#routes")) == 1 and "shop0077" in rows(page, "#routes")[0], "found by a part")
    page.run("document.activeElement.blur()")
    page.press("j")
    page.press("Enter")
    page.wait_text("h1", "rt_0077")
    page.press("Escape")
    page.wait_text("#routes", "shop")


def test_a_search_is_in_the_address(page, stack):
    typed = "return document.querySelector('[data-search]')?.value"
    show(page, stack, "#/routes")
    page.wait_text("#routes", "shop0000")
    page.type("[data-search]", "0077.ex")
    wait_until(lambda: page.url.endswith("#/routes?q=0077.ex"), "the address says it")
    page.run("location.reload()")
    page.wait_text("#routes", "shop0077")
    assert page.run(typed) == "0077.ex" and len(rows(page, "#routes")) == 1
    page.click("#routes a")
    page.wait_text("h1", "rt_0077")
    page.press("Escape")
    wait_until(lambda: page.run(typed) == "0077.ex" and len(rows(page, "#routes")) == 1, "back at what was found")
    show(page, stack, "#/routes?q=0011.ex")
    page.wait_text("#routes", "shop0011")
    assert page.run(typed) == "0011.ex"
    page.click("nav a[aria-current]")
    wait_until(lambda: page.run(typed) == "" and len(rows(page, "#routes")) == 50, "all routes")
    page.run("history.back()")
    wait_until(lambda: page.run(typed) == "0011.ex" and len(rows(page, "#routes")) == 1, "what was found before")


def test_the_row_that_keys_select_is_in_view(page, stack):
    show(page, stack, "#/routes")
    wait_until(lambda: len(rows(page, "#routes")) == 50, "more than fit")

    def in_view(row):
        return page.run("const place = document.querySelectorAll('#routes tbody tr')[arguments[0]].getBoundingClientRect();"
                        "return place.top >= document.querySelector('.bar').getBoundingClientRect().bottom && place.bottom <= innerHeight", row)

    for _ in range(48):
        page.press("j")
    wait_until(lambda: in_view(47) and not in_view(1), "scrolled down with it")
    for _ in range(46):
        page.press("k")
    wait_until(lambda: in_view(1), "scrolled up with it")


def test_exchanges_come_live_with_their_hops_and_fields_and_no_secret(page, stack, make_origin):
    origin = make_origin()
    show(page, stack, "#/exchanges")
    listens(page)
    host = stack.host(origin.port)
    stack.get(host, "/seen?token=s3cret", fields=[("Authorization", "Bearer s3cret"), ("X-Mark", "here")])
    stack.get("nobody.example.com", "/lost")
    page.wait_text("#exchanges", "/seen")
    page.wait_text("#exchanges", "/lost")
    page.run("[...document.querySelectorAll('#exchanges tbody tr')].find(row => row.innerText.includes('/seen')).click()")
    page.wait_text(".detail", "X-Mark")
    text = page.text(".detail")
    assert "Bearer [redacted]" in text and "here" in text and "s3cret" not in page.run("return document.documentElement.outerHTML")
    assert page.text(".waterfall").startswith("policy") and "origin" in page.text(".waterfall")
    page.press("Escape")
    wait_until(lambda: page.text(".detail") is None, "closed")
    page.type("[name=status]", "4xx")
    stack.get(host, "/again")
    wait_until(lambda: rows(page, "#exchanges") == [], "the filter holds for what came before")
    wait_until(lambda: page.run("return document.querySelector('.dot.good')") is not None, "it listens anew")
    stack.get(host, "/again")
    stack.get("nobody.example.com", "/lost2")
    page.wait_text("#exchanges", "/lost2")
    assert "/again" not in page.text("#exchanges")


def test_a_cleared_list_is_counted_anew_and_a_filter_that_nothing_passes_is_said(page, stack):
    show(page, stack, "#/exchanges")
    listens(page)
    stack.get("nobody.example.com", "/lost")
    page.wait_text("#exchanges", "/lost")
    page.press("x")
    page.wait_text(".filters .note", "0 came")
    assert rows(page, "#exchanges") == []
    for name, wrong, rest in (("status", "2", "xx"), ("host", "*", ".example.com")):
        page.type(f"[name={name}]", wrong)
        page.wait_text(".failure", f"Nothing is followed: a {name}")
        assert page.run("return document.querySelector('.dot').title") == "not followed"
        page.type(f"[name={name}]", rest)
        listens(page)
        assert page.text(".failure") is None


def test_why_and_changes_are_pages(page, stack):
    show(page, stack, "#/why")
    page.wait_text("h1", "Why")
    page.type("[name=host]", "nobody.iterate.app")
    page.press("Enter")
    page.wait_text(".verdict", "It fails at route")
    page.wait_text(".steps", "grammar")
    show(page, stack, "#/changes")
    page.wait_text("#changes", "rt_0119")
    stack.admin.machine("mach_changed")
    page.wait_text("#changes li", "mach_changed")
    page.click("#changes summary")
    page.wait_text("#changes ins", "mach_changed")
    page.click("#changes li button")
    page.click("#changes li button")
    wait_until(lambda: stack.admin.call("GET", "/v1/machines/mach_changed").status == 404, "undone")
    page.click("button.more")
    wait_until(lambda: page.run("return document.querySelectorAll('#changes li').length") > 110, "older ones")


def test_the_overview_plots_what_is_served(page, stack, make_origin):
    origin = make_origin()
    show(page, stack, "#/overview")
    wait_until(lambda: page.run("return document.querySelectorAll('.plot canvas').length") == 3, "three plots")

    def requests_shown():
        stack.get(stack.host(origin.port))
        return page.run("const value = document.querySelector('.plot .num')?.textContent; return Number(value) > 0")

    wait_until(requests_shown, "a rate above nothing")
    page.wait_text(".tiles", "1 tunnel")
    page.wait_text("main", MACHINE)


def test_everything_is_reached_by_keys_and_the_help_names_them(page, stack):
    for key, title in (("m", "Machines"), ("r", "Routes"), ("e", "Exchanges"), ("c", "Changes"), ("w", "Why")):
        page.press("g")
        page.press(key)
        page.wait_text("h1", title)
    page.press("?")
    page.wait_text(".help", "go to Machines")
    page.press("Escape")
    wait_until(lambda: page.text(".help") is None, "closed")
    reached = set()
    for _ in range(30):
        page.press("Tab")
        reached.add(page.run("const e = document.activeElement; return e.id || e.name || e.textContent.trim().slice(0, 20)"))
    assert {"Overview", "Machines", "theme", "help", "logout"} <= reached, reached
    outline = page.run("document.querySelector('#theme').focus({focusVisible: true}); return getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_the_help_has_the_keys_and_the_focus_to_itself(page, stack):
    machine = address(stack, f"#/machines/{MACHINE}")
    page.go(machine)
    page.wait_text("#tunnels", "127.0.0.1")
    page.click("#help")
    page.wait_text(".help", "back to the list")
    looks = "return performance.getEntriesByType('resource').filter(entry => entry.name.includes('/v1/tunnels')).length"
    before = page.run(looks)
    wait_until(lambda: page.run(looks) > before + 1, "what is beneath is drawn anew")
    for _ in range(5):
        page.press("Tab")
        assert page.run("const e = document.activeElement; return e === document.body || e.closest('dialog') !== null")
    page.press("Escape")
    wait_until(lambda: page.text(".help") is None, "closed")
    assert page.url == machine
    assert page.run("return document.activeElement.id") == "help", "the focus is where it was"
    page.press("Escape")
    wait_until(lambda: page.url.endswith("#/machines"), "back at the list")


def test_an_address_that_is_no_text_leads_to_a_page(chromium, stack):
    log_in(chromium, stack)
    for way in ("#/machines/%", "#/machines/%ff"):
        chromium.go("about:blank")
        chromium.go(address(stack, way))
        chromium.wait_text("h1", "Machines / %")
    chromium.run("localStorage.clear()")
    chromium.go("about:blank")
    chromium.go(address(stack, "#token=%"))
    chromium.wait_text(".login", "no such token")


def test_light_and_dark_follow_the_system_until_one_is_chosen(page, stack):
    ground = "return getComputedStyle(document.documentElement).backgroundColor"
    page.media("prefers-color-scheme", "dark")
    dark = page.run(ground)
    page.media("prefers-color-scheme", "light")
    light = page.run(ground)
    assert dark != light
    page.press("t")
    page.media("prefers-color-scheme", "dark")
    assert page.run(ground) == light, "light is chosen"
    page.press("t")
    assert page.run(ground) == dark
    page.press("t")
    assert page.run("return localStorage.getItem('ingress.theme')") is None


def test_at_400_pixels_no_page_is_wider_than_the_window(page, stack, make_origin):
    page.size(400, 800)
    try:
        for way in ("overview", "machines", f"machines/{MACHINE}", "routes", "routes/rt_0001", "exchanges", "why?host=nobody.iterate.app", "changes"):
            show(page, stack, "#/" + way)
            wait_until(lambda: page.run("return document.querySelector('main') !== null"), "drawn")
            time.sleep(0.3)  # what it loads may be wide
            assert page.run("return document.documentElement.scrollWidth") <= 400, way
    finally:
        page.size(1200, 900)


def test_a_long_pattern_is_broken_at_400_pixels(page, stack):
    name = ".".join(["l" * 60] * 3) + ".example.com"
    stack.admin.ok("POST", "/v1/routes", {"id": "rt_long", "patterns": [{"pattern": name, "target": {"machine": MACHINE}}]})
    page.size(400, 800)
    try:
        show(page, stack, "#/routes/rt_long")
        page.wait_text("section h2", name)
        assert page.run("return document.documentElement.scrollWidth") <= 400
    finally:
        page.size(1200, 900)
        stack.admin.ok("DELETE", "/v1/routes/rt_long")


def test_a_projects_token_is_shown_what_it_may_see(chromium, stack):
    made = stack.admin.ok("POST", "/v1/tokens", {"role": f"project:{PROJECT}"})
    log_in(chromium, stack, made["token"])
    chromium.wait_text("#machines", MACHINE)
    assert "mach_idle" not in chromium.text("#machines")
    assert chromium.text("nav") == "MachinesRoutesExchangesChanges"
    # The machine is attached to the project and belongs to nobody.
    wait_until(lambda: chromium.run("return document.querySelector('#machines .dot').title") == "connected", "it is up")
    assert chromium.text("#machines tbody td:nth-child(5)") == "—"
    show(chromium, stack, f"#/machines/{MACHINE}")
    chromium.wait_text("main", "Its tunnels are not shown to this token")
    assert "No tunnel is up" not in chromium.text("main")
    stack.admin.ok("DELETE", f"/v1/tokens/{made['id']}")
    chromium.wait_text(".login", "session has ended")


def test_a_restart_of_the_broker_is_said_to_have_ended_the_session(chromium, stack):
    log_in(chromium, stack)
    stack.broker.restart()
    chromium.wait_text(".login", "the broker was restarted")
    chromium.go(address(stack))
    chromium.wait_text(".login", "the broker was restarted")
    log_in(chromium, stack)


@pytest.mark.parametrize("way", ["#/machines", "#/routes", "#/routes/rt_0001", "#/changes"])
def test_a_page_that_was_opened_without_a_broker_goes_on_when_it_is_back(chromium, stack, way):
    log_in(chromium, stack)
    stack.broker.process.stop()
    show(chromium, stack, way)
    chromium.wait_text(".failure", "the broker does not answer")
    stack.broker.start()
    chromium.wait_text(".login", "the broker was restarted")


def test_a_log_out_in_another_tab_is_one_here(chromium, stack):
    log_in(chromium, stack)
    first = chromium.call("GET", "/window")
    second = chromium.call("POST", "/window/new", {"type": "tab"})["handle"]
    chromium.call("POST", "/window", {"handle": second})
    try:
        chromium.go(address(stack, "#/machines"))
        chromium.wait_text("nav", "Machines")
        chromium.click("#logout")
        chromium.wait_text("h1", "Log in")
        assert chromium.text(".login .note") is None
    finally:
        chromium.call("DELETE", "/window")
        chromium.call("POST", "/window", {"handle": first})
    chromium.wait_text(".login .note", "Logged out in another tab.")


def busy(stack, origin, seconds=24):
    """What an operator may see: a few machines, and requests of several kinds."""
    admin = stack.admin
    for name in ("mach_build7", "mach_lab2"):
        if admin.call("GET", f"/v1/machines/{name}").status == 404:
            admin.machine(name)
    end, number = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        number += 1
        host = f"{origin.port}__misha.iterate.app" if number % 3 else stack.host(origin.port)
        stack.get(host, f"/api/items/{number * 37 % 500}?page={number % 9}", fields=[
            ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64)"), ("Accept", "application/json"), ("Authorization", "Bearer eyJhbGciOi"),
            ("Cookie", "sid=8f1c; theme=dark"), ("Accept-Language", "en-GB,en;q=0.8")])
        if number % 11 == 0:
            stack.get("old.iterate.app", "/favicon.ico")
        if number % 17 == 0:
            stack.get(stack.host(1), "/health")
        time.sleep(0.03 + 0.05 * (number % 40 > 25))


def test_what_the_documentation_shows_of_it(page, stack, make_origin, tmp_path):
    """INGRESS_SCREENSHOTS names where the pictures go: docs/dashboard, to make those of the documentation anew (pngquant
    makes them small)."""
    from harness.origin import answering

    where = os.environ.get("INGRESS_SCREENSHOTS", str(tmp_path))
    origin = make_origin(answering(b'{"items":[]}', fields=[("Content-Type", "application/json"), ("Set-Cookie", "sid=8f1c; Path=/; HttpOnly"),
                                                             ("Cache-Control", "no-store"), ("Server", "uvicorn")]))
    long = bool(os.environ.get("INGRESS_SCREENSHOTS"))

    def shot(name):
        path = os.path.join(where, name)
        time.sleep(0.5)  # what is drawn a few times a second is drawn
        page.screenshot(path)
        assert os.path.getsize(path) > 5_000, name

    page.size(1280, 800)
    try:
        page.media("prefers-color-scheme", "light")
        show(page, stack, "#/exchanges")
        page.wait_text("h1", "Exchanges")
        listens(page)
        busy(stack, origin, 2)
        page.wait_text("#exchanges", "/api/items")
        page.press(" ")
        page.run("[...document.querySelectorAll('#exchanges tbody tr')].find(row => row.innerText.includes('/api/')).click()")
        page.wait_text(".detail", "uvicorn")
        shot("light.png")
        page.media("prefers-color-scheme", "dark")
        show(page, stack, "#/overview")
        page.wait_text(".tiles", "1 tunnel")
        busy(stack, origin, 90 if long else 3)
        shot("dark.png")
        page.media("prefers-color-scheme", "light")
        page.size(400, 720)
        show(page, stack, "#/machines")
        page.wait_text("#machines", MACHINE)
        shot("narrow.png")
    finally:
        page.size(1200, 900)
    kept = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "dashboard")
    assert all(os.path.getsize(os.path.join(kept, name)) < 100_000 for name in ("light.png", "dark.png", "narrow.png"))


def test_ten_thousand_exchanges_a_minute_do_not_grow_the_page(page, stack, make_origin):
    """170 a second, for as long as it takes to fill what the page keeps twice, and as long again."""
    origin = make_origin()
    host = stack.host(origin.port)
    stop = threading.Event()
    sent = [0, 0]

    def load(which):
        with stack.client() as client:
            due = time.monotonic()
            while not stop.is_set():
                client.get(host, f"/load/{sent[which]}?a=b", fields=[("Cookie", "a=" + "x" * 200), ("User-Agent", "load")])
                sent[which] += 1
                due += 1 / 90
                time.sleep(max(0, due - time.monotonic()))

    def came():
        text = page.run("return document.querySelector('.filters .note').textContent")
        return int(text.split()[0].replace(",", ""))

    def heap():
        page.cdp("HeapProfiler.collectGarbage", {})
        return page.cdp("Runtime.getHeapUsage", {})["usedSize"]

    show(page, stack, "#/exchanges")
    listens(page)
    threads = [threading.Thread(target=load, args=(which,)) for which in range(2)]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: came() > 4000, "the page's ring is full", 240)
        full = heap()
        wait_until(lambda: came() > 8000, "it went round again", 240)
        later = heap()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert later < full * 1.15 + 500_000, (full, later)
    assert later < 40_000_000
    assert len(rows(page, "#exchanges")) <= 200
    assert " lost" not in page.text(".filters .note")


def test_a_link_with_a_token_replaces_no_session(chromium, stack):
    log_in(chromium, stack)
    made = stack.admin.ok("POST", "/v1/tokens", {"role": f"project:{PROJECT}"})
    chromium.go("about:blank")
    chromium.go(address(stack, f"#token={made['token']}"))
    chromium.wait_text("nav", "Overview")
    assert chromium.text(".who") == "admin" and made["token"] not in chromium.url
    stack.admin.ok("DELETE", f"/v1/tokens/{made['id']}")


def test_a_login_in_another_tab_is_one_here(chromium, stack):
    log_in(chromium, stack)
    made = stack.admin.ok("POST", "/v1/tokens", {"role": f"project:{PROJECT}"})
    first = chromium.call("GET", "/window")
    second = chromium.call("POST", "/window/new", {"type": "tab"})["handle"]
    chromium.call("POST", "/window", {"handle": second})
    try:
        log_in(chromium, stack, made["token"])
    finally:
        chromium.call("DELETE", "/window")
        chromium.call("POST", "/window", {"handle": first})
    wait_until(lambda: chromium.text("nav") == "MachinesRoutesExchangesChanges", "it is of who logged in last")
    stack.admin.ok("DELETE", f"/v1/tokens/{made['id']}")


def hide(browser, hidden):
    """What the page is told of whether somebody sees it."""
    browser.run("const hidden = arguments[0]; Object.defineProperty(document, 'hidden', {configurable: true, get: () => hidden});"
                "document.dispatchEvent(new Event('visibilitychange'))", hidden)


def lets_go(browser):
    wait_until(lambda: browser.run("return document.querySelector('.dot').title") == "hidden", "it has no connection")


def revisions(browser):
    return browser.run("return [...document.querySelectorAll('#changes .rev')].map(each => Number(each.textContent))")


def test_a_page_that_nobody_sees_has_no_stream_and_misses_no_change(page, stack):
    show(page, stack, "#/changes")
    page.wait_text("h1", "Changes")
    listens(page)
    stack.admin.machine("mach_seen")
    page.wait_text("#changes li", "mach_seen")
    hide(page, True)
    lets_go(page)
    stack.admin.machine("mach_unseen")
    assert "mach_unseen" not in page.text("#changes")
    hide(page, False)
    page.wait_text("#changes li", "mach_unseen")
    assert revisions(page) == sorted(set(revisions(page)), reverse=True)
    for name in ("mach_seen", "mach_unseen"):
        stack.admin.ok("DELETE", f"/v1/machines/{name}")


def test_exchanges_that_came_while_nobody_saw_the_page_are_said_to_be_missing(page, stack):
    show(page, stack, "#/exchanges")
    page.wait_text("h1", "Exchanges")
    listens(page)
    hide(page, True)
    lets_go(page)
    stack.get("nobody.example.com", "/unseen")
    hide(page, False)
    listens(page)
    page.wait_text(".filters .note", "none from while the page was hidden")
    stack.get("nobody.example.com", "/after")
    page.wait_text("#exchanges", "/after")
    assert "/unseen" not in page.text("#exchanges")
    page.press("x")
    wait_until(lambda: "hidden" not in page.text(".filters .note"), "of a list that begins anew nothing is missing")


def test_an_exchange_stays_open_when_its_row_is_gone(page, stack, make_origin):
    host = stack.host(make_origin().port)
    show(page, stack, "#/exchanges")
    page.wait_text("h1", "Exchanges")
    listens(page)
    stack.get(host, "/picked")
    page.wait_text("#exchanges", "/picked")
    page.run("document.querySelector('#exchanges tbody tr').click()")
    page.wait_text(".detail .target", "/picked")
    with stack.client() as client:
        for number in range(250):
            client.get(host, f"/later/{number}")
    page.wait_text("#exchanges", "/later/249")
    assert "/picked" not in page.text("#exchanges")
    assert page.text(".detail .target") == "/picked"
    page.press("j")
    page.wait_text(".detail .target", "/later/")
    page.press("x")
    wait_until(lambda: page.text(".detail") is None, "cleared with the list")


def test_a_websocket_that_runs_is_told_to_each_who_looks_and_ends_while_the_list_is_held(page, stack, make_origin):
    def lasting():
        return [row for row in rows(page, "#exchanges") if "/lasting" in row]

    with stack.client() as client:
        WebSocket(client, stack.host(make_origin(echo_handler).port), "/lasting").echo("here")
        for _ in range(2):
            page.go("about:blank")
            page.go(address(stack, "#/exchanges"))
            page.wait_text("#exchanges", "/lasting")
        wait_until(lambda: len(lasting()) == 1 and "…" in lasting()[0], "it goes on", detail=lambda: str(lasting()))
        page.press(" ")
        page.wait_text(".tools", "Go on")
        client.close()
    wait_until(lambda: len(lasting()) == 1 and "…" not in lasting()[0], "it has ended", detail=lambda: str(lasting()))


def test_older_changes_come_once_however_often_they_are_asked_for(page, stack):
    show(page, stack, "#/changes")
    wait_until(lambda: len(revisions(page)) == 100, "a page of them")
    page.run("const more = document.querySelector('button.more'); more.click(); more.click()")
    wait_until(lambda: len(revisions(page)) > 110, "older ones")
    time.sleep(0.5)  # the same ones would come a second time
    assert revisions(page) == sorted(set(revisions(page)), reverse=True)
