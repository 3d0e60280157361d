from autograd.hips.util import *
