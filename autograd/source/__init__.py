"""The source of the program that runs: lines and calls of it, which errors and warnings name."""
