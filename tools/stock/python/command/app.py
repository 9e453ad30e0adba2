"""Prints a line."""

from wit_world.exports import Run as Interface


class Run(Interface):
    def run(self) -> None:
        print("hello from Python")
