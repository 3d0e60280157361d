from autograd.hips.numpy.numpy_jvps import *
