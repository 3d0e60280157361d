from autograd.hips.misc.optimizers import *
