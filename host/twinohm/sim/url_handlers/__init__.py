"""pyserial finds the schemes sim:// and emu:// here: protocol_NAME.py holds one class `Serial`."""
