"""Drives the annotation page in headless Chromium: annotate.py PROGRAM [--axe axe.min.js] [--shots DIR]

Needs Debian's chromium and chromium-driver, and from PyPI selenium and pyarrow. See README.md beside.
"""

import argparse
import http.server
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

from selenium import webdriver
from selenium.webdriver import ActionChains
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

HERE = pathlib.Path(__file__).parent


def browser(width=1360, height=900, dark=False, scale=1):
    options = Options()
    for argument in ["--headless=new", "--no-sandbox", "--disable-gpu", f"--window-size={width},{height}", f"--force-device-scale-factor={scale}"]:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    if dark:
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark"}]})
    return driver


class Lab:
    def __init__(self, program):
        self.folder = tempfile.TemporaryDirectory()
        self.out = pathlib.Path(self.folder.name)
        subprocess.run([sys.executable, HERE / "fixture.py", self.out], check=True)
        self.process = subprocess.Popen(
            [program, "annotate", "--round", "1", "--serve", "--by", "anna", "--out", str(self.out)],
            stdout=subprocess.PIPE, text=True, cwd=self.out,
        )
        self.address = self.process.stdout.readline().strip()
        self.origin, self.host = re.match(r"(http://([^/]+))/", self.address).groups()

    @property
    def text(self):
        path = self.out / "rounds/01/annotations.toml"
        return path.read_text() if path.exists() else ""

    def status(self, path, headers=None, data=None):
        url = path if path.startswith("http") else self.address + path
        request = urllib.request.Request(url, headers=headers or {}, data=data)
        try:
            return urllib.request.urlopen(request).status
        except urllib.error.HTTPError as error:
            return error.code


def until(what, wanted=True, seconds=6):
    end = time.time() + seconds
    while time.time() < end:
        try:
            if bool(what()) == wanted:
                return
        except Exception:  # the page was changing
            pass
        time.sleep(0.05)
    raise AssertionError(f"never came true: {getattr(what, '__doc__', None) or what}")


