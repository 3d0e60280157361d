"""The statements that random programs are made of: what one writes for NumPy, and for JAX where that differs.

A line is `NumPy's || JAX's ?? condition`. An expression is given a new name; a statement names `{new}` itself. Places
in braces are filled in `programs.py`: the same one with the same thing, one with a digit with another of its kind. The
condition keeps away from ties and steps, where the two choose gradients by conventions of their own. `N` is always
NumPy, for constants.
"""

ELEMENTWISE = """
np.sin({x})
np.cos({x}) * {y}
np.tan(0.3 * np.tanh({x}))
np.arcsin({unit})
np.arccos({unit})
np.arctan({x})
np.sinh(np.tanh({x}))
np.cosh(np.tanh({x}))
np.tanh({x})
np.arcsinh({x})
np.arccosh({pos} + 1.2)
np.arctanh({unit})
np.exp(-{pos})
np.exp2({unit})
np.expm1({unit})
np.log({pos})
np.log2({pos})
np.log10({pos})
np.log1p({pos})
np.sqrt({pos})
np.cbrt({pos})
np.square({x})
np.reciprocal({pos})
np.negative({x})
np.positive({x}) * {s}
np.degrees({x}) / 50 + np.radians({x})
np.deg2rad({x}) - np.rad2deg({x}) / 60
np.sinc({x})
np.i0({unit})
np.absolute({x}) ?? away({x})
np.fabs({x}) * {x2} ?? away({x})
abs({x}) ** 1.5 ?? away({x})
np.sign({x}) * {x2} ?? away({x})
{x} - np.floor({x}) ?? steps({x})
{x} * np.ceil({x}) ?? steps({x})
{x} * np.rint({x}) + np.trunc({x}) ?? steps(2 * {x})
np.add({x}, {y})
np.subtract({x}, {y})
np.multiply({x}, {y})
np.divide({x}, {pos})
np.divide({y}, {pos})
np.power({pos}, {unit})
np.power({pos}, {y})
np.float_power({pos}, {x})
np.hypot({x}, {y}) ?? away({x} * {x} + {y} * {y})
np.arctan2({x}, {y}) ?? away({x} * {x} + {y} * {y})
np.logaddexp({x}, {y})
np.logaddexp2({x}, {y})
np.maximum({x}, {y}) ?? away({x} - {y})
np.minimum({x}, {y}) ?? away({x} - {y})
np.fmax({x}, {y}) ?? away({x} - {y})
np.fmin({y}, {x}) ?? away({x} - {y})
np.copysign({x}, {y}) ?? away({x}) and away({y})
np.remainder({x}, {pos}) ?? steps({x} / ({pos}))
np.fmod({x}, {pos}) ?? steps({x} / ({pos}))
np.remainder({x}, 0.7) ?? steps({x} / 0.7)
{x} % {pos} ?? steps({x} / ({pos}))
np.ldexp({x}, N.int32({k}))
np.heaviside({x}, 0.5) * {x} ?? away({x})
np.nan_to_num({x}, nan=1.0)
np.clip({x}, {lo}, {hi}) ?? away({x} - {lo}) and away({x} - {hi})
np.clip({x}, {lo}, None) ?? away({x} - {lo})
{x}.clip(max={hi}) ?? away({x} - {hi})
np.where({x} > {s}, {x2}, {y}) ?? away({x} - {s})
np.where({mask}, {x}, {y})
np.where({x} > 0, np.log(np.where({x} > 0, {x}, 1.0) + 0.5), {s}) ?? away({x})
np.select([{x} > {hi}, {x} > {lo}], [{x} * {x}, np.sin({x})], default={s}) ?? away({x} - {lo}) and away({x} - {hi})
np.piecewise({x}, [{x} < {lo}], [np.sin, np.cos]) ?? away({x} - {lo})
np.real({x}) * {x} + np.imag({x})
np.unwrap(3 * {v}) ?? steps((np.diff(3 * {v}) / np.pi + 1) / 2)
np.sin({x}).astype(float)
np.add({x}, {y}, dtype=float) || np.add({x}, {y})
np.multiply({x}, {y}, where={mask}, out={x} + {y}) || np.where({mask}, np.multiply({x}, {y}), {x} + {y})
np.exp(-np.square({x}), out={x} * 0, where={mask}) || np.where({mask}, np.exp(-np.square({x})), 0.0)
""".strip().splitlines()

