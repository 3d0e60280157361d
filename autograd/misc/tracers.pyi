from autograd.hips.misc.tracers import *
