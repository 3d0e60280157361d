"""A course in ten exercises: each a hole in a small copy of the engine, graded by the project's own testing kit.

``python -m examples.course`` lists the exercises and says what to do next.

==  ==================  ===================================================
1   ``ex01_rule``       the derivative of one operation
2   ``ex02_walk``       from a result back to its leaves
3   ``ex03_broadcast``  broadcasting undone
4   ``ex04_adam``       a step of Adam
5   ``ex05_layer``      a layer with parameters of its own
6   ``ex06_loss``       softmax and cross-entropy, and their derivative
7   ``ex07_gradcheck``  derivatives by differences, and comparing them
8   ``ex08_dropout``    dropout, in training and in evaluation
9   ``ex09_conv``       a convolution
10  ``ex10_allreduce``  a sum over processes that form a ring
==  ==================  ===================================================

The folder ``tasks`` has the files that a learner edits, ``checks`` what is looked at and said about each; `verdict`
compares results and words what is wrong, `learner` runs a learner's code, `grading` puts these together, and
`progress` keeps a learner's folder.
"""
