"""One file for each part on the board.

blocks/ has machine code for the microcontroller's register blocks, rp2040/ and rp2350/ the addresses of each chip.
"""