OPERATORS = """
{x} + {y}
{y} + {x}
{x} - {y}
{y} - {x}
{x} * {y}
{y} * {x}
{x} / {pos}
{y} / {pos}
{s} / {pos}
-{x}
+{x} * {y}
{x} ** 2
{x} ** 3 * 0.3
{x} ** {k}
{pos} ** {unit}
{pos} ** -0.5
2.0 ** {unit}
{list} + {x} || N.array({list}) + {x}
{x} * {list} || {x} * N.array({list})
{list} / {pos} || N.array({list}) / {pos}
{list} - {x} || N.array({list}) - {x}
np.add({x}, {list}) || np.add({x}, N.array({list}))
np.float64({s}) * {x} || N.float64({s}) * {x}
{x} - np.float64({s}) || {x} - N.float64({s})
N.array({s}) * {x} - {y}
{x} * (1 + 0 * {k})
{x} * True + False
{x} * ({x} > 0) ?? away({x})
{m} @ {m}.T
{m} @ {m2}
{sq} @ {sq}
{v} @ {v}
{v} @ np.outer({v}, np.sin({v}))
np.outer({v}, np.sin({v})) @ {v}
{h} @ {h2}
{h} @ N.ones(({last}, 2)) * 0.3
divmod({x}, {pos})[1] || np.remainder({x}, {pos}) ?? steps({x} / ({pos}))
{x} - {x} // {pos} ?? steps({x} / ({pos}))
""".strip().splitlines()

REDUCTIONS = """
np.sum({x}{red})
np.mean({n}{red})
np.prod({x}{red})
{x}.sum({redm})
{n}.mean({redm})
{x}.prod({redm})
np.max({n}{red}) ?? distinct({n})
np.min({n}{red}) ?? distinct({n})
np.amax({n}{red}) ?? distinct({n})
{n}.max({redm}) ?? distinct({n})
{n}.min({redm}) ?? distinct({n})
np.ptp({n}{red}) ?? distinct({n})
np.var({n}{red}) ?? distinct({n})
np.std({n}{red}) ?? distinct({n})
np.var({n}{red}, ddof=1) ?? distinct({n}) and several({n}{red})
np.std({n}{red}, ddof=1) ?? distinct({n}) and several({n}{red})
{n}.std({redm}) ?? distinct({n}) and several({n}{red})
{n}.var({redm}) ?? distinct({n})
np.var({n}{red}, mean=np.mean({n}{redk})) || np.var({n}{red}) ?? distinct({n})
np.sum({x}{red}, where={mask})
np.sum({x}{red}, where={bmask})
np.sum({x}{red}, initial={s})
np.sum({x}{red}, where={mask}, initial={s})
np.prod({x}{red}, where={mask})
np.prod({x}{red}, initial={s})
np.mean({n}{red}, where={fmask})
np.var({n}{red}, where={fmask})
np.std({n}{red}, where={fmask}) ?? distinct({n}) and several({n}{red})
np.max({n}{red}, initial={s}, where={mask}) ?? distinct({n}) and away({n} - {s})
np.min({n}{red}, initial={hi}) ?? distinct({n}) and away({n} - {hi})
np.median({n}{redo}) ?? distinct({n}) and {n}.ndim > 0
np.percentile({n}, {q}{redo}) ?? distinct({n}) and {n}.ndim > 0
np.quantile({n}, {q} / 100{redo}) ?? distinct({n}) and {n}.ndim > 0
np.quantile({n}, N.array([0.2, 0.65]){redo}) ?? distinct({n}) and {n}.ndim > 0
np.percentile({n}, {q}{redo}, method="lower") ?? distinct({n}) and {n}.ndim > 0
np.quantile({n}, 0.3{redo}, method="midpoint") ?? distinct({n}) and {n}.ndim > 0
np.nansum({x}{red})
np.nanmean({n}{red})
np.nanprod({x}{red})
np.nanmax({n}{red}) ?? distinct({n})
np.nanmin({n}{red}) ?? distinct({n})
np.nanvar({n}{red}) ?? distinct({n})
np.nanstd({n}{red}) ?? distinct({n})
np.nanmedian({n}{redo}) ?? distinct({n}) and {n}.ndim > 0
np.nansum(np.where({mask}, {x}, np.nan){red})
np.nanmean(np.where({fmask}, {n}, np.nan){red})
np.average({n}{redo})
np.average({n}, axis={axis}, weights={n} * {n} + 0.5)
np.average({t}, weights=N.linspace(0.5, 2, {t}.shape[{axis}]), axis={axis})
np.cumsum({t}, axis={axis})
np.cumprod({t}, axis={axis})
np.cumsum({x})
{t}.cumsum({axis})
{t}.cumprod({axis})
np.cumulative_sum({t}, axis={axis}, include_initial=True)
np.cumulative_prod({t}, axis={axis})
np.nancumsum({t}, axis={axis})
np.nancumprod({t})
np.linalg.norm({v})
np.linalg.norm({m}) ?? away({m})
np.linalg.norm({n})
np.linalg.norm({t}, axis={axis}) ?? away({t})
np.linalg.norm({t}, 1, axis={axis}) ?? away({t})
np.linalg.norm({t}, 3, axis={axis}, keepdims=True) ?? away({t})
np.linalg.norm({t}, np.inf, axis={axis}) ?? distinct(np.abs({t}))
np.linalg.norm({m}, "fro") ?? away({m})
np.linalg.norm({m}, 1) ?? distinct(np.abs({m})) and away({m})
np.linalg.vector_norm({n}{red}) ?? away({n})
np.trace({h})
np.trace({h}, offset=1, axis1=-1, axis2=0)
{h}.trace()
np.count_nonzero({x}) * {x}
np.argmax({n}) * {n}
np.add.reduce({t}, axis={axis}) || np.sum({t}, axis={axis})
np.add.reduce({t}, axis=None, keepdims=True) || np.sum({t}, axis=None, keepdims=True)
np.multiply.reduce({t}, {axis}) || np.prod({t}, axis={axis})
np.maximum.reduce({t}, axis={axis}) || np.max({t}, axis={axis}) ?? distinct({t})
np.minimum.reduce({t}, axis={axis}, keepdims=True) || np.min({t}, axis={axis}, keepdims=True) ?? distinct({t})
np.logaddexp.reduce({t}, axis={axis}) || np.log(np.sum(np.exp({t}), axis={axis}))
np.add.accumulate({t}, axis={axis}) || np.cumsum({t}, axis={axis})
np.multiply.accumulate({t}, axis={axis}) || np.cumprod({t}, axis={axis})
np.subtract.outer({v}, {v2}) || {v}[:, None] - {v2}
np.multiply.outer({x}, {v}) || np.multiply({x}[..., None], {v})
np.add.outer({v}, {m}) || {v}[:, None, None] + {m}
np.add.reduceat({t}, [0, 1], axis={axis}) || np.add.reduceat({t}, N.array([0, 1]), axis={axis})
np.add.reduce({x}.ravel(), initial={s}) || np.sum({x}.ravel(), initial={s})
""".strip().splitlines()

