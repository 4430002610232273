"""Every page of the navigation, for a plan and for a state, on a desk and a phone, light and dark.

The pages are read from app.py, so that a new one is held to the same without a word here. A page is
opened once a size, in one theme; its letters are then judged in the other theme too.
"""

import ast
from dataclasses import dataclass

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from calculator.ui.widgets import SORRY
from tests.serving import PATIENCE, ROOT

RAN = 120_000  # milliseconds for a page's first answer on a busy machine
PROGRAMS = {"plan": "pdp_regional", "state": "state_not_covering"}
OTHER = {"light": "dark", "dark": "light"}
OWN_INPUTS = ("states", "portfolio")  # pages about many payers, which are no one program's
BAD = ("serious", "critical")
MOST_TABS = 120
LOOKS = 5  # as often in a row a page is as high as before when it is still
HEIGHT = "[...document.querySelectorAll('*')].reduce((sum, part) => sum + part.scrollHeight, 0)"
# Rows far down look like those above, and axe takes seconds for a hundred of them.
MORE_OF_A_TABLE = "tbody tr:nth-child(n+13)"
WIDE_TABLE = """() => [...document.querySelectorAll('[data-testid=stTable] > div')]
    .some(part => part.scrollWidth > part.clientWidth && !part.querySelector('a'))"""
# What a person can work, in the order of the page; the tools over a table show when it is worked.
CONTROLS = ", ".join(
    f"{kind}:not([tabindex='-1']):not([disabled]):not([data-testid=stElementToolbar] *)"
    for kind in ("button", "input", "textarea", "summary", "[role=combobox]")
)


@dataclass(frozen=True)
class Left:
    """A finding in Streamlit's own parts, which nothing here can change."""

    rule: str
    within: str
    why: str


LEFT = (
    Left(
        "list",
        "[data-testid=stSidebarNavItems]",
        "a phone's list of pages holds its sections as boxes, not as lists (Streamlit 1.67)",
    ),
    Left(
        "listitem",
        "[data-testid=stSidebarNavItems]",
        "the same list of pages: its items lie in those boxes",
    ),
    Left(
        "scrollable-region-focusable",
        "[data-testid=stTable]",
        "a wide table of a phone scrolls in a box without a tab stop of its own; the browser gives"
        " it one, and the test below goes there",
    ),
)


def pages():
    """Every page of app.py: its address, and the scenario that opens it for a program."""
    tree = ast.parse((ROOT / "app.py").read_text(encoding="utf-8"))
    for call in ast.walk(tree):
        if not (isinstance(call, ast.Call) and ast.unparse(call.func) == "st.Page"):
            continue
        options = {word.arg: ast.literal_eval(word.value) for word in call.keywords}
        if options.get("visibility") == "hidden":
            continue
        path = "" if options.get("default") else options["url_path"]
        for program, scenario in PROGRAMS.items():
            if path not in OWN_INPUTS:
                yield f"/{path}?scenario={scenario}", f"{path or 'first'}-{program}"
        if path in OWN_INPUTS:
            yield f"/{path}", path


PAGES = [pytest.param(path, id=name) for path, name in pages()]


def quiet(page):
    """Nothing runs any more, and nothing grows."""
    page.get_by_test_id("stStatusWidget").wait_for(state="detached", timeout=RAN)
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(timeout=RAN)
    heights = [-1, -2]
    while len(set(heights[-LOOKS:])) > 1:
        page.wait_for_timeout(100)
        heights.append(page.evaluate(HEIGHT))


def unfold(page, place):
    """What is closed at first is held to the same."""
    closed = page.locator(f"[data-testid={place}] details:not([open]) > summary")
    closed.evaluate_all("parts => parts.forEach(part => part.click())")
    expect(closed).to_have_count(0)
    quiet(page)


def findings(page, place, scheme="light"):
    """What axe calls serious or critical: rule, what it says and where; and what is left.

    axe does not judge the colour of a text that is out of sight, so the window is made as high as
    all that lies in the place. scheme: the theme that is open; in the other one axe judges colours.
    """
    before = page.viewport_size
    part = page.locator(f"[data-testid={place}]").locator("visible=true").first
    high = part.evaluate(
        "part => Math.max(...[part, ...part.querySelectorAll('*')].map(e => e.scrollHeight))"
    )
    page.set_viewport_size({"width": before["width"], "height": max(high + 200, before["height"])})
    quiet(page)
    context = {"exclude": [[MORE_OF_A_TABLE]]}
    if place != "stMain":
        context["include"] = [[f"[data-testid={place}]"]]
    every = judged(page, context, {})
    page.emulate_media(color_scheme=OTHER[scheme])
    quiet(page)
    colours = judged(page, context, {"runOnly": ["color-contrast"]})
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size(before)
    quiet(page)
    return [one + two for one, two in zip(every, colours, strict=True)]


def judged(page, context, options):
    """axe's findings that count, and the excuses that were needed."""
    found, left = [], []
    answer = Axe().run(page, context=context, options={"resultTypes": ["violations"], **options})
    for violation in answer.response["violations"]:
        if violation["impact"] not in BAD:
            continue
        for node in violation["nodes"]:
            place = page.locator(node["target"][-1]).first
            excuse = next(
                (
                    one
                    for one in LEFT
                    if one.rule == violation["id"]
                    and place.evaluate("(e, within) => !!e.closest(within)", one.within)
                ),
                None,
            )
            if excuse is None:
                found.append((violation["id"], node["failureSummary"], node["html"]))
            else:
                left.append(excuse)
    return found, left


