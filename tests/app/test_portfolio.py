"""The page of a book: upload, results, what is wrong, and the files."""

import io

import numpy as np
import openpyxl
import pytest

from calculator.analysis.portfolio import Portfolio, Program, run
from calculator.analysis.portfolio_table import read_book
from calculator.assumptions import plans_file
from calculator.report import figures, figures_portfolio
from calculator.report import portfolio as report
from calculator.report.words import dollars
from calculator.ui import parts
from calculator.ui import portfolio as page_module
from calculator.ui.widgets import plain

OWN = (
    b"name,scenario,plan.members\nOurs,egwp,30000\nTheirs,mapd,20000\nThe rest,pdp_regional,9000\n"
)


@pytest.fixture(scope="module")
def example() -> Portfolio:
    return run(read_book(plans_file()))


def uploaded(page, name, content):
    kind = "text/csv" if name.endswith("csv") else "application/octet-stream"
    page.at.file_uploader[0].set_value((name, content, kind)).run()
    return page


def test_the_page_opens_with_the_illustrative_book(opened, example):
    page = opened("portfolio")
    assert page.calm
    program = example.programs["part_d"]
    assert page.said == plain(report.sentence(program))
    assert plain(report.sentence(example.programs["medicaid"])) in "".join(page.texts)
    assert [metric.label for metric in page.at.metric][:2] == [report.FREE, report.ALL]
    assert figures_portfolio.running_title(program) in page.sections
    table = page.at.dataframe[0].value
    assert list(table.Plan) == [plan.name for plan in program.plans]
    assert list(table.Value) == [plan.value.total for plan in program.plans]


def test_the_other_program_can_be_shown(opened, example):
    page = opened("portfolio")
    page.at.button_group(key="portfolio:program").set_value("Medicaid").run()
    assert page.calm
    assert page.said == plain(report.sentence(example.programs["medicaid"]))
    names = [plan.name for plan in example.programs["medicaid"].plans]
    assert list(page.at.dataframe[0].value.Plan) == names


def test_an_own_book_takes_its_place_and_can_be_left(opened):
    page = uploaded(opened("portfolio"), "ours.csv", OWN)
    assert page.calm
    assert {*page.at.dataframe[0].value.Plan} == {"Ours", "Theirs", "The rest"}
    assert "of 3 Part D plans" in page.said
    page.at.run()
    assert "of 3 Part D plans" in page.said
    page.at.button(key="portfolio.example").click().run()
    assert "of 10 Part D plans" in page.said
    assert not [one for one in page.at.button if one.key == "portfolio.example"]
    page.at.run()
    assert "of 10 Part D plans" in page.said
    page = uploaded(page, "ours.csv", OWN)
    assert "of 3 Part D plans" in page.said


def test_a_book_is_run_once(opened, monkeypatch):
    ran = []
    true_run = page_module.run
    monkeypatch.setattr(page_module, "run", lambda *a, **k: ran.append(1) or true_run(*a, **k))
    page = uploaded(opened("portfolio"), "once.csv", OWN)
    before = len(ran)
    page.at.run()
    assert len(ran) == before > 0


def test_a_refused_book_is_read_once_and_its_error_stays(opened, monkeypatch):
    read = []
    true_read = page_module.read_book
    monkeypatch.setattr(
        page_module, "read_book", lambda *a, **k: read.append(1) or true_read(*a, **k)
    )
    page = uploaded(opened("portfolio"), "bad.csv", b"name,scenario\nA,mapds\n")
    said, before = page.complaint, len(read)
    page.at.run()
    assert page.complaint == said
    assert len(read) == before
    # Another book is another matter, and so is the same one after it.
    page = uploaded(page, "ours.csv", OWN)
    assert page.calm
    page = uploaded(page, "bad.csv", b"name,scenario\nA,mapds\n")
    assert page.complaint == said