SHAPES = (
    """
np.reshape({x}, -1) * {s}
{x}.reshape(-1, 1)
np.reshape({t}, {t}.shape[::-1]) * 2.0
{x}.ravel()
np.ravel({x}, order="F")
{x}.flatten() || {x}.ravel()
np.transpose({x})
{t}.transpose({perm})
np.transpose({t}, ({perm},))
{x}.T
{h}.mT
np.matrix_transpose({h})
np.swapaxes({h}, 0, -1)
{h}.swapaxes(-1, -2)
np.moveaxis({h}, 0, -1)
np.rollaxis({h}, -1)
np.expand_dims({x}, 0)
np.expand_dims({t}, (0, -1))
np.squeeze({x})
{x}.squeeze()
np.squeeze({x}[None], axis=0)
{x}[None]
{x}[..., None]
np.broadcast_to({x}, (2, *{x}.shape))
np.broadcast_arrays({x}, {y})[0] || np.broadcast_arrays({x}, np.asarray({y}))[0]
np.atleast_1d({x})
np.atleast_2d({x})
np.atleast_3d({x})
np.concatenate([{t}, {t2}])
np.concatenate([{t}, {t} * 2.0], axis={axis})
np.concatenate([{t}, {c}], axis={axis})
np.concatenate([{x}, {x2}], axis=None)
np.concatenate({t}) || np.concatenate(list({t}))
np.stack([{x}, {x} * {y}])
np.stack([{x}, {c}], axis=-1)
np.stack([np.sum({x}), np.sum({x2}), {s}])
np.stack([{x}.sum(), {s}, {x2}.sum() * 2]).reshape(3, 1)
np.hstack([{x}, {x2}])
np.vstack([{x}, {x2}])
np.dstack([{x}, {x} * {x}])
np.column_stack([{v}, {v} * 2])
np.block([[{m}, {m}], [{m}, -{m}]])
np.append({x}, {x2})
np.append({t}, {t}, axis={axis})
np.insert({t}, 0, {s}, axis={axis})
np.insert({v}, 1, {x}.sum())
np.delete({t}, 0, axis={axis})
np.tile({x}, 2)
np.tile({x}, (2, 1))
np.repeat({t}, 2, axis={axis})
np.repeat({x}, 2)
{t}.repeat(2, {axis})
np.repeat({v}, N.arange({v}.size) + 1)
np.resize({x}, (2, 2))
np.roll({t}, {k}, axis={axis})
np.roll({x}, {k})
np.rot90({h}, {k})
np.flip({t}, axis={axis})
np.flip({x})
np.flipud({t})
np.fliplr({h})
np.pad({x}, 1)
np.pad({t}, (1, 0), constant_values={s})
np.pad({t}, 1, mode="edge")
np.pad({t}, 1, mode="reflect")
np.pad({t}, 1, mode="symmetric")
np.pad({t}, 1, mode="wrap")
np.pad({t}, 1, mode="linear_ramp", end_values={s})
np.pad({t}, 1, mode="mean")
np.pad({t}, 1, mode="maximum") ?? distinct({t})
np.tril({h})
np.triu({h}, {k})
np.diag({v})
np.diag({v}, {k})
np.diag({m})
np.diagonal({h})
np.diagonal({h}, offset=1, axis1=-2, axis2=-1)
{h}.diagonal()
np.diagflat({x})
np.split({t}, [1], axis={axis})[1] ?? {t}.shape[{axis}] > 0
np.split({t}, [1], axis={axis})[0] ?? {t}.shape[{axis}] > 0
np.array_split({t}, 2)[0]
np.array_split({t}, 2, axis={axis})[0]
np.unstack({t}, axis={axis})[-1]
np.meshgrid({v}, {v2})[0] * {s}
np.meshgrid({v}, {v2}, indexing="ij")[1]
np.ediff1d({t})
np.diff({t}, axis={axis})
np.diff({t}, n=2, axis={axis})
np.diff({t}, prepend={s}, axis={axis}) || np.diff({t}, prepend=N.float64({s}), axis={axis})
np.trim_zeros(np.append({v}, 0.0)) || {v} ?? away({v})
np.copy({x})
{x}.copy() * {y}
np.full_like({x}, {x2}.sum())
np.linspace({x}, {y}, 3)
np.linspace({x}.sum(), {s}, 4)
np.linspace({x}, {x2}, 3, axis=-1)
np.geomspace(1.0, {pos}, 3)
np.logspace(0.0, {unit}, 3)
np.zeros_like({x}) + {x2}
np.ones_like({x}) * {y} + {x}
np.moveaxis({t}, {axis}, 0)
np.sum(np.array_split({v}, 2)[0])
np.apply_along_axis(np.sum, {axis}, {t})
np.apply_along_axis(lambda row: row * row.sum(), {axis}, {t})
np.apply_over_axes(np.sum, {h}, [0, 1])
np.sliding_window_view({v}, 2) || np.stack([{v}[:-1], {v}[1:]], axis=-1)
""".replace("np.sliding_window_view", "N.lib.stride_tricks.sliding_window_view")
    .strip()
    .splitlines()
)

