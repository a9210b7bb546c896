"""Timings of the program, each next to its comparison in the same run; figures for people, no tests."""
