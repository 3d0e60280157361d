from autograd.hips.tracer import *