def in_sight(page, place):
    """The first control in a place."""
    return page.locator(f"[data-testid={place}]").locator(CONTROLS).locator("visible=true").first


def still(control):
    """Where a control lies once it moves no more."""
    box = None
    while (now := control.bounding_box()) != box:
        box = now
        control.page.wait_for_timeout(50)
    return box


def reach(page, control):
    """The tabulator key comes to a control, in sight, and it shows that it has."""
    here = "e => e === document.activeElement || e.contains(document.activeElement)"
    page.evaluate("document.activeElement?.blur()")
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if control.evaluate(here):
            break
    else:
        pytest.fail(f"the tabulator key does not reach {control.inner_text()!r}")
    box, window = still(control), page.viewport_size
    left, top = max(box["x"] - 4, 0), max(box["y"] - 4, 0)
    right = min(box["x"] + box["width"] + 4, window["width"])
    bottom = min(box["y"] + box["height"] + 4, window["height"])
    assert left < right, "a control with the focus is out of sight"
    assert top < bottom, "a control with the focus is out of sight"
    around = {"x": left, "y": top, "width": right - left, "height": bottom - top}
    page.mouse.move(0, 0)
    focused = page.screenshot(clip=around, animations="disabled")
    page.evaluate("document.activeElement.blur()")
    assert page.screenshot(clip=around, animations="disabled") != focused, "the focus does not show"


@pytest.mark.parametrize(("size", "scheme"), [("desk", "light"), ("phone", "dark")])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_whole_and_everybody_can_use_it(watched, path, size, scheme):
    with watched(path, size, scheme, "") as seen:
        page = seen.page
        quiet(page)
        assert seen.verdict.count() == 1
        assert seen.verdict.inner_text().strip()
        assert SORRY not in page.get_by_test_id("stMain").inner_text()

        plots = page.locator(".js-plotly-plot")
        for plot in plots.all():
            plot.scroll_into_view_if_needed()
            said = plot.locator("xpath=ancestor::*[@role='figure']").get_attribute("aria-label")
            assert said is not None
            assert len(said) > 20
            assert seen.cut_off(plot) == []
        for table in page.get_by_test_id("stDataFrame").all():
            assert table.get_attribute("aria-label") or table.locator("[aria-label]").count()

        unfold(page, "stMain")
        for part in ("document.documentElement", "document.querySelector('[data-testid=stMain]')"):
            assert page.evaluate(f"{part}.scrollWidth <= {part}.clientWidth")
        assert findings(page, "stMain", scheme)[0] == []
        page.get_by_test_id("stMain").evaluate("part => part.scrollTo(0, 0)")
        reach(page, in_sight(page, "stMain"))

        opener = page.get_by_test_id("stExpandSidebarButton")
        if size == "phone" and opener.count():
            reach(page, opener)
            opener.focus()
            page.keyboard.press("Enter")
            page.get_by_test_id("stSidebarCollapseButton").wait_for(timeout=PATIENCE * 1000)
        if page.get_by_test_id("stSidebarUserContent").locator(CONTROLS).count():
            reach(page, in_sight(page, "stSidebarUserContent"))
            unfold(page, "stSidebar")
            assert findings(page, "stSidebar", scheme)[0] == []


def test_no_button_is_a_primary_one():
    """Streamlit writes white on it, which cannot be read on the light blue of the dark theme."""
    for path in (ROOT / "calculator" / "ui").glob("*.py"):
        assert 'type="primary"' not in path.read_text(encoding="utf-8"), path.name


def test_who_types_the_name_of_the_first_page_comes_to_it(watched):
    with watched("/decide?scenario=mapd", "desk", "light", "Joining from") as seen:
        quiet(seen.page)
        assert seen.page.get_by_role("dialog").count() == 0
        assert "/decide?scenario=mapd" in seen.page.url


def test_what_is_left_to_streamlit_is_still_there(watched):
    with watched("/who_pays?scenario=pdp_regional", "phone", "light", "") as seen:
        page = seen.page
        quiet(page)
        unfold(page, "stMain")
        page.wait_for_function(WIDE_TABLE, timeout=RAN)
        left = set(findings(page, "stMain")[1])
        for one in sorted(left, key=lambda one: one.rule):
            print(f"axe: {one.rule} in {one.within}: {one.why}")
        assert left == set(LEFT)
        wide = page.locator("[data-testid=stTable] > div").filter(has_not=page.locator("a"))
        scrolls = "part => part.scrollWidth > part.clientWidth"
        (table, *_) = [one for one in wide.all() if one.evaluate(scrolls)]
        reach(page, table)


def test_a_picture_without_words_or_a_faint_text_would_be_found(watched):
    with watched("/", "desk", "light", "Joining from") as seen:
        page = seen.page
        quiet(page)
        caption = page.get_by_test_id("stMain").get_by_test_id("stCaptionContainer").first
        caption.evaluate("part => part.firstElementChild.style.color = '#999'")
        caption.evaluate("part => part.append(document.createElement('img'))")
        rules = {rule for rule, *_ in findings(page, "stMain")[0]}
        assert {"image-alt", "color-contrast"} <= rules
