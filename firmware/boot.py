"""Make the board safe after every reset. MicroPython runs this file before main.py, and alone before the raw REPL.

No pot moves and no switch closes here. Ctrl-C is a character meanwhile, so it cannot leave a board that is not safe.
"""

import micropython


def start():
    try:
        import twinohm_update

        twinohm_update.finish()

        from twinohm_fw import learner

        learner.begin()
    except Exception as error:
        print("TwinOhm: %s: %s" % (type(error).__name__, error))


micropython.kbd_intr(-1)
for _ in range(2):
    try:
        start()
        break
    except KeyboardInterrupt:  # one that had come before
        pass
micropython.kbd_intr(3)
