from autograd.hips.numpy.numpy_wrapper import *
