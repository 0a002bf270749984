"""The command `twinohm`. Ctrl-C must end it in words from its first moment on, so nothing is imported before `try`.

A computer that cannot load the program, or a package of it, is an error in words too: too little memory, a file that is
missing. Packages are loaded when they are needed, so that may come late.
"""

import os
import sys

MOST_SHOWN = 200  # characters of a reason


def main() -> None:
    """Import the command line and run it."""
    try:
        from twinohm.cli import main
    except KeyboardInterrupt:  # cli/interrupts.py handles it from then on
        os.write(2, b"twinohm: stopped; nothing was begun\n")
        os._exit(1)
    except Exception as error:
        end_if_not_loaded(error)
        raise
    main()


def end_if_not_loaded(error: BaseException) -> None:
    """End the program in words, exit code 1, if an error says that the computer cannot load or run it."""
    if os.environ.get("TWINOHM_DEBUG") == "1" or not (_is_of_machine(error) or _is_of_import(error)):
        return
    first = error
    while (before := first.__cause__ or first.__context__) is not None:
        first = before
    lines = str(first).strip().splitlines() or ["no memory"]
    reason = f"{type(first).__name__}: {lines[-1][:MOST_SHOWN]}"
    text = (
        f"twinohm: this computer cannot load or run a part of the program ({reason}); give it more memory "
        "(`ulimit -v`), or install TwinOhm again; TWINOHM_DEBUG=1 shows where\n"
    )
    os.write(2, text.encode(errors="backslashreplace"))
    os._exit(1)


def _is_of_machine(error: BaseException) -> bool:
    return isinstance(error, MemoryError | ImportError) or (
        isinstance(error, RuntimeError) and "start new thread" in str(error)
    )


def _is_of_import(error: BaseException) -> bool:
    """Whether an error left a module while that was loaded: it is no module of the program then."""
    traceback = error.__traceback__
    while traceback is not None:
        frame = traceback.tb_frame
        if frame.f_code.co_name == "<module>" and frame.f_globals.get("__name__") not in sys.modules:
            return True
        traceback = traceback.tb_next
    return False
