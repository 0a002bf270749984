"""Say at the REPL that `learner` is there. boot.py has made the board safe."""

from twinohm_fw import learner

print("TwinOhm " + learner.name + ": learner is ready, learner.help() lists its commands")
