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


def kbd_intr(char):
    pass


def schedule(function, argument):
    function(argument)
