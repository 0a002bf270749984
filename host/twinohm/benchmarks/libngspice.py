"""ngspice as a shared library (Debian: libngspice0), by its C interface (ngspice manual, chapter 19)."""

import ctypes
import ctypes.util
from collections.abc import Sequence

TEXT = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_void_p)


class VectorInfo(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("type", ctypes.c_int),
        ("flags", ctypes.c_short),
        ("real", ctypes.POINTER(ctypes.c_double)),
        ("complex", ctypes.c_void_p),
        ("length", ctypes.c_int),
    ]


class NgSpice:
    """One circuit in the one simulator that a process can have. Raises OSError if the library is not there."""

    def __init__(self, deck: Sequence[str]) -> None:
        name = ctypes.util.find_library("ngspice")
        if name is None:
            raise OSError("no libngspice (Debian: apt-get install libngspice0)")
        self._library = ctypes.CDLL(name)
        self._library.ngGet_Vec_Info.restype = ctypes.POINTER(VectorInfo)
        self._silent = TEXT(lambda text, number, user: 0)  # kept: the library calls it
        self._library.ngSpice_Init(self._silent, None, None, None, None, None, None)
        lines = (ctypes.c_char_p * (len(deck) + 1))(*(line.encode() for line in deck), None)
        if self._library.ngSpice_Circ(lines):
            raise OSError("libngspice refuses the circuit")

    def command(self, text: str) -> None:
        if self._library.ngSpice_Command(text.encode()):
            raise OSError(f"libngspice refuses {text!r}")

    def volts(self, node: str) -> float:
        """Of the last operating point."""
        return float(self._library.ngGet_Vec_Info(node.encode()).contents.real[0])
