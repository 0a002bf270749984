"""Stand-in for MicroPython's `micropython` under CPython."""


def const(value):
    return value


def native(function):
    return function


def viper(function):
    return function


def heap_lock():
    pass


def heap_unlock():
    return 0


interrupt_char = 3  # -1: Ctrl-C waits; on the chip it is a character then


def kbd_intr(char):
    global interrupt_char
    interrupt_char = char


def schedule(function, argument):
    function(argument)
