"""Names of HIPS autograd, whose import name this package has: programs that are written for it run here.

Its modules are found where it has them, as ``autograd.numpy``, ``autograd.misc`` or ``autograd.core``: the package
looks for them in this folder. They are loaded when a program first asks for one, and nothing else imports them. What is
here are names and conventions; the mathematics is that of the rest of the package.
"""