def test_a_book_is_run_in_its_turn_and_a_run_that_is_stopped_is_not_begun_again(
    opened, monkeypatch
):
    from streamlit.runtime.scriptrunner_utils.exceptions import StopException

    turn, ran = parts._turn(), []

    def stopped(book, *, progress):
        ran.append(turn.locked())
        progress(1, 3)
        raise StopException

    page = opened("portfolio")
    monkeypatch.setattr(page_module, "run", stopped)
    page = uploaded(page, "ours.csv", OWN)
    assert ran == [True]
    assert not turn.locked()
    assert "of 10 Part D plans" in page.said
    # What the button of the running page does, and the run that follows it.
    page.at.session_state[f"{page_module.PAGE}.stopped"] = True
    page.at.run()
    assert page.calm
    assert "Stopped. The results are those of the illustrative book." in page.texts
    page.at.run()
    assert ran == [True]
    monkeypatch.undo()
    page.at.button(key="portfolio.run").click().run()
    assert page.calm
    assert "of 3 Part D plans" in page.said


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.csv", b"name,scenario,plan.membrs\nA,mapd,5\n", "plan.members"),
        ("a.csv", OWN + b"Ours,mapd,5\n", "each name once; given was Ours in rows 2 and 5"),
        ("a.csv", b"name,scenario\n", "at least one row"),
        ("a.csv", b"name,scenario,plan.members\nA,mapd,many\n", "row 2, plan.members"),
        ("a.csv", b"name,scenario\nA,/etc/passwd\n", "plans, row 2, scenario: allowed is one of"),
        ("a.xlsx", b"not a workbook", "a readable xlsx file"),
        ("a.csv", "name,scenario\nSociét\xe9,mapd\n".encode("latin-1"), "not text in UTF-8"),
    ],
)
def test_a_wrong_file_is_said_beside_the_upload_and_the_last_result_stays(
    opened, name, content, sentence
):
    page = uploaded(opened("portfolio"), name, content)
    assert sentence in page.complaint
    assert "of 10 Part D plans" in page.said
    assert any("those of the illustrative book" in text for text in page.texts)
    page = uploaded(page, "ours.csv", OWN)
    assert "of 3 Part D plans" in page.said
    page = uploaded(page, name, content)
    assert sentence in page.complaint
    assert "of 3 Part D plans" in page.said
    assert any("those of ours.csv" in text for text in page.texts)


def test_a_workbook_may_be_uploaded(opened):
    book = openpyxl.Workbook()
    for row in (["name", "scenario", "state.abbr"], ["A", "state_covering", "TN"]):
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    page = uploaded(opened("portfolio"), "one.xlsx", stream.getvalue())
    assert page.calm
    assert page.said.startswith("By joining the one Medicaid state program")


# ------------------------------------------------------------------------------------- the picture


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ["part_d", "medicaid"])
def test_the_line_is_the_running_total_with_both_ways_marked(example, name, theme):
    program = example.programs[name]
    figure = figures_portfolio.running_figure(program, theme)
    line, ways = figure.data
    worth = [plan.value.total for plan in program.plans]
    assert list(line.y) == pytest.approx([0.0, *np.cumsum(worth)])
    assert line.line.color == figures.COLOURS[theme]["plan"]
    assert list(ways.x) == [program.chosen.plans, len(program.plans)]
    assert list(ways.y) == pytest.approx([program.chosen.total, program.all_in.total])
    assert max(line.y) == pytest.approx(program.chosen.total)
    texts = [note.text for note in figure.layout.annotations]
    assert f"each may choose {dollars(program.chosen.total)}" in texts
    assert f"all in {dollars(program.all_in.total)}" in texts
    low, high = figure.layout.yaxis.range
    assert low < min(line.y)
    assert high > max(line.y)
    alt = figures_portfolio.running_alt(program)
    assert dollars(program.all_in.total) in alt


def only(program: Program, *, gaining: bool) -> Program:
    plans = tuple(plan for plan in program.plans if plan.joins == gaining)
    return Program(program.program, plans)


def test_titles_and_sentences_where_all_or_none_gain(example):
    gain = only(example.programs["part_d"], gaining=True)
    assert figures_portfolio.running_title(gain).startswith("Every plan adds")
    assert report.sentence(gain).startswith("All 2 Part D plans gain by joining")
    assert len(figures_portfolio.running_figure(gain, "light").layout.annotations) == 1
    lose = only(example.programs["part_d"], gaining=False)
    assert figures_portfolio.running_title(lose).startswith("No plan adds")
    assert report.sentence(lose).startswith("None of 8 Part D plans gains")
    assert "staying out is better" in report.sentence(lose)
    one = Program("part_d", gain.plans[:1])
    assert report.sentence(one).startswith("By joining the one Part D plan gains")
    figures_portfolio.running_figure(one, "dark")
