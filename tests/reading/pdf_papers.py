"""Small papers as PDFs, one per trap of a printed page. Their numbers are made up."""

from __future__ import annotations

from reading.pdf_writer import Sheet, write_pdf

PROSE = [
    "Training deep networks with small steps is slow, and a larger step is",
    "often refused because the loss becomes unstable in the first epochs of",
    "a run. We show that the step can be chosen from two numbers that every",
    "run computes anyway, and that the choice transfers from small models to",
    "large ones without a search. The method needs no further passes over a",
    "batch, it keeps no state beyond one average, and its cost is below one",
]


def front(sheet: Sheet) -> Sheet:
    """Set a title, authors and an abstract, in one column."""
    sheet.text(130, 720, "Steps from Two Numbers:", size=17, font="bold").text(180, 700, "A Study", size=17, font="bold")
    sheet.text(150, 670, "Ada B. Lovelace").text(300, 670, "Jean-Luc de la Tour").text(150, 656, "University of Somewhere").text(
        300, 656, "Some Institute"
    )
    sheet.text(150, 643, "ada@somewhere.edu").text(280, 610, "Abstract", size=12, font="bold")
    return sheet.lines(110, 590, PROSE[:3], size=9, leading=11)


def one_column() -> bytes:
    """A paper in one column: headings, a paragraph over a page break, scripts, a footnote, a note of a reader, running heads."""
    first = front(Sheet()).text(72, 540, "1 Training", size=12, font="bold").lines(72, 520, PROSE)
    first.lines(72, 448, ["percent of a step. We use Adam with a learning rate of 10"]).text(305, 452, "-4", size=7).text(
        313, 448, "and a batch size of 64. This is a hy-"
    )
    first.text(72, 436, "phenated word, and the sentence goes on over the end of the page to reach the").note(
        "a reader thinks this is wrong"
    )
    first.text(72, 80, "1", size=6).text(76, 76, "All runs used one machine.", size=8).text(300, 40, "1", size=9)
    second = Sheet().text(72, 760, "Lovelace and de la Tour", size=8).lines(72, 720, ["next page, where it ends."])
    second.text(72, 690, "2 Experiments", size=12, font="bold").lines(72, 670, PROSE[:4]).text(300, 40, "2", size=9)
    third = Sheet().text(72, 760, "Lovelace and de la Tour", size=8).text(72, 720, "References", size=12, font="bold")
    third.lines(
        72, 700, ["[1] C. Babbage. On engines. Journal of Engines, 1837.", "[2] A. Turing. On numbers. Proceedings, 1936."], size=9
    ).text(300, 40, "3", size=9)
    fourth = (
        Sheet()
        .text(72, 760, "Lovelace and de la Tour", size=8)
        .text(72, 720, "A Further results", size=12, font="bold")
        .lines(72, 700, PROSE[:2])
        .text(300, 40, "4", size=9)
    )
    return write_pdf([first, second, third, fourth])


SHORT = [line[:46] for line in PROSE]


def two_columns() -> bytes:
    """A paper in two columns: a title across, a table across, a stamp set sideways, numbers of lines."""
    sheet = Sheet().text(250, 720, "Columns of Text", size=17, font="bold").text(240, 690, "Ada Lovelace and Grace Hopper")
    sheet.text(20, 300, "arXiv:0000.00000v1 [cs.LG] 1 Jan 2030", size=16, turned=True)
    left = [f"left {index} the words of this line fill a column" for index in range(36)]
    right = [f"right {index} the words of this line fill a column" for index in range(36)]
    sheet.lines(60, 640, left, size=9).lines(315, 640, right, size=9)
    sheet.rule(60, 550, 190).row(178, {60: "Model", 200: "Data", 330: "Accuracy", 450: "Error"}).rule(60, 550, 172)
    sheet.row(160, {60: "small", 200: "A", 330: "71.5", 450: "28.5"}).row(148, {60: "large", 200: "A", 330: "75.0", 450: "25.0"}).rule(
        60, 550, 142
    )
    sheet.text(60, 128, "Table 1: Results of two models on one data set, set across both columns of the page as wide tables are.", size=9)
    for index in range(40):
        sheet.text(586, 700 - 15 * index, f"{index:03d}", size=7)
    return write_pdf([sheet])