INDEXING = """
{t}[{key}]
{t}[{key}] * {y}
{t}[{akey}]
{x}[...]
{t}[{mask}]
{t}[N.array([-1, 0, 0])]
{t}[[0, -1]] || {t}[N.array([0, -1])]
{t}[{t} > 0] || {t}[{positive}] ?? away({t})
np.take({t}, N.array([0, -1, 0]), axis={axis})
np.take({t}, [[0, 0]], axis={axis}) || np.take({t}, N.array([[0, 0]]), axis={axis}) ?? {t}.shape[{axis}] > 0
{t}.take(N.array([0]), axis={axis})
np.take({n}, N.array([0, 7, -9]), mode="wrap")
np.take({n}, N.array([0, 7, 2]), mode="clip")
np.take_along_axis({t}, {along}, axis={axis})
np.take_along_axis({t}, np.argsort({t}, axis={axis}), axis={axis}) ?? distinct({t})
np.sort({t}, axis={axis}) ?? distinct({t})
np.sort({x}, axis=None) ?? distinct({x})
np.partition({t}, 0, axis=0)[0] || np.min({t}, axis=0) ?? distinct({t})
{t}[np.argsort({t}[..., 0] if {t}.ndim > 1 else {t})] ?? distinct({t})
np.choose({choices}, [{t}, {t} * 2, {s}]) || np.choose({choices}, [{t}, {t} * 2, np.full({t}.shape, {s})], mode="clip")
np.compress(N.array([True, False]), {t}, axis={axis}) || np.take({t}, N.array([0]), axis={axis}) ?? {t}.shape[{axis}] > 0
np.extract({mask}, {t}) || {t}[{mask}]
{t}[np.argmax({t}, axis=0)] ?? distinct({t})
{v}[np.searchsorted(np.sort({v}), {s}) - 1] ?? distinct({v}) and away({v} - {s})
{t}[np.ix_(N.array([0, -1]))]
{h}[np.ix_(N.array([0, -1]), N.array([0, 0, -1]))]
{h}[N.array([0, -1]), :, None]
{h}[..., N.array([[0], [-1]])]
{v}[np.arange(2)]
{m}[np.diag_indices({m}.shape[0])]
{m}[np.tril_indices({m}.shape[0], m={m}.shape[1])]
{h}[:, None][0]
{h}[::-1, ..., ::2]
np.trapezoid({t}, axis={axis}) ?? {t}.shape[{axis}] > 0
np.trapezoid({t}, dx={s}, axis={axis}) ?? {t}.shape[{axis}] > 0
np.interp({x}, N.array([-2.0, 0.1, 1.9]), N.array([0.3, -1.0, 2.0])) ?? away({x} - 0.1) and away(abs({x}) - 1.95)
np.interp({x}, N.array([-2.0, 0.1, 1.9]), np.stack([{x2}.sum(), {s}, {x2}.sum() * 2])) ?? away({x} - 0.1) and away(abs({x}) - 1.95)
np.interp({s}, np.sort({v}), {v} * {v}) ?? distinct({v}) and away({v} - {s})
np.gradient({t}, axis={axis})
np.gradient({v}, 0.5)
np.bincount(N.arange({v}.size) // 2, weights={v}) || np.bincount(N.arange({v}.size) // 2, weights={v}, length=({v}.size + 1) // 2)
np.histogram(N.linspace(0, 1, {v}.size), bins=3, weights={v})[0]
np.digitize({x}, N.array([-0.5, 0.5])) * {x} ?? away(abs({x}) - 0.5)
""".strip().splitlines()

