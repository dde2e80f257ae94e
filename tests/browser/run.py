"""Opens audits in headless Chromium: can they be searched, filtered, sorted and read, and do they load and say nothing?

Not part of the test suite, which needs no browser. Run it where Chromium is: `python tests/browser/run.py`, with
`--screenshots FOLDER` for pictures to look at. It speaks the Chrome DevTools Protocol over a pipe, so that it needs
nothing but the standard library and portlint.
"""

from __future__ import annotations

import argparse
import base64
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

# The texts whose contrast is below that of WCAG 2.2, 1.4.3 (4.5 to 1).
PALE = """() => {
  const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((part) => part / 255)
    .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const color = numbers(getComputedStyle(each).backgroundColor);
      if (color.length < 4 || color[3] > 0.99) return color;
    }
    return numbers(getComputedStyle(document.body).backgroundColor);
  };
  const found = [];
  for (const element of document.querySelectorAll("body *:not(script):not(title):not(option)")) {
    if (![...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) continue;
    const style = getComputedStyle(element);
    const rect = element.parentElement.querySelector(":scope > rect");
    const ground = rect ? numbers(getComputedStyle(rect).fill) : behind(element);
    const [one, other] = [light(numbers(element.closest("svg") ? style.fill : style.color)), light(ground)];
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (contrast < 4.5) found.push(`${element.tagName} ${element.textContent.slice(0, 30)} ${contrast.toFixed(2)}`);
  }
  return found.slice(0, 5);
}"""
# The texts of the map that overlap, or that leave it.
CROWDED = """() => {
  const picture = document.querySelector(".map svg");
  const whole = picture.getBoundingClientRect();
  const boxes = [...picture.querySelectorAll("text")].map((text) => [text.textContent, text.getBoundingClientRect()]);
  const found = boxes.filter(([, box]) => box.left < whole.left || box.right > whole.right + 1)
    .map(([text]) => `leaves: ${text}`);
  boxes.sort(([, a], [, b]) => a.top - b.top);
  boxes.forEach(([text, a], at) => {
    for (const [other, b] of boxes.slice(at + 1, at + 8)) {
      const apart = b.top > a.bottom - a.height * 0.3 || b.left > a.right || a.left > b.right;
      if (!apart) found.push(`overlap: ${text} and ${other}`);
    }
  });
  return found.slice(0, 5);
}"""


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
        self.events.clear()
        self.call("Page.navigate", url=page.as_uri())
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self.events.append(self._read())

    def value(self, expression: str) -> Any:
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"])
        return result["result"].get("value")

    def press(self, key: str, code: int) -> None:
        text = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **text)

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
    """Searched, filtered and sorted, by mouse and keyboard; nothing of the repository acts; nothing is loaded."""
    browser.open(page)
    everything = browser.value(PORTS)
    assert sorted(everything) == ["6379", "6379", "8000", "8001", "9000"], everything
    assert browser.value("document.getElementById('tools').hidden") is False

    browser.value("document.getElementById('search').focus()")
    browser.call("Input.insertText", text="IMG 6379")
    assert browser.value(PORTS) == ["6379"]
    assert browser.value("document.getElementById('count').textContent") == "1 of 5 places"
    for _ in "IMG 6379":
        browser.press("Backspace", 8)
    assert browser.value(PORTS) == everything

    choose = "const list = document.querySelectorAll('#tools select')[{}]; list.value = '{}'; " \
             "list.dispatchEvent(new Event('change'))"  # fmt: skip
    browser.value(f"{{ {choose.format(2, 'mismatch')} }}")
    assert sorted(browser.value(PORTS)) == ["8001", "9000"]
    browser.value(f"{{ {choose.format(2, '')} }}")

    head = "document.querySelector('#inventory th')"
    browser.value(f"{head}.querySelector('button').click()")
    assert browser.value(PORTS) == sorted(everything)
    assert browser.value(f"{head}.getAttribute('aria-sort')") == "ascending"
    for _ in range(5):  # behind search and the four lists comes the table, then its first heading
        browser.press("Tab", 9)
    browser.press("Tab", 9)
    assert browser.value("document.activeElement.textContent") == "Port"
    browser.press("Enter", 13)
    assert browser.value(PORTS) == sorted(everything, reverse=True)
    assert browser.value(f"{head}.getAttribute('aria-sort')") == "descending"

    port = "document.querySelector('.map .port.mismatch')"
    browser.value(f"{port}.scrollIntoView({{block: 'center'}})")
    place = json.loads(browser.value(f"JSON.stringify({port}.getBoundingClientRect())"))
    browser.call("Input.dispatchMouseEvent", type="mouseMoved", x=place["x"] + 5, y=place["y"] + 5)
    linked = "[...document.querySelectorAll('svg.picked text.with')].map((each) => each.firstChild.textContent)"
    assert "api" in browser.value(linked), browser.value(linked)
    browser.call("Input.dispatchMouseEvent", type="mouseMoved", x=1, y=1)
    assert browser.value("document.querySelectorAll('svg.picked').length") == 0

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


