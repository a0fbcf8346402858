"""The page in a real browser: read, filtered, unfolded, and nothing it should not do."""

import json
from types import SimpleNamespace

import headless
import numpy as np
import pytest

import refscore.verify as rv
from refscore.verify.compare import Judgement
from refscore.verify.render import html
from refscore.verify.report import CaseResult, CheckResult, Diagnosis, Report

BROWSER = headless.found()
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium: nothing can show the page")

HOSTILE = "<script>window.hurt = 1</script><img src=x onerror='window.hurt = 2'>"
NASTY = f"\"quotes' &amp; {HOSTILE} \u2028\u202e\x00\x1b[31m \ud800" + "long" * 2000


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    try:
        made = headless.Browser(BROWSER, tmp_path_factory.mktemp("profile"))
    except (RuntimeError, TimeoutError, OSError) as error:
        pytest.skip(f"{BROWSER} does not start: {error}")
    yield made
    made.close()


@pytest.fixture(scope="module")
def reports():
    """The bundled faulty subject, a step with half the noise it needs, and a hostile subject."""
    from refscore.verify.faulty import subject as faulty

    def langevin_step(score, x, step_size, rng):
        x = np.asarray(x)
        return x + step_size / 2 * score(x) + np.sqrt(step_size / 2) * rng.normal(size=x.shape)

    cold = SimpleNamespace(name="cold chain", langevin_step=langevin_step)
    checks = ["denoising_given_noise", "hutchinson_given_probes", "implicit_affine", "E9-draws"]
    runs = [rv.run(subject, checks=checks).to_dict() for subject in (faulty, cold)]
    return json.loads(json.dumps([*runs, _hostile().to_dict()]))


def _hostile():
    judged = Judgement(NASTY, False, float("nan"), 1e-9, NASTY, np.array([np.nan]), np.ones(1))
    check = CheckResult(
        "B2", "implicit_affine", "fails", ("implicit_loss",), NASTY, NASTY, "exact",
        [CaseResult(NASTY, "fails", [judged])], NASTY, Diagnosis((NASTY,), NASTY, NASTY),
    )  # fmt: skip
    return Report(HOSTILE, NASTY, "numpy", [check], 1, NASTY, [NASTY], 0.1, NASTY)


@pytest.fixture
def page(browser, reports, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(html.render(reports), encoding="utf-8")
    browser(
        "Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"]
    )
    browser.open(path.as_uri())
    yield browser
    assert browser.complaints() == []
    assert browser.requests() == [path.as_uri()]
    assert browser.run("window.hurt === undefined && document.querySelectorAll('script').length")


SHOWN = "[...document.querySelectorAll('details.check')].filter(r => r.checkVisibility())"