# Writes of every kind on tensors, and the functional spelling.
WRITES = """
{new} = {t}.copy(); {new}[{key}] = {s} || {new} = {t}.at[{key}].set({s})
{new} = {t} * 1.0; {new}[{key}] = {x}.sum() || {new} = {t}.at[{key}].set({x}.sum())
{new} = {t} * 1.0; {new}[{key}] *= {x}.sum() || {new} = {t}.at[{key}].multiply({x}.sum())
{new} = np.sin({t}); {new}[{key}] += {s} || {new} = np.sin({t}).at[{key}].add({s})
{new} = np.exp({unit}); {new} *= {s}; {new} += {x} || {new} = np.exp({unit}) * {s} + {x} ?? {x}.ndim > 0
{new} = {x} * 2.0; {new} -= {y}; {new} /= {pos} || {new} = ({x} * 2.0 - {y}) / {pos} ?? {x}.ndim > 0
{new} = {t} * 1.0; {new}[{akey}] = {s} || {new} = {t}.at[{akey}].set({s})
{new} = {t} * 1.0; {new}[{mask}] *= {x}.mean() || {new} = np.where({mask}, {t} * {x}.mean(), {t})
{new} = {t} * 1.0; {new}[{mask}] = {s} || {new} = np.where({mask}, {s}, {t})
{new} = {t} * 1.0; np.add.at({new}, N.array([0, 0, -1]), {s}) || {new} = {t}.at[N.array([0, 0, -1])].add({s})
{new} = {t} * 1.0; np.add.at({new}, [0, 0], {t}[0]) || {new} = {t}.at[N.array([0, 0])].add({t}[0])
{new} = {t} * 1.0; w = {new}[{key}]; w *= {x}.sum(); w += {s} || {new} = {t}.at[{key}].set({t}[{key}] * {x}.sum() + {s}) ?? np.ndim({t}[{key}]) > 0
{new} = {t} * 1.0; w = {new}.T; w[0] = {s} || {new} = {t}.T.at[0].set({s}).T
{new} = {t} * 1.0; w = {new}.reshape(-1); w[0] *= {x}.sum() || {new} = {t}.ravel().at[0].multiply({x}.sum()).reshape({t}.shape) ?? ({t} * 1.0).flags.c_contiguous
{new} = {t} * 1.0; {new}[::-1] *= {t} || {new} = {t} * {t}[::-1]
{new} = {t} * 1.0; {new}[1:] += {new}[:-1] || {new} = {t}.at[1:].add({t}[:-1])
{new} = {t} * 1.0; w = {new}[0]; {new} *= 2; w += 1 || {new} = ({t} * 2).at[0].add(1) ?? {t}.ndim > 1
{new} = {t} * 1.0; np.multiply({new}, {s}, out={new}); np.sin({new}, {new}) || {new} = np.sin({t} * {s})
{new} = {t} * 1.0; np.add({new}[1:], {new}[:-1], out={new}[1:]) || {new} = {t}.at[1:].set({t}[1:] + {t}[:-1])
{new} = {t} * 1.0; np.put_along_axis({new}, {one}, {s}, {axis}) || {new} = np.put_along_axis({t}, {one}, {s}, {axis}, inplace=False)
{new} = {n} * 1.0; np.put({new}, [0, -1], {s}) || {new} = np.put({n}, N.array([0, -1]), {s}, inplace=False) ?? {n}.ndim > 0
{new} = {n} * 1.0; np.putmask({new}, {mask}, {new} * 3) || {new} = np.where({mask}, {n} * 3, {n})
{new} = {x} * 1.0; np.copyto({new}, {y}, where={mask}) || {new} = np.where({mask}, {y}, {x})
{new} = {m} * 1.0; np.fill_diagonal({new}, {x}.sum()) || {new} = np.fill_diagonal({m}, {x}.sum(), inplace=False)
{new} = {t} * 1.0; {new}[0].fill({s}) || {new} = {t}.at[0].set({s}) ?? {t}.ndim > 1
{new} = {t} * 1.0; {new}.sort(axis={axis}) || {new} = np.sort({t}, axis={axis}) ?? distinct({t})
{new} = np.zeros({shape}) + {x}.sum(); {new}[0] = {x2}.sum() || {new} = (np.zeros({shape}) + {x}.sum()).at[0].set({x2}.sum())
{new} = np.zeros_like({t}) * {t}; {new}[0] = {t}[-1]; {new}[-1] = {t}[0] * 2 || {new} = (np.zeros_like({t}) * {t}).at[0].set({t}[-1]).at[-1].set({t}[0] * 2)
{new} = {x} + 0.0; {new} **= 2 || {new} = {x} ** 2
{new} = {sq}; {new} @= {sq} || {new} = {sq} @ {sq}
{new} = {t} * 1.0; {new} += {new} * {new}; {new} *= {t} || {new} = ({t} + {t} * {t}) * {t}
{new} = {t} * 1.0; {new}[0], {new}[-1] = {new}[-1] * 1.0, {new}[0] * 1.0 || {new} = {t}.at[0].set({t}[-1]).at[-1].set({t}[0])
{new} = {t} * 1.0; w, u = {new}[0], {new}[-1]; w *= 2; u *= 3 || {new} = {t}.at[0].multiply(2).at[-1].multiply(3) ?? {t}.ndim > 1
""".strip().splitlines()

