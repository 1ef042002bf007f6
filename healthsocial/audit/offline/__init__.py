"""What travels inside an export. Nothing here may import the rest of the program."""
