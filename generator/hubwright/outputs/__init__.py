"""What is made of a hub: one module a generated file."""

from hubwright.outputs.files import OutputFile, files_of_hub

__all__ = ["OutputFile", "files_of_hub"]