def check_reading(browser: Browser, page: Path) -> None:
    """Without scripts all is there to be read, and what only scripts can do is not offered."""
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(page)
    assert len(browser.value(PORTS)) == 5
    assert browser.value("getComputedStyle(document.getElementById('tools')).display") == "none"
    assert "8001" in browser.value("document.querySelector('.finding').innerText")
    assert browser.value("document.querySelectorAll('#inventory th button').length") == 0
    browser.call("Emulation.setScriptExecutionDisabled", value=False)


def check_looks(browser: Browser, page: Path, shots: Path | None) -> None:
    """In light and dark, wide and narrow: texts can be told from what is behind them, and from one another."""
    for theme in ("light", "dark"):
        for width in (1280, 360):
            browser.call(
                "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False
            )
            browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
            browser.open(page)
            assert browser.value("document.documentElement.scrollWidth <= innerWidth"), (page.name, width)
            pale = browser.value(f"({PALE})()")
            assert not pale, (page.name, theme, pale)
            crowded = browser.value(f"({CROWDED})()")
            assert not crowded, (page.name, crowded)
            if shots is not None:
                height = min(8000, browser.value("document.documentElement.scrollHeight"))
                clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
                shot = browser.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)["data"]
                (shots / f"{page.stem}-{theme}-{width}.png").write_bytes(base64.b64decode(shot))


def make_repositories(folder: Path) -> list[Path]:
    """One that is hostile, and one of 10 and one of 200 services."""
    found = [folder / name for name in ("hostile", "ten", "many")]
    for root, services in zip(found, (0, 10, 200), strict=True):
        files = dict(FILES)
        if services:
            ports = {f"service-{at}": 8000 + at if at % 3 else 9000 + at for at in range(services)}
            files = {f"apps/team{port % 7}/{name}.py": f"PORT = {port}\n" for name, port in ports.items()}
            entries = (f"  {name}: {{default: {port}, env_var: null}}\n" for name, port in ports.items())
            files["ports.yaml"] = f"ranges:\n  core: {{ports: 8000-8199}}\nports:\n{''.join(entries)}"
            mappings = (f"  {name}:\n    ports: ['{port + (port % 9 == 0)}:80']\n" for name, port in ports.items())
            files["compose.yaml"] = f"services:\n{''.join(mappings)}"
        for name, content in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(content)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("browser", nargs="*", default=["chromium", "chromium-browser", "google-chrome"])
    parser.add_argument("--screenshots", type=Path, metavar="FOLDER", help="keep pictures, to be looked at")
    given = parser.parse_args()
    program = next((found for name in given.browser if (found := shutil.which(name))), None)
    if program is None:
        sys.exit("there is no Chromium here")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        pages = []
        for root in make_repositories(folder):
            pages.append(folder / f"{root.name}.html")
            command = [sys.executable, "-m", "portlint", "report", str(root), "-q", "-o", str(pages[-1])]
            subprocess.run(command, check=True)
        browser = Browser(program, str(folder / "profile"))
        try:
            check(browser, pages[0])
            check_reading(browser, pages[0])
            for page in pages:
                check_looks(browser, page, given.screenshots)
        finally:
            browser.close()
    print("the audit works in", program)


if __name__ == "__main__":
    main()
