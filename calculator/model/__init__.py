"""The mathematics: pure functions over arrays whose first axis is `cases`.

Nothing in here reads a file, a clock or an assumption: every figure comes in as an argument.
"""
