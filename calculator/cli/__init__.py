"""`balance`: the same engine from a terminal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Annotated, Any

import typer

from calculator import __version__
from calculator.cli import (  # noqa: F401  (each module adds its commands)
    claims,
    claims_profile,
    decide,
    market,
    portfolio,
    sources,
    template,
    uncertainty,
)
from calculator.cli.common import BAD_INPUT, BUG, DONE, INTERRUPTED, app
from calculator.errors import IdentityError, InputError, one_line
from calculator.shipped import shipped

# What the command line itself refuses: typer carries its own click and names only this child.
UsageError: type[Any] = typer.BadParameter.__mro__[1]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def balance(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    """What joining CMS's BALANCE model is worth to a payer."""


@app.command("app")
def app_command(
    port: Annotated[int, typer.Option(min=1024, max=65535, help="Port on this machine.")] = 8501,
) -> None:
    """Start the calculator in the browser, on this machine only."""
    config = shipped(".streamlit")
    command = [sys.executable, "-m", "streamlit", "run", str(shipped("app.py"))]
    # Headless: otherwise a first start waits for an answer to a question of Streamlit's.
    command += ["--server.port", str(port), "--server.headless", "true"]
    typer.echo(f"Open http://localhost:{port} in a browser. Ctrl+C ends it.")
    # Matrices are small and sessions many: a product over several threads waits more than it works.
    environment = {"OPENBLAS_NUM_THREADS": "1", **os.environ}
    # Streamlit reads its settings from the folder it starts in.
    server = subprocess.Popen(command, cwd=config.parent, env=environment)
    # Who ends this command ends the server with it.
    signal.signal(signal.SIGTERM, lambda *_: server.terminate())
    raise typer.Exit(server.wait())


def main(arguments: list[str] | None = None) -> None:
    """Run a command; exit 0 done, 2 bad input (one line says what), 1 a bug."""
    try:
        code = app(args=arguments, prog_name="balance", standalone_mode=False)
    except InputError as error:
        typer.echo(str(error), err=True)
        sys.exit(BAD_INPUT)
    except typer.Abort:
        sys.exit(INTERRUPTED)
    except UsageError as error:
        typer.echo(one_line(error.format_message()), err=True)
        sys.exit(BAD_INPUT)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # The reader (head, less) has gone; nothing more can be said to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(DONE)
    except IdentityError as error:
        typer.echo(f"{error}; please report it with the scenario", err=True)
        sys.exit(BUG)
    except OSError as error:
        said = f"file: {error.strerror or error}: {error.filename or ''}".rstrip(": ")
        typer.echo(one_line(said), err=True)
        sys.exit(BAD_INPUT)
    except Exception as error:
        what = f"{type(error).__name__}: {error}".splitlines()[0]
        typer.echo(f"a bug, not your input: {what}; please report it with the scenario", err=True)
        sys.exit(BUG)
    sys.exit(code if isinstance(code, int) else DONE)
