from autograd.hips.wrap_util import *