def _click(page, selector):
    """A click of the mouse on the middle of an element."""
    place = page.run(
        f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
        " e.scrollIntoView({block: 'center'});"
        " const b = e.getBoundingClientRect();"
        " return {x: b.x + b.width / 2, y: b.y + b.height / 2}; })()"
    )
    for kind in ("mousePressed", "mouseReleased"):
        page("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **place)


def test_the_matrix_is_the_json(page, reports):
    """Every verdict of every subject, counted by the glyph a reader sees."""
    counts = page.run(
        "[...document.querySelectorAll('.head .cell')].map((_, i) => {"
        " const found = {};"
        " for (const cell of document.querySelectorAll(`.check .cell:nth-child(${i + 2})`))"
        "  found[cell.textContent[0]] = (found[cell.textContent[0]] ?? 0) + 1;"
        " return found; })"
    )
    names = {check["name"] for report in reports for check in report["checks"]}
    for seen, report in zip(counts, reports, strict=True):
        expected = {
            "✗": report["counts"]["fails"],
            "✓": report["counts"]["holds"],
            "·": report["counts"]["not offered"] + len(names) - len(report["checks"]),
        }
        assert seen == {glyph: count for glyph, count in expected.items() if count}
    heads = page.run("[...document.querySelectorAll('.head .cell')].map(c => c.textContent)")
    assert heads == ["faulty", "cold chain", HOSTILE]


def test_a_failure_unfolds(page, reports):
    row = "#denoising_given_noise"
    assert not page.run(f"document.querySelector('{row} .inside').checkVisibility()")
    _click(page, f"{row} > summary")
    text = page.run(f"document.querySelector('{row} .inside').innerText")
    check = next(c for c in reports[0]["checks"] if c["name"] == "denoising_given_noise")
    for expected in (
        "denoising_target_sign",
        check["summary"],
        check["diagnosis"]["explanation"].removeprefix("denoising_target_sign: "),
        "refscore.verify.reproduce(subject, 'denoising_given_noise'",
        "returned",
    ):
        assert expected in text


@pytest.mark.parametrize("allowed", [True, False])
def test_the_snippet_is_copied(page, allowed):
    if not allowed:  # as on a page that is not served securely
        page.run("navigator.clipboard.writeText = async () => { throw new Error('no') }; 0")
    _click(page, "#denoising_given_noise > summary")
    page.run("document.querySelector('#denoising_given_noise .copy').focus()")
    _click(page, "#denoising_given_noise .copy")
    said = "document.querySelector('#denoising_given_noise .copy').innerText"
    assert page.until(said, "copied") == "copied"
    shown = page.run("document.querySelector('#denoising_given_noise pre').textContent")
    assert page.run("navigator.clipboard.readText()") == shown


def test_the_evidence_is_drawn(page, reports):
    """A line to each look, beyond its threshold where it fails."""
    check = next(c for c in reports[1]["checks"] if c["name"] == "one_step_draws")
    outcomes = [o for case in check["cases"] for o in case["outcomes"]]
    found = [o["evidence"] for o in outcomes if o["evidence"]]  # the others are exact
    assert check["verdict"] == "fails"
    _click(page, "#one_step_draws > summary")
    figures = page.run(
        "[...document.querySelectorAll('#one_step_draws .finding figure')].map(f => ({"
        " text: f.textContent, height: f.querySelector('svg').getBoundingClientRect().height,"
        " limit: +f.querySelector('.limit.v-fails').getAttribute('y1'),"
        " end: +f.querySelector('circle.v-fails').getAttribute('cy')}))"
    )
    assert len(figures) == len(found)
    for figure, evidence in zip(figures, found, strict=True):
        assert f"{evidence['verdict']} after {evidence['draws']:,} draws" in figure["text"]
        assert figure["height"] > 50
        assert (figure["end"] <= figure["limit"]) == (evidence["verdict"] == "fails")


def test_the_filter_narrows(page, reports):
    every = page.run(f"{SHOWN}.length")
    names = {check["name"] for report in reports for check in report["checks"]}
    assert every == len(names)
    _click(page, "input[name=text]")
    page("Input.insertText", text="denoising_TARGET_sign")
    assert page.run(f"{SHOWN}.map(r => r.id)") == ["denoising_given_noise"]
    assert page.run("document.querySelector('output').value") == f"1 of {every} checks"
    page.press("Escape")
    assert page.run(f"{SHOWN}.length") == every
    _click(page, "button[value=v-fails]")
    failing = {c["name"] for r in reports for c in r["checks"] if c["verdict"] == "fails"}
    assert set(page.run(f"{SHOWN}.map(r => r.id)")) == failing
    page.run(
        "document.querySelector('select').value = 'D';"
        "document.querySelector('form').dispatchEvent(new Event('input'))"
    )
    assert page.run(f"{SHOWN}.map(r => r.id)") == ["hutchinson_given_probes"]


def test_keys_are_enough(page):
    page.press("/", text="/")
    assert page.run("document.activeElement.name") == "text"
    page.run("document.activeElement.blur()")
    page.press("j", text="j")
    first = page.run("document.activeElement.parentElement.id")
    page.press("ArrowDown")
    second = page.run("document.activeElement.parentElement.id")
    assert page.run(f"{SHOWN}.slice(0, 2).map(r => r.id)") == [first, second]
    page.press("Enter", text="\r", windowsVirtualKeyCode=13)
    assert page.run("document.activeElement.parentElement.open")


def test_a_link_leads_to_its_row(page):
    _click(page, ".roots a")
    named = page.run("document.querySelector('.roots a').hash")
    assert page.until(f"document.querySelector('{named}').open", True)
    assert page.run("location.hash") == named


def test_hostile_texts_are_shown_and_not_obeyed(page):
    _click(page, "#implicit_affine > summary")
    text = page.run("document.querySelector('#implicit_affine').innerText")
    assert HOSTILE in text
    assert "\u202e" not in text
    assert page.run("document.querySelectorAll('main img, main script').length") == 0
    assert page.run("document.title").startswith("refscore: faulty, cold chain, <script>")


def test_even_unescaped_it_could_not_run(browser, reports, tmp_path):
    """The policy of the page stops a script that got in: two locks on one door."""
    path = tmp_path / "leak.html"
    path.write_text(html.render(reports).replace("<main>", f"<main>{HOSTILE}"), encoding="utf-8")
    browser.open(path.as_uri())
    assert browser.run("window.hurt") is None
    assert len(browser.complaints()) >= 2


@pytest.mark.parametrize(("width", "dark"), [(380, False), (1280, True)])
def test_no_width_needs_sideways_scrolling(page, width, dark):
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    page("Emulation.setEmulatedMedia", features=[scheme])
    page(
        "Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1,
        mobile=False,
    )  # fmt: skip
    page.run("document.querySelector('[name=fold]').click()")
    assert page.run("document.documentElement.scrollWidth") <= width
    name = "document.querySelector('#one_step_draws .name').getBoundingClientRect().width"
    assert page.run(name) > 180
    red, green, blue = page.run(
        "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"
    )
    assert (max(red, green, blue) < 64) == dark
    page("Emulation.clearDeviceMetricsOverride")
    page("Emulation.setEmulatedMedia", features=[])


def test_it_is_whole_without_its_script(browser, reports, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(html.render(reports), encoding="utf-8")
    browser("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(path.as_uri())
    _click(browser, "#denoising_given_noise > summary")
    text = browser.run("document.querySelector('#denoising_given_noise').innerText")
    browser("Emulation.setScriptExecutionDisabled", value=False)
    assert "denoising_target_sign" in text
    assert not browser.run("document.querySelector('form').checkVisibility()")
