"""The live workbook: a decision whose formulas recompute it, cell by cell."""