class Tab:
    """One tab, with what a person does in it."""

    def __init__(self, driver, lab):
        self.driver, self.lab = driver, lab

    def open(self, query=""):
        self.driver.get(self.lab.address + query)
        return self

    def one(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def click(self, label):
        self.driver.find_element(By.XPATH, f"//*[self::button or self::a][@aria-label='{label}' or normalize-space()='{label}']").click()

    def key(self, keys):
        ActionChains(self.driver).send_keys(keys).perform()

    def verdict(self, prefix):
        row = self.driver.find_element(By.XPATH, f"//tr[.//a[contains(@class,'prefix') and @title='{prefix}']]")
        return row.find_element(By.CSS_SELECTOR, ".verdict").text

    def sees(self, prefix, verdict):
        until(lambda: verdict == re.sub(r"^\S ", "", self.verdict(prefix)))

    def heading(self):
        return self.one("h1").text

    def hacked(self):
        return self.driver.execute_script("return window.hacked === 1 || document.title.includes('HACKED')")


CASES = []


def case(function):
    CASES.append(function)
    return function


@case
def accept_refuse_split_undo(lab, tab):
    tab.open("?domain=mathnotes.example")
    tab.sees("/wiki", "proposed: accept")
    tab.click("Accept /wiki")
    tab.sees("/wiki", "accepted")
    assert 'prefixes = ["/wiki"]' in lab.text, lab.text
    tab.sees("/wiki/talk", "accepted above")
    tab.click("Refuse /wiki/talk")
    tab.sees("/wiki/talk", "refused")
    tab.click("Refuse /shop")
    until(lambda: '/shop' in lab.text)
    tab.click("Accept /questions")
    tab.sees("/questions/tagged", "accepted above") if tab.all("a.prefix[title='/questions/tagged']") else None
    until(lambda: '"/questions"' in lab.text)
    tab.click("Split /questions")
    until(lambda: '"/questions"' not in lab.text)
    tab.sees("/questions/tagged", "–")
    tab.click("Undo")
    tab.sees("/questions", "accepted")
    tab.click("Undo")
    until(lambda: '"/questions"' not in lab.text)
    tab.click("Redo")
    tab.sees("/questions", "accepted")
    before = lab.text
    tab.driver.refresh()
    tab.sees("/questions", "accepted")
    tab.sees("/shop", "refused")
    assert lab.text == before
    until(lambda: "1 of " in tab.one("#progress").text)


@case
def two_tabs_at_once(lab, tab):
    driver = tab.driver
    first = driver.current_window_handle
    tab.open("?domain=shuxue.example")
    driver.switch_to.new_window("tab")
    second = driver.current_window_handle
    tab.open("?domain=shuxue.example")
    tab.click("Accept /jiaocheng")
    tab.sees("/jiaocheng", "accepted")
    driver.switch_to.window(first)
    tab.click("Refuse /jiaocheng")
    until(lambda: "changed elsewhere" in tab.one(".alert").text)
    tab.sees("/jiaocheng", "accepted")
    assert 'prefixes = ["/jiaocheng"]' in lab.text
    # Another domain in each: both stay.
    tab.open("?domain=lectures.example")
    driver.switch_to.window(second)
    tab.click("Refuse /luntan")
    tab.sees("/luntan", "refused")
    driver.switch_to.window(first)
    tab.click("Accept math.lectures.example/")
    tab.sees("math.lectures.example/", "accepted")
    assert "/luntan" in lab.text and "math.lectures.example/" in lab.text, lab.text
    driver.switch_to.window(second)
    driver.close()
    driver.switch_to.window(first)


@case
def an_editor_at_the_same_time(lab, tab):
    path = lab.out / "rounds/01/annotations.toml"
    tab.open("?domain=hostile.example")
    path.write_text(lab.text + '\n# mine\n[[domain]]\nname = "site001.example"\nprefixes = ["/x"]   # why not\n')
    tab.click("Refuse /")
    tab.sees("/", "refused")
    assert "# mine" in lab.text and "# why not" in lab.text


@case
def quick_hands_act_on_what_the_answer_shows(lab, tab):
    tab.open("?domain=lectures.example")
    tab.key("jr")
    tab.sees("math.lectures.example/", "refused")
    assert "refused" not in tab.verdict("/")
    tab.key("cka")
    tab.sees("/", "accepted")
    tab.sees("math.lectures.example/", "accepted above")
    tab.key("uuu")
    tab.sees("/", "proposed: split")
    tab.open("?domain=site138.example")
    tab.driver.execute_script("for (const label of ['Accept /', 'Refuse /', 'Accept /'])"
                              " document.querySelector(`button[aria-label='${label}']`).click()")
    tab.sees("/", "accepted")
    tab.key("c")
    tab.sees("/", "–")


@case
def keyboard_only(lab, tab):
    tab.open("?domain=site139.example")
    tab.key("a")
    tab.sees("/", "accepted")
    live = tab.one("#live")
    until(lambda: "Accept /" in live.text and "judged" in live.text)
    tab.key("u")
    tab.sees("/", "–")
    tab.key("y")
    tab.sees("/", "accepted")
    tab.key("c")
    tab.sees("/", "–")
    tab.key("n")
    until(lambda: tab.heading() != "site139.example")
    tab.open("?domain=lectures.example")
    tab.key("j")
    until(lambda: tab.one("tr.selected a.prefix").get_attribute("title") == "math.lectures.example/")
    assert "math.lectures.example" in tab.one("#samples-title").text
    tab.key("r")
    tab.sees("math.lectures.example/", "refused")
    tab.key("l")
    until(lambda: tab.all("a.prefix[title='math.lectures.example/notes']"))
    tab.key("j")
    tab.key(Keys.ARROW_DOWN)
    tab.key("k")
    tab.key("u")
    until(lambda: tab.one("tr.selected a.prefix"))
    tab.key("?")
    until(lambda: tab.one("#help").is_displayed())
    assert "accept the prefix" in tab.one("#help").text
    tab.key(Keys.ESCAPE)
    until(lambda: not tab.one("#help").is_displayed())
    tab.key("/")
    tab.key("shuxue")
    until(lambda: [a.text for a in tab.all(".domains .name")] == ["shuxue.example"] or "No domain" in tab.one("nav").text)
    assert tab.driver.switch_to.active_element.get_attribute("id") == "find", "the focus stays in the field"
    tab.key(Keys.ESCAPE)
    tab.key("t")
    tab.key("a note" + Keys.ENTER)
    until(lambda: "# note on lectures.example: a note" in lab.text)
    # All by Tab: the whole page can be walked, and the focus is to be seen.
    tab.open("?domain=shuxue.example")
    tab.key(Keys.TAB)
    assert tab.driver.switch_to.active_element.get_attribute("href").endswith("#domain")
    seen = set()
    for _ in range(260):
        tab.key(Keys.TAB)
        active = tab.driver.switch_to.active_element
        seen.add(active.get_attribute("aria-label") or active.text)
        if "Accept /jiaocheng" in seen:
            break
    assert "Accept /jiaocheng" in seen, seen
    outline = tab.driver.execute_script("return getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"
    tab.key(Keys.ENTER)
    tab.sees("/jiaocheng", "accepted")
    assert tab.driver.switch_to.active_element.get_attribute("aria-label") == "Accept /jiaocheng", "the focus is kept"


@case
def hostile_pages_run_nothing(lab, tab):
    for query in ["?domain=hostile.example", "?domain=hostile.example&prefix=/%3Cscript%3Ealert(1)%3C/script%3E",
                  "?domain=%3Cscript%3Ewindow.hacked=1%3C/script%3E", "?find=%22%3E%3Cscript%3Ewindow.hacked=1%3C/script%3E&show=all"]:
        tab.open(query)
        time.sleep(0.3)
        assert not tab.hacked(), query
        for title in tab.all("h4"):
            ActionChains(tab.driver).move_to_element(title).perform()
        assert not tab.hacked(), query
    tab.open("?domain=hostile.example")
    assert tab.all("article math"), "formulas are shown"
    assert not tab.all("article img, article script, article [style], article iframe, article a[href^='javascript']")
    assert tab.driver.execute_script("return document.querySelectorAll('script').length") == 1
    for link in tab.all("article a"):
        assert link.get_attribute("href").startswith("https://"), link.get_attribute("href")
        assert {"noreferrer", "noopener"} <= set(link.get_attribute("rel").split())
    # Even a script that got in would not run.
    tab.driver.execute_script("const s = document.createElement('script'); s.textContent = 'window.hacked=1'; document.body.append(s); const i = document.createElement('div'); i.innerHTML = '<img src=x onerror=\"window.hacked=1\">'; document.body.append(i);")
    time.sleep(0.3)
    assert not tab.hacked()


@case
def nothing_without_the_token_or_from_elsewhere(lab, tab):
    assert lab.status("") == 200
    assert lab.status(lab.origin + "/") == 403
    assert lab.status(lab.address[:-2] + "/") == 403
    assert lab.status("", {"Host": "evil.test"}) == 403
    assert lab.status("act", {"Origin": "http://evil.test"}, b"do=take") == 403
    assert lab.status("..%2f..%2f..%2fetc/passwd") == 404
    assert lab.status("annotations.toml") == 404
    # A page of another origin can neither read nor write, nor frame it.
    before = lab.text
    class Blank(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()

        def log_message(self, *_):
            pass

    stranger = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Blank)
    threading.Thread(target=stranger.serve_forever, daemon=True).start()
    tab.driver.get(f"http://localhost:{stranger.server_port}/")
    reach = """const done = arguments[arguments.length - 1];
        (async () => {
            const found = [];
            for (const options of [{}, {method: 'POST', body: 'domain=mathnotes.example&do=take&seen=x'}, {method: 'POST', mode: 'no-cors', body: 'do=undo'}]) {
                try { const r = await fetch(arguments[0] + (options.method ? 'step' : ''), options); found.push(r.type + r.status); }
                catch (e) { found.push('refused'); }
            }
            done(found);
        })();"""
    found = tab.driver.execute_async_script(reach.replace("arguments[0]", json.dumps(lab.address)))
    assert all(answer in ("refused", "opaque0") for answer in found), found
    tab.driver.get("data:text/html,<form method=post action='" + lab.address + "step'><button name=do value=undo>x</button></form>")
    tab.one("button").click()
    until(lambda: "Only the annotation page" in tab.driver.page_source)
    tab.driver.get("data:text/html,<iframe src='" + lab.address + "'></iframe>")
    time.sleep(0.4)
    tab.driver.switch_to.frame(0)
    assert "judged" not in tab.driver.page_source
    tab.driver.switch_to.default_content()
    assert lab.text == before


@case
def without_the_script_it_works_too(lab, tab):
    tab.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        tab.open("?domain=site100.example")
        tab.click("Accept /")
        tab.sees("/", "accepted")
        assert '"site100.example"' in lab.text
    finally:
        tab.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def axe(lab, tab, script):
    for query in ["?domain=mathnotes.example", "?domain=hostile.example", "?find=nothing-at-all", "?show=judged"]:
        for dark in ["light", "dark"]:
            tab.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": dark}]})
            tab.open(query)
            tab.driver.execute_cdp_cmd("Runtime.evaluate", {"expression": script})
            result = tab.driver.execute_async_script("axe.run().then(arguments[arguments.length - 1])")
            for fault in result["violations"]:
                print(f"  axe: {query} {dark}: {fault['impact']}: {fault['id']}: {fault['help']} ({len(fault['nodes'])}): {fault['nodes'][0]['html'][:160]}")
            serious = [fault["id"] for fault in result["violations"] if fault["impact"] in ("serious", "critical")]
            assert not serious, serious


def shots(lab, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name, query, width, height, dark, scale in [
        ("domain", "?domain=mathnotes.example&prefix=/questions", 1360, 1000, False, 1),
        ("domain-dark", "?domain=mathnotes.example&prefix=/wiki", 1360, 1000, True, 1),
        ("chinese", "?domain=shuxue.example&show=all", 1360, 1000, False, 1),
        ("hostile", "?domain=hostile.example", 1360, 1000, False, 1),
        ("zoom-200", "?domain=mathnotes.example", 680, 500, False, 2),
        ("phone", "?domain=mathnotes.example", 400, 800, False, 2),
        ("judged", "?show=judged", 1360, 700, False, 1),
    ]:
        driver = browser(width, height, dark, scale)
        driver.get(lab.address + query)
        time.sleep(0.4)
        driver.save_screenshot(str(folder / f"{name}.png"))
        if name in ("domain", "phone", "zoom-200"):
            driver.execute_script("document.querySelector('.samples').scrollIntoView()")
            time.sleep(0.2)
            driver.save_screenshot(str(folder / f"{name}-samples.png"))
            # Nothing is cut off at the side.
            wide = driver.execute_script("return document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, f"{name}: {wide} pixels too wide"
        if name == "domain":
            ActionChains(driver).send_keys("?").perform()
            time.sleep(0.2)
            driver.save_screenshot(str(folder / "keys.png"))
        driver.quit()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--axe")
    parser.add_argument("--shots", type=pathlib.Path)
    parser.add_argument("--only")
    arguments = parser.parse_args()
    lab = Lab(str(pathlib.Path(arguments.program).resolve()))
    driver = browser()
    failed = 0
    try:
        cases = [*CASES]
        if arguments.axe:
            script = pathlib.Path(arguments.axe).read_text()
            cases.append(lambda lab, tab: axe(lab, tab, script))
            cases[-1].__name__ = "axe_finds_no_serious_fault"
        if arguments.shots:
            cases.append(lambda lab, tab: shots(lab, arguments.shots))
            cases[-1].__name__ = "screenshots"
        for case in cases:
            if arguments.only and arguments.only not in case.__name__:
                continue
            try:
                case(lab, Tab(driver, lab))
                print(f"ok    {case.__name__}", flush=True)
            except Exception as error:
                failed += 1
                print(f"FAILED {case.__name__}: {type(error).__name__}: {error}", flush=True)
                import traceback
                traceback.print_exc(limit=3)
        noise = [line for line in driver.get_log("browser") if line["level"] == "SEVERE"]
        for line in noise[:10]:
            print("  browser:", line["message"][:200])
    finally:
        driver.quit()
        lab.process.send_signal(2)
        assert lab.process.wait(timeout=5) == 0, "Ctrl-C ends it well"
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
