from autograd.hips.core import *
