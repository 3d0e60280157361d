from autograd.hips.builtins import *
