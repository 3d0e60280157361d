from autograd.hips.misc.flatten import *
