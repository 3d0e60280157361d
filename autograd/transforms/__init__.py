"""Transforms: functions of functions, such as `grad`, `vjp`, `jvp`, `jacobian` and `checkpoint`; and pytrees."""
