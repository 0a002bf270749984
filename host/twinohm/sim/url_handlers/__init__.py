"""Handlers of sim:// and emu:// for pyserial, which looks for a class `Serial` in protocol_NAME.py."""
