"""Boot: leave a safe board and a REPL with `learner` in hand. Nothing is homed and no switch is closed here."""

import twinohm_update

twinohm_update.finish()

from twinohm_fw import learner

try:
    learner.begin()
    print("TwinOhm " + learner.name + ": learner is in hand, learner.help() lists what it does")
except OSError as error:
    print("TwinOhm: " + str(error))