PRODUCTS = """
np.dot({x}, {x2})
np.dot({m}, {m}.T)
{v}.dot({v})
np.matmul({h}, {h2})
np.matmul({h}, np.swapaxes({h}, -1, -2))
np.inner({v}, {v})
np.inner({m}, {m})
np.outer({x}, {v})
np.vdot({x}, {x})
np.vecdot({t}, {t})
np.vecdot({t}, {t}, axis={axis})
np.matvec({h}, N.ones({last}) * {s})
np.vecmat({v}, np.outer({v}, {v}))
np.kron({v}, {m})
np.kron({m}, {m2})
np.cross({three}, {three} * {three})
np.tensordot({h}, {h}, axes={h}.ndim)
np.tensordot({h}, {h}, axes=([0], [0]))
np.tensordot({v}, {m}, axes=0)
np.tensordot({m}, {m2}, axes=1)
np.einsum("ij,kj->ik", {m}, {m})
np.einsum("ij,ij->i", {m}, {m})
np.einsum("ii->i", {sq})
np.einsum("ii", {sq})
np.einsum("ij->j", {m})
np.einsum("ij,jk,k->i", {m}, {m}.T, N.ones({m}.shape[0]))
np.einsum("...i,...i->...", {t}, {t})
np.einsum("...ij,...kj->...ik", {h}, {h})
np.einsum("i,j->ij", {v}, {v2})
np.einsum("i,i,i->", {v}, {v}, {v})
np.einsum({m}, [0, 1], {m}, [0, 2], [1, 2])
np.einsum("ij,jk", {m}, {m}.T, optimize=True)
np.convolve({v}, {v2})
np.convolve({v}, N.array([1.0, -2.0]), mode="same")
np.correlate({v}, {v2}, mode="full")
np.correlate({v}, {v}, mode="valid")
np.polyval({v}, {unit})
np.polyadd({v}, {v2})
np.polymul({v}, {v2}) ?? away({v}[0]) and away({v2}[0])
np.polyder({v})
np.polyint({v}, k={s})
np.vander({v}, 3)
np.vander({v}, 3, increasing=True)
np.cov({m}) ?? distinct({m}) and {m}.shape[1] > 1
np.cov({m}, rowvar=False, ddof=0) ?? distinct({m})
np.corrcoef({m}) ?? distinct({m}) and {m}.shape[1] > 2
np.linalg.inv({good})
np.linalg.det({good})
np.linalg.slogdet({good})[1]
np.linalg.solve({good}, N.ones(({size}, 2)) * {s})
np.linalg.solve({good}, {good}.sum(axis=0))
np.linalg.cholesky({spd})
np.linalg.eigvalsh({spd}) ?? distinct(np.linalg.eigvalsh({spd}))
np.linalg.eigh({spd})[0] ?? distinct(np.linalg.eigvalsh({spd}))
(lambda w, V: (V * np.sqrt(w)) @ V.T)(*np.linalg.eigh({spd})) ?? distinct(np.linalg.eigvalsh({spd}))
np.linalg.svd({good}, compute_uv=False) ?? distinct(np.linalg.svd({good}, compute_uv=False))
(lambda U, s, V: (U * np.sqrt(s)) @ V)(*np.linalg.svd({good})) ?? distinct(np.linalg.svd({good}, compute_uv=False))
np.linalg.qr({good})[1]
np.linalg.pinv({good})
np.linalg.matrix_power({good} / 3, {k})
np.linalg.matrix_power({good}, -1)
np.linalg.multi_dot([{m}, {m}.T, {m}])
np.linalg.norm({good}, 2) ?? distinct(np.linalg.svd({good}, compute_uv=False))
np.linalg.norm({good}, "nuc") ?? distinct(np.linalg.svd({good}, compute_uv=False))
np.linalg.norm({good}, -2) ?? distinct(np.linalg.svd({good}, compute_uv=False))
np.linalg.cond({good}) ?? distinct(np.linalg.svd({good}, compute_uv=False))
np.linalg.lstsq({good}, np.sum({good}, axis=1))[0]
np.linalg.outer({v}, {v2})
np.linalg.matrix_norm({h}) ?? away({h})
np.linalg.tensorsolve({good}, np.sum({good}, axis=0))
np.linalg.tensorinv({good}, ind=1)
np.linalg.vecdot({t}, {t})
np.linalg.trace({h})
np.linalg.diagonal({h})
np.linalg.cross({three}, {three}[::-1] if {three}.ndim > 1 else {three} * {three})
""".strip().splitlines()

