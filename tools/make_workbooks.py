#!/usr/bin/env python3
"""Writes the workbooks of tests/data/workbooks with the two usual Python writers (openpyxl, XlsxWriter).

    python3 -m venv venv && venv/bin/pip install openpyxl==3.1.5 xlsxwriter==3.3.1
    venv/bin/python tools/make_workbooks.py
"""

from __future__ import annotations

import datetime
from pathlib import Path

import openpyxl
import xlsxwriter

OUT = Path(__file__).resolve().parents[1] / "tests" / "data" / "workbooks"


def odd_cells() -> None:
    """Every kind of cell, a header below empty rows, gaps, a line break in a text."""
    book = xlsxwriter.Workbook(OUT / "odd_cells.xlsx")
    sheet = book.add_worksheet("Odd & <one>")
    day, moment, length, bold, money = (
        book.add_format(options)
        for options in (
            {"num_format": "dd/mm/yyyy"},
            {"num_format": "yyyy-mm-dd hh:mm"},
            {"num_format": "[h]:mm"},
            {"bold": True},
            {"num_format": '#,##0.00 "days"'},
        )
    )
    sheet.write_row(2, 0, ["prompt", "completion", "date", "number", "at", "length", "yes", "price"])
    sheet.write_string(4, 0, "What is\nthis?")
    sheet.write_rich_string(4, 1, "It is ", bold, "bold", " text")
    sheet.write_datetime(4, 2, datetime.date(2025, 6, 14), day)
    sheet.write_number(4, 3, 0.1)
    sheet.write_datetime(4, 4, datetime.datetime(2025, 6, 14, 14, 45), moment)
    sheet.write_number(4, 5, 1.25, length)
    sheet.write_boolean(4, 6, True)
    sheet.write_number(4, 7, 12.5, money)
    sheet.write_string(7, 0, "Sum_x0041_?")
    sheet.write_formula(7, 1, "=1+1", None, 2)
    sheet.write_number(7, 3, 20000)
    book.close()


def several_sheets() -> None:
    book = openpyxl.Workbook()
    first = book.active
    first.title = "Questions"
    first.append(["instruction", "output"])
    first.append(["Name a colour.", "Blue"])
    first.append(["Name a sea.", "=A1"])  # a formula that nobody has computed
    book.create_sheet("Other").append(["not", "this"])
    book.save(OUT / "several_sheets.xlsx")


def same_names() -> None:
    book = openpyxl.Workbook()
    book.active.append(["prompt", "answer", "answer"])
    book.active.append(["a", "b", "c"])
    book.save(OUT / "same_names.xlsx")


def no_rows() -> None:
    book = openpyxl.Workbook()
    book.active.append(["prompt", "completion"])
    book.save(OUT / "no_rows.xlsx")


def since_1904() -> None:
    book = xlsxwriter.Workbook(OUT / "since_1904.xlsx", {"date_1904": True})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["prompt", "completion"])
    sheet.write_string(1, 0, "When?")
    sheet.write_datetime(1, 1, datetime.date(2000, 2, 29), book.add_format({"num_format": "d mmm yy"}))
    book.close()


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    odd_cells()
    several_sheets()
    same_names()
    no_rows()
    since_1904()
