"""Start: leave a safe board and a REPL where `learner` is defined. No pot moves and no switch closes here."""

import twinohm_update

twinohm_update.finish()

from twinohm_fw import learner

try:
    learner.begin()
    print("TwinOhm " + learner.name + ": learner is ready, learner.help() lists its commands")
except OSError as error:
    print("TwinOhm: " + str(error))