COMPLEX = """
np.real({z})
np.imag({z} * {z})
({z} * {z}.conj()).real
np.abs({z}) ?? away(np.abs({z}))
np.angle({z}) ?? away(np.abs({z})) and away({z}.imag)
np.real(np.exp(0.3j * {z}))
np.exp(0.3 * {z}).imag
np.sin({z} * 0.4).real
np.log({z} + 4.0).imag
np.sqrt({z} + 4.0).real
np.tanh({z} * 0.2).imag
(1 / ({z} + 4.0)).real
({z} ** 2).imag
({z} / ({z} + 3j)).real ?? away(np.abs({z} + 3j))
np.sum({z}{redz}).real * {s}
np.mean({z} * {z}).imag
np.prod({z} * 0.5).real
np.vdot({z}, {z} * {z}).imag
np.conj({z}).imag
np.square(np.abs({z})) ?? away(np.abs({z}))
np.cumsum({z})[-1:].imag
np.where({x} > 0, {x} + 1j, {x} * 2j).imag ?? away({x})
({x} + 2j).imag * {x}
(({x} + 1j) @ {v}).real
np.real(1j * {x} * {z})
np.fft.fft({t}).real
np.fft.fft({t}, axis={axis}).imag
np.fft.fft({t}, n=3).real
np.fft.ifft({t} * 1j, axis={axis}).imag
np.abs(np.fft.rfft({t})) ?? away(np.abs(np.fft.rfft({t})))
np.fft.rfft({t}, axis={axis}).real
np.fft.rfft({t}, n=5, norm="ortho").imag
np.fft.irfft({t} + 1j * {t} * {t})
np.fft.irfft(np.fft.rfft({t}) * 2, n={last}) ?? {last} > 0
np.fft.fft2({h}).real
np.fft.ifft2({h}).real
np.fft.fftn({t}).imag
np.fft.rfft2({h}).real
np.fft.irfftn(np.fft.rfftn({h}), s={h}.shape[-2:], axes=(-2, -1))
np.fft.hfft({t} + 0.5j * {t})
np.fft.ihfft({t}).imag
np.fft.fftshift({t}) * np.fft.ifftshift({t})
np.fft.fft(np.fft.ifft({t}) * {z2}.sum(), norm="forward").real
np.linalg.det({good} + 0.3j * {good}.T).real
np.linalg.inv({good} + 0.3j * {good}.T).imag
np.linalg.solve({good} + 0.3j, N.ones({size})).real
np.einsum("i,j->ij", {v} + 1j, {v} * 1j).real
np.concatenate([{t} + 1j, {t} * 2]).real
np.linalg.norm({z}.ravel()) ?? away(np.abs({z}))
""".strip().splitlines()

