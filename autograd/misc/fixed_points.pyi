from autograd.hips.misc.fixed_points import *
