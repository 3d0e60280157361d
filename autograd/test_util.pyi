from autograd.hips.test_util import *
