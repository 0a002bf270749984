"""One file for each part on the board; rp2040/ has one file for each register block of the microcontroller."""
