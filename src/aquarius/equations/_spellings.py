"""How each library spells what the emitter writes in PyTorch: a table per library, and helpers where it has no such function."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Dialect:
    """One library: `calls` holds a template per PyTorch function ("exp") or method (".sum")."""

    name: str
    title: str
    alias: str
    imports: list[str]
    calls: dict[str, str]
    taken: frozenset[str]
    takes_numbers: bool = True  # a plain number may stand where an array is expected
    assigned: str = ""  # how an element is set, where arrays cannot be changed
    missing: dict[str, str] = field(default_factory=dict)  # why a function has no counterpart


def _same(prefix: str, names: str, template: str = "({first})") -> dict[str, str]:
    return {name.split(":")[0]: prefix + name.split(":")[-1] + template for name in names.split()}


_NUMPY_LIKE = "exp log log1p expm1 sin cos tan tanh sinh cosh sqrt floor ceil round sign abs square atan:arctan asin:arcsin acos:arccos"


def _numpy_like(alias: str) -> dict[str, str]:
    """What NumPy and JAX spell alike."""
    return {
        **_same(f"{alias}.", _NUMPY_LIKE),
        **_same(f"{alias}.", "where maximum minimum outer kron einsum", "({all})"),
        **_same(f"{alias}.", "trace diagonal det:linalg.det diag linalg.inv linalg.pinv linalg.eigh isfinite"),
        "chunk": f"{alias}.split({{first}}, {{second}}{{then_axis}})",
        "split": f"{alias}.split({{first}}, {{points}}{{then_axis}})",
        **_same(f"{alias}.", "zeros ones", "({shape})"),
        **_same(f"{alias}.", "stack cat:concatenate cumsum", "({first}{then_axis})"),
        "linalg.matrix_power": f"{alias}.linalg.matrix_power({{all}})",
        "linalg.vector_norm": f"{alias}.linalg.norm({{first}}{{then_axis}})",
        "eye": f"{alias}.eye({{first}})",
        "arange": f"{alias}.arange({{first}})",
        "tensor": f"{alias}.array({{first}}, dtype=float)",
        "number": f"{alias}.array({{first}}, dtype=float)",
        "clamp-min": f"{alias}.maximum({{first}}, {{limit}})",
        "clamp-max": f"{alias}.minimum({{first}}, {{limit}})",
        "clamp-max-min": f"{alias}.clip({{first}}, {{low}}, {{high}})",
        ".abs": f"{alias}.abs({{first}})",
        ".append": "{dotted}.append({rest})",
        ".double": "{dotted}.astype(float)",
        ".reshape": "{dotted}.reshape({rest})",
        **{f".{name}": f"{{dotted}}.{name}({{axis}})" for name in ("sum", "mean", "prod", "max", "min", "argmax", "argmin", "var")},
        "transpose": "{dotted}.T",
        "transpose-deep": f"{alias}.swapaxes({{first}}, -1, -2)",
    }


NUMPY = Dialect(
    "numpy",
    "numpy",
    "np",
    ["import numpy as np"],
    {
        **_numpy_like("np"),
        **_same("", "erf lgamma sigmoid gelu silu logit logsigmoid:log_sigmoid"),
        "relu": "np.maximum({first}, 0)",
        "softplus": "np.logaddexp(0, {first})",
        "softmax": "softmax({first}{then_axis})",
        "log_softmax": "log_softmax({first}{then_axis})",
        "logsumexp": "np.logaddexp.reduce({first}{then_axis})",
    },
    frozenset({"np"}),
    missing={"func.grad": "a gradient needs automatic differentiation, which does not exist"},
)

JAX = Dialect(
    "jax",
    "jax",
    "jnp",
    ["import jax", "import jax.numpy as jnp"],
    {
        **_numpy_like("jnp"),
        **_same("jax.nn.", "sigmoid relu silu softplus logsigmoid:log_sigmoid"),
        **_same("jax.nn.", "softmax log_softmax logsumexp", "({first}{then_axis})"),
        "gelu": "jax.nn.gelu({first}, approximate=False)",
        "erf": "jax.lax.erf({first})",
        "lgamma": "jax.lax.lgamma({first})",
        "logit": "logit({first})",
        "func.grad": "jax.grad({first})",
    },
    frozenset({"jax", "jnp"}),
    assigned="{name} = {name}.at[{places}].set({value})",
)

TENSORFLOW = Dialect(
    "tensorflow",
    "tensorflow",
    "tf",
    ["import tensorflow as tf"],
    {
        **_same("tf.", "exp sin cos tan tanh sinh cosh sqrt floor round sign abs square atan asin acos sigmoid"),
        **_same("tf.math.", "log log1p expm1 ceil erf lgamma logsigmoid:log_sigmoid"),
        **_same("tf.nn.", "relu gelu silu softplus"),
        **_same("tf.nn.", "softmax log_softmax", "({first}{then_axis})"),
        **_same("tf.", "where maximum minimum einsum", "({all})"),
        **_same("tf.", "stack cumsum", "({first}{then_axis})"),
        **_same("tf.linalg.", "trace diagonal:diag_part det diag linalg.inv:inv linalg.pinv:pinv linalg.eigh:eigh"),
        **_same("tf.", "chunk:split split", "({first}, {second}{then_axis})"),
        "cat": "tf.concat({first}{then_axis})",
        "logsumexp": "tf.reduce_logsumexp({first}{then_axis})",
        "logit": "logit({first})",
        "outer": "tf.tensordot({first}, {second}, axes=0)",
        "kron": "kron({all})",
        "linalg.matrix_power": "matrix_power({all})",
        "linalg.vector_norm": "tf.norm({first}{then_axis})",
        "eye": "tf.eye({first}, dtype=tf.float64)",
        "zeros": "tf.zeros({tuple}, dtype=tf.float64)",
        "ones": "tf.ones({tuple}, dtype=tf.float64)",
        "tensor": "tf.constant({first}, dtype=tf.float64)",
        "number": "tf.constant({first}, dtype=tf.float64)",
        "clamp-min": "tf.maximum({first}, {limit})",
        "clamp-max": "tf.minimum({first}, {limit})",
        "clamp-max-min": "tf.clip_by_value({first}, {low}, {high})",
        "arange": "tf.range({first})",
        "func.grad": "gradient({first})",
        "picked": "tf.gather({first}, {second}, axis=1, batch_dims=1)",
        "count": "tf.math.count_nonzero({first}{then_axis}, dtype=tf.float64)",
        ".abs": "tf.abs({first})",
        ".append": "{dotted}.append({rest})",
        ".double": "tf.cast({first}, tf.float64)",
        ".reshape": "tf.reshape({first}, {rest_tuple})",
        ".argmax": "tf.argmax({first})",
        ".argmin": "tf.argmin({first})",
        ".var": "tf.math.reduce_variance({first}{then_axis})",
        **{f".{name}": f"tf.reduce_{name}({{first}}{{then_axis}})" for name in ("sum", "mean", "prod", "max", "min")},
        "transpose": "tf.transpose({first})",
        "transpose-deep": "tf.linalg.matrix_transpose({first})",
        "matmul-1-1": "tf.tensordot({first}, {second}, axes=1)",
        "matmul-2-1": "tf.linalg.matvec({first}, {second})",
        "matmul-1-2": "tf.linalg.matvec({second}, {first}, transpose_a=True)",
    },
    frozenset({"tf"}),
    takes_numbers=False,
    assigned="{name} = tf.tensor_scatter_nd_update({name}, [[{places}]], [{value}])",
)

DIALECTS = {dialect.name: dialect for dialect in (NUMPY, JAX, TENSORFLOW)}

# Functions that stand above the equation's own, only where it calls them.
HELPERS: dict[str, dict[str, str]] = {
    "numpy": {
        "erf": "erf = np.vectorize(math.erf, otypes=[float])",
        "lgamma": "lgamma = np.vectorize(math.lgamma, otypes=[float])",
        "sigmoid": "def sigmoid(x):\n    return np.exp(-np.logaddexp(0, -x))",
        "log_sigmoid": "def log_sigmoid(x):\n    return -np.logaddexp(0, -x)",
        "gelu": "def gelu(x):\n    return 0.5 * x * (1 + erf(x / math.sqrt(2)))",
        "silu": "def silu(x):\n    return x * np.exp(-np.logaddexp(0, -x))",
        "logit": "def logit(p):\n    return np.log(p / (1 - p))",
        "softmax": (
            "def softmax(x, axis):\n"
            "    weights = np.exp(x - x.max(axis=axis, keepdims=True))\n"
            "    return weights / weights.sum(axis=axis, keepdims=True)"
        ),
        "log_softmax": (
            "def log_softmax(x, axis):\n"
            "    shifted = x - x.max(axis=axis, keepdims=True)\n"
            "    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))"
        ),
    },
    "jax": {"logit": "def logit(p):\n    return jnp.log(p / (1 - p))"},
    "tensorflow": {
        "logit": "def logit(p):\n    return tf.math.log(p / (1 - p))",
        "kron": (
            "def kron(a, b):\n"
            "    blocks = tf.einsum('ij,kl->ikjl', a, b)\n"
            "    return tf.reshape(blocks, (a.shape[0] * b.shape[0], a.shape[1] * b.shape[1]))"
        ),
        "matrix_power": (
            "def matrix_power(matrix, exponent):\n"
            "    factor = matrix if exponent >= 0 else tf.linalg.inv(matrix)\n"
            "    result = tf.eye(matrix.shape[-1], dtype=matrix.dtype)\n"
            "    for _ in range(abs(exponent)):\n"
            "        result = result @ factor\n"
            "    return result"
        ),
        "gradient": (
            "def gradient(function):\n"
            "    def slope(point):\n"
            "        with tf.GradientTape() as tape:\n"
            "            tape.watch(point)\n"
            "            value = function(point)\n"
            "        return tape.gradient(value, point)\n"
            "\n"
            "    return slope"
        ),
    },
}
