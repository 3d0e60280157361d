from autograd.hips.misc import *
