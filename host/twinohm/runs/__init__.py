"""What a run leaves on the disk, and what is read from it."""
