"""Subjects: what is checked, a function of arrays with the gradients of its graph; or a module, called on copies."""
