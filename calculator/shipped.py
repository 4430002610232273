"""Where the files that come with the calculator lie."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def shipped(name: str) -> Path:
    """The path of a file or folder that comes with the calculator.

    An installed calculator carries them in its own folder; in a clone they lie beside it.

    >>> shipped("assumptions").name
    'assumptions'
    """
    places = (PACKAGE / "_shipped" / name, PACKAGE.parent / name)
    for path in places:
        if path.exists():
            return path
    looked = " or ".join(str(path) for path in places)
    raise FileNotFoundError(f"{name!r} does not come with this calculator: looked for {looked}")