def tables() -> bytes:
    """Tables: caption above and below, side by side, spanning heads with rules, a wrapped head, labels of several rows, marks, narrow columns."""
    sheet = front(Sheet())
    sheet.text(72, 548, "Table 1: Accuracy by task.", size=9).rule(72, 330, 540).row(
        529, {78: "Model", 150: "Reading", 250: "Writing"}, font="bold"
    )
    sheet.rule(140, 210, 525, thick=0.3).rule(240, 310, 525, thick=0.3).row(514, {140: "test", 185: "dev", 240: "test", 285: "dev"}).rule(
        72, 330, 509
    )
    sheet.row(498, {78: "plain", 140: "71.5", 185: "70.1", 240: "60.2", 285: "61.0"}).row(
        486, {78: "ours", 140: "75.0", 185: "74.4", 240: "66.6", 285: "65.9"}
    ).rule(72, 330, 481)
    sheet.rule(72, 250, 450).row(439, {78: "Setting", 150: "Learning", 205: "Batch"}).row(428, {150: "rate", 205: "size"}).rule(
        72, 250, 423
    )
    sheet.row(412, {78: "small", 150: "0.1", 205: "64"}).row(400, {78: "large", 150: "0.01", 205: "128"}).rule(72, 250, 395).text(
        72, 382, "Table 2: Settings by size.", size=9
    )
    sheet.rule(330, 480, 450).row(439, {336: "Name", 400: "Value"}).rule(330, 480, 434).row(423, {336: "depth", 400: "6"}).row(
        411, {336: "width", 400: "512"}
    ).rule(330, 480, 406)
    sheet.text(330, 382, "Table 3: Sizes.", size=9)
    sheet.text(72, 350, "Table 4: Groups.", size=9).rule(72, 300, 342).row(331, {78: "Group", 150: "Case", 220: "Score"}).rule(72, 300, 326)
    sheet.row(315, {150: "a", 220: "1.0"}).row(309, {78: "first"}).row(303, {150: "b", 220: "2.0"}).rule(72, 300, 298)
    sheet.row(287, {150: "c", 220: "3.0"}).row(281, {78: "second"}).row(275, {150: "d", 220: "4.0"}).rule(72, 300, 270)
    narrow = {72.0: "alpha", 110.0: "10", 119.5: "20", 129.0: "30", 138.5: "40", 148.0: "50"}
    sheet.text(72, 250, "Table 5: Narrow columns.", size=9).rule(72, 160, 243).row(
        235, {72: "x", 110: "1", 119.5: "2", 129: "3", 138.5: "4", 148: "5"}, size=6
    ).rule(72, 160, 231)
    sheet.row(223, narrow, size=6).row(215, {**narrow, 72.0: "beta", 119.5: "21"}, size=6).row(
        207, {**narrow, 72.0: "gamma", 129.0: "31"}, size=6
    ).rule(72, 160, 203)
    sheet.text(72, 180, "In this paragraph a sentence ends with a reference to what was shown above, in")
    sheet.text(72, 168, "Table 1. It is no caption, and the words above are no table.")
    return write_pdf([sheet])


def equations() -> bytes:
    """Displayed equations with numbers at the right, and a line of mathematics within the text."""
    sheet = front(Sheet()).text(72, 540, "1 Method", size=12, font="bold").lines(72, 520, PROSE)
    sheet.text(220, 430, "L = ").text(240, 430, "S", font="symbol").text(250, 430, "= (y - x)").text(500, 430, "(1)").lines(
        72, 400, PROSE[:3]
    )
    sheet.text(220, 350, "y = ").text(240, 350, "b", font="symbol").text(250, 350, "x + 1").text(500, 350, "(2)").lines(72, 320, PROSE[:2])
    return write_pdf([sheet])
