from autograd.hips.differential_operators import *
