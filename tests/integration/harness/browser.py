"""Headless Chromium by chromedriver, over the plain W3C WebDriver protocol. Every name leads to 127.0.0.1, and
certificates with the given key are trusted."""
import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import urllib.error
import urllib.request

from harness.ports import free_port
from harness.process import Process
from harness.wait import LIMIT, wait_until

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
QUIET = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
         "--disable-default-apps", "--no-default-browser-check", "--window-size=1200,900",
         "--host-resolver-rules=MAP * 127.0.0.1"]


def key_hash(certificate):
    """What --ignore-certificate-errors-spki-list wants of a certificate file."""
    key = subprocess.run(["openssl", "x509", "-in", certificate, "-pubkey", "-noout"], check=True, capture_output=True)
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "der"], input=key.stdout, check=True, capture_output=True)
    return base64.b64encode(hashlib.sha256(der.stdout).digest()).decode()


def find_program(*names):
    for name in names:
        if path := shutil.which(name):
            return path
    raise AssertionError(f"none of {names} is installed (./dev test installs them)")


class Browser:
    """Trusts the key of `certificate`, or what a user's `home` has in its database."""

    def __init__(self, folder, certificate=None, home=None):
        self.folder = str(folder)
        self.driver = Process("chromedriver", [find_program("chromedriver"), f"--port={free_port()}"], self.folder,
                              {"HOME": home} if home else None)
        self.port = int(wait_until(self._said_port, "chromedriver", detail=self.driver.tail))
        options = {"binary": find_program("chromium", "chromium-browser"),
                   "args": [*QUIET, f"--user-data-dir={os.path.join(self.folder, 'profile')}"]}
        if certificate:
            options["args"].append(f"--ignore-certificate-errors-spki-list={key_hash(certificate)}")
        made = self._call("POST", "/session", {"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}}})
        self.session = f"/session/{made['sessionId']}"

    def _said_port(self):
        found = re.search(r"started successfully on port (\d+)", self.driver.log_text())
        return found and found.group(1)

    def _call(self, method, path, body=None):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", method=method,
                                         data=json.dumps(body or {}).encode() if method == "POST" else None,
                                         headers={"Content-Type": "application/json"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=LIMIT * 3) as response:
                return json.load(response)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.read().decode()[:1000]}") from None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self._call("DELETE", self.session)
        finally:
            self.driver.kill()

    def go(self, url):
        self._call("POST", self.session + "/url", {"url": url})

    @property
    def url(self):
        return self._call("GET", self.session + "/url")

    def run(self, script, *words):
        """The value of a JavaScript function's body."""
        return self._call("POST", self.session + "/execute/sync", {"script": script, "args": list(words)})

    def text(self, selector):
        return self.run("const e = document.querySelector(arguments[0]); return e && e.textContent", selector)

    def wait_text(self, selector, text, seconds=LIMIT):
        return wait_until(lambda: text in (self.text(selector) or ""), f"{selector} says {text}", seconds,
                          lambda: f"{self.url}\n{self.run('return document.documentElement.outerHTML')[:3000]}\n{self.console()}")

    def _element(self, selector):
        return self._call("POST", self.session + "/element", {"using": "css selector", "value": selector})[ELEMENT]

    def type(self, selector, text):
        self._call("POST", f"{self.session}/element/{self._element(selector)}/value", {"text": text})

    def click(self, selector):
        self._call("POST", f"{self.session}/element/{self._element(selector)}/click", {})

    def call(self, method, path, body=None):
        """A command of WebDriver's, of this session."""
        return self._call(method, self.session + path, body)

    KEYS = {"Enter": "\ue007", "Escape": "\ue00c", "Tab": "\ue004", "ArrowDown": "\ue015", "ArrowUp": "\ue013"}

    def press(self, key):
        """One key, for whatever has the focus."""
        value = self.KEYS.get(key, key)
        self.call("POST", "/actions", {"actions": [{"type": "key", "id": "keys", "actions": [
            {"type": "keyDown", "value": value}, {"type": "keyUp", "value": value}]}]})

    def cdp(self, command, params):
        """A command of Chromium's own protocol."""
        return self.call("POST", "/goog/cdp/execute", {"cmd": command, "params": params})

    def size(self, width, height):
        """Of what the page sees; a window of its own cannot be so narrow."""
        self.cdp("Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})

    def media(self, name, value):
        self.cdp("Emulation.setEmulatedMedia", {"features": [{"name": name, "value": value}]})

    def screenshot(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.call("GET", "/screenshot")))

    def in_frame(self, selector, look):
        """What `look()` gives inside a frame."""
        frame = {ELEMENT: self._element(selector)}
        self._call("POST", self.session + "/frame", {"id": frame})
        try:
            return look()
        finally:
            self._call("POST", self.session + "/frame", {"id": None})

    def console(self):
        """What the page said since the last look: [(level, message)]."""
        return [(line["level"], line["message"]) for line in self._call("POST", self.session + "/se/log", {"type": "browser"})]


def installed_npm(source):
    """The node_modules of a folder with package.json and package-lock.json, installed once for all runs under build/."""
    import fcntl

    root = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
    target = os.path.join(root, "build", "frameworks", os.path.basename(source))
    os.makedirs(target, exist_ok=True)
    with open(os.path.join(target, ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = os.path.join(target, "node_modules", ".package-lock.json")
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(os.path.join(source, name), target)
        if not os.path.exists(done) or os.path.getmtime(done) < os.path.getmtime(os.path.join(source, "package-lock.json")):
            # Versions and hashes are the lock file's. Not `npm ci`: it wants every platform's optional package in it,
            # which a mirror may lack. The machine's own proxies and registry settings hold here.
            npm = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund"]
            ran = subprocess.run(npm, cwd=target, capture_output=True, text=True, timeout=300)
            assert ran.returncode == 0, f"npm install: {ran.stdout}{ran.stderr}"
    return os.path.join(target, "node_modules")


