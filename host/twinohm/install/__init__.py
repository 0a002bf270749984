"""Installation of firmware and MicroPython on a board."""
