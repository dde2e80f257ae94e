"""Opens an audit in headless Chromium: is it searched, filtered and sorted, and does it load and say nothing wrong?

Not part of the test suite, which needs no browser. Run it where Chromium is: `python tests/browser/run.py [BROWSER]`.
It speaks the Chrome DevTools Protocol over a pipe, so that it needs nothing but the standard library and portlint.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

FILES = {
    "ports.yaml": "ports:\n  api: {default: 8000, env_var: API_PORT}\n  redis: {default: 6379, env_var: REDIS_PORT}\n",
    "app.py": 'import os\nPORT = int(os.getenv("API_PORT", "8001"))  # <script>document.title = "taken"</script>\n',
    "<img src=x onerror=alert(1)>.py": "api_port = 8000\nredis_port = 6379\n",
    ".env": "API_PORT=9000\nREDIS_PORT=6379\n",
}
VISIBLE = "[...document.querySelectorAll('#inventory tbody tr')].filter((row) => !row.hidden)"
PORTS = f"{VISIBLE}.map((row) => row.cells[0].textContent)"


class Browser:
    """One page of a headless browser. `events` are those that it sent besides its answers."""

    def __init__(self, program: str, profile: str) -> None:
        to_browser, self._out = os.pipe()
        self._in, from_browser = os.pipe()

        def as_three_and_four() -> None:
            os.dup2(to_browser, 13)
            os.dup2(from_browser, 14)
            os.dup2(13, 3)
            os.dup2(14, 4)

        options = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--remote-debugging-pipe",
            f"--user-data-dir={profile}",
        ]
        self._process = subprocess.Popen(
            [program, *options, "about:blank"],
            preexec_fn=as_three_and_four,
            close_fds=False,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        self._rest, self._number, self._session = b"", 0, None
        self.events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> Any:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while (answer := self._read()).get("id") != self._number:
            self.events.append(answer)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def open(self, page: Path) -> None:
        self.call("Page.navigate", url=page.as_uri())
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self.events.append(self._read())

    def value(self, expression: str) -> Any:
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"])
        return result["result"].get("value")

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(10)

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            more = os.read(self._in, 65536)
            if not more:
                raise RuntimeError("the browser has ended")
            self._rest += more
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)


def check(browser: Browser, page: Path) -> None:
    browser.open(page)
    everything = browser.value(PORTS)
    assert sorted(everything) == ["6379", "6379", "8000", "8001", "9000"], everything
    assert browser.value("document.getElementById('tools').hidden") is False

    search = "const box = document.getElementById('search'); box.value = {}; box.dispatchEvent(new Event('input'))"
    browser.value(f"{{ {search.format(json.dumps('IMG 6379'))} }}")
    assert browser.value(PORTS) == ["6379"]
    assert browser.value("document.getElementById('count').textContent") == "1 of 5 places"
    browser.value(f"{{ {search.format(json.dumps(''))} }}")

    choose = "const list = document.querySelectorAll('#tools select')[{}]; list.value = '{}'; " \
             "list.dispatchEvent(new Event('change'))"  # fmt: skip
    browser.value(f"{{ {choose.format(2, 'mismatch')} }}")
    assert sorted(browser.value(PORTS)) == ["8001", "9000"]
    browser.value(f"{{ {choose.format(2, '')} }}")

    head = "document.querySelector('#inventory th')"
    browser.value(f"{head}.querySelector('button').click()")
    assert browser.value(PORTS) == sorted(everything)
    assert browser.value(f"{head}.getAttribute('aria-sort')") == "ascending"
    browser.value(f"{head}.querySelector('button').click()")
    assert browser.value(PORTS) == sorted(everything, reverse=True)

    text = browser.value("document.body.innerText")
    assert "<img src=x onerror=alert(1)>.py" in text
    assert '<script>document.title = "taken"</script>' in text
    assert browser.value("document.title").startswith("The ports of ")
    assert browser.value("document.images.length + document.scripts.length") == 1

    asked = [e["params"]["request"]["url"] for e in browser.events if e["method"] == "Network.requestWillBeSent"]
    assert asked == [page.as_uri()], asked
    wrong = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded", "Page.javascriptDialogOpening")
    said = [event for event in browser.events if event["method"] in wrong]
    assert not said, said


def main() -> None:
    names = sys.argv[1:] or ["chromium", "chromium-browser", "google-chrome"]
    program = next((found for name in names if (found := shutil.which(name))), None)
    if program is None:
        sys.exit("there is no Chromium here")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "shop")
        root.mkdir()
        for name, content in FILES.items():
            (root / name).write_text(content)
        page = Path(folder, "ports.html")
        subprocess.run([sys.executable, "-m", "portlint", "report", str(root), "-q", "-o", str(page)], check=True)
        browser = Browser(program, str(Path(folder, "profile")))
        try:
            check(browser, page)
        finally:
            browser.close()
    print("the audit works in", program)


if __name__ == "__main__":
    main()
