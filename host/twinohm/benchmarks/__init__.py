"""What `twinohm bench` measures."""