# Python around NumPy: lists, dicts, loops and conditions. A block names `{new}` itself.
PYTHON = r"""
{new} = sum([{x}, {x} * {y}, {s}])
{new} = sum({t})
{new} = [{x}, {x2}, {y}][0] * {x}
{new} = {"a": {x}, "b": {x2}}["a"] * {s}
{new} = np.stack([row * {s} for row in {t}])
{new} = np.stack([row.sum() for row in {t}])
{new} = {x}\nfor i in range(3):\n    {new} = {new} * 0.5 + np.sin({new}) * i
{new} = {x} * 0\nfor i in range(2):\n    {new} = {new} + {x} ** (i + 1)
{new} = {x} * {x} if {x}.sum() > {s} else np.sin({x}) || {new} = np.where({x}.sum() > {s}, {x} * {x}, np.sin({x})) ?? away({x}.sum() - {s})
{new} = {x}\nwhile np.sum(np.abs({new})) > 1:\n    {new} = {new} * 0.5 || {new} = {x}\nfor i in range(7):\n    {new} = np.where(np.sum(np.abs({new})) > 1, {new} * 0.5, {new}) ?? np.sum(np.abs({x})) < 100
{new} = np.sum({x})\nfor row in {t}:\n    {new} = {new} + np.tanh(row).sum()
{new} = (lambda a, b=2.0: a * b - a)({x})
{new}, w = {x} * 2, {x2} * 3\n{new} = {new} * w.sum()
w = [np.sin({x})]\nfor i in range(2):\n    w.append(w[-1] * {y})\n{new} = w[-1] + w[0].sum()
{new} = np.mean({n}) if {n}.ndim else {n} * 3
{new} = max({x}.sum(), {x2}.sum()) * {x} || {new} = np.maximum({x}.sum(), {x2}.sum()) * {x} ?? away({x}.sum() - {x2}.sum())
{new} = {x}.sum()\nfor i, row in enumerate({t}):\n    if i % 2 == 0:\n        {new} = {new} + row * row
w = dict(a={x}, b=[{x2}, {y}])\n{new} = w["a"] + w["b"][1] * w["a"]
a, *b = {t}\n{new} = a * 2 + len(b)
{new} = {t}[len({t}) - 1] * {t}.size + {t}.ndim
""".strip().splitlines()

CHAPTERS = {
    "elementwise": ELEMENTWISE, "operators": OPERATORS, "reductions": REDUCTIONS, "shapes": SHAPES,
    "indexing": INDEXING, "writes": WRITES, "products": PRODUCTS, "complex": COMPLEX, "python": PYTHON,
}  # fmt: skip
