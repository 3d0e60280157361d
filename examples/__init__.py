"""Programs to run and to read: ``python -m examples.NAME --help`` from the root of the repository.

================  =================================================================================
``mnist``         trains a network on handwritten digits, and writes a folder about what it learned
``predict``       lets the network that ``mnist`` saved read an image
``moons``         trains a network of scalars on two moons, and draws what it learned
``diabetes``      predicts a number from a pandas table, beside least squares
``custom_model``  a model and an operation of one's own
================  =================================================================================
"""
