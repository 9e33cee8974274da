"""Equations in the notation of papers, each with declarations and an independent right answer in PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F


@dataclass(frozen=True)
class Case:
    """One equation: `reference` takes values by LaTeX name and functions by LaTeX name."""

    name: str
    latex: str
    symbols: dict[str, Any]
    reference: Callable[[dict[str, Any], dict[str, Any]], Any]
    functions: dict[str, Callable[..., Any]] = field(default_factory=dict)


def _shapes(text: str) -> dict[str, list[str]]:
    """ "Q:n,d K:m,d b:" -> shapes by name."""
    return {item.rsplit(":", 1)[0]: [size for size in item.rsplit(":", 1)[1].split(",") if size] for item in text.split()}


def case(name: str, latex: str, inputs: str, reference: Callable[[dict[str, Any], dict[str, Any]], Any], **more: Any) -> Case:
    functions = more.pop("functions", {})
    symbols = {"inputs": _shapes(inputs), **more}
    if functions:
        symbols["functions"] = sorted(functions)
    return Case(name, latex, symbols, reference, functions)


def _attention(v: dict[str, Any], f: dict[str, Any]) -> torch.Tensor:
    return F.scaled_dot_product_attention(v["Q"], v["K"], v["V"])


def _heads(v: dict[str, Any], f: dict[str, Any]) -> torch.Tensor:
    heads = [
        F.scaled_dot_product_attention(v["Q"] @ q, v["K"] @ k, v["V"] @ w) for q, k, w in zip(v["W^Q"], v["W^K"], v["W^V"], strict=True)
    ]
    return torch.cat(heads, -1) @ v["W^O"]


def _sinusoids(v: dict[str, Any], f: dict[str, Any]) -> torch.Tensor:
    angle = torch.arange(7, dtype=torch.float64)[:, None] / 10000 ** (torch.arange(0, 6, 2, dtype=torch.float64) / 6)
    return torch.stack([angle.sin(), angle.cos()], -1).reshape(7, 6)


def _normalised(a: torch.Tensor) -> torch.Tensor:
    a = a + torch.eye(len(a), dtype=a.dtype)
    degree = a.sum(1)
    return a / torch.sqrt(degree[:, None] * degree[None, :])


def _lstm(v: dict[str, Any], f: dict[str, Any]) -> torch.Tensor:
    weights, recurrent, bias = (torch.cat([v[f"{name}_{{{gate}}}"] for gate in "ifgo"]) for name in "WUb")
    cell = torch.nn.LSTMCell(v["x_t"].shape[0], v["h_{t-1}"].shape[0]).double()
    parameters = {"weight_ih": weights, "weight_hh": recurrent, "bias_ih": bias, "bias_hh": torch.zeros_like(bias)}
    return torch.func.functional_call(cell, parameters, (v["x_t"], (v["h_{t-1}"], v["c_{t-1}"])))[0]


def _gat(v: dict[str, Any], f: dict[str, Any]) -> torch.Tensor:
    z = v["h"] @ v["W"].T
    n = len(z)
    e = torch.stack([torch.stack([F.leaky_relu(v["a"] @ torch.cat([z[i], z[j]]), 0.2) for j in range(n)]) for i in range(n)])
    e = e.masked_fill(v["\\mathcal{N}"] == 0, -torch.inf)
    return torch.softmax(e, 1) @ z


def _grad(function: Callable[[torch.Tensor], torch.Tensor], at: torch.Tensor) -> torch.Tensor:
    leaf = at.detach().clone().requires_grad_(True)
    return torch.autograd.grad(function(leaf), leaf)[0]


_LSTM = r"""
i_t &= \sigma(W_i x_t + U_i h_{t-1} + b_i) \\ f_t &= \sigma(W_f x_t + U_f h_{t-1} + b_f) \\
g_t &= \tanh(W_g x_t + U_g h_{t-1} + b_g) \\ o_t &= \sigma(W_o x_t + U_o h_{t-1} + b_o) \\
c_t &= f_t \odot c_{t-1} + i_t \odot g_t \\ h_t &= o_t \odot \tanh(c_t)
"""
_LSTM_INPUTS = "x_t:D h_{t-1}:H c_{t-1}:H " + " ".join(f"W_{{{g}}}:H,D U_{{{g}}}:H,H b_{{{g}}}:H" for g in "ifgo")

CASES: list[Case] = [
    # the Transformer
    case("attention", r"\mathrm{Attention}(Q, K, V) = \mathrm{softmax}(\frac{QK^T}{\sqrt{d_k}})V", "Q:n,d_k K:m,d_k V:m,d_v", _attention),
    case(
        "multi-head",
        r"""\begin{align*}
        \mathrm{MultiHead}(Q, K, V) &= \mathrm{Concat}(\mathrm{head_1}, ..., \mathrm{head_h})W^O\\
        % \mathrm{where} a line that was taken out
        \text{where}~\mathrm{head_i} &= \mathrm{Attention}(QW^Q_i, KW^K_i, VW^V_i)\\
        \end{align*}""",
        "Q:n,d K:m,d V:m,d W^Q:h,d,d_k W^K:h,d,d_k W^V:h,d,d_v W^O:h*d_v,d",
        _heads,
        functions={r"\mathrm{Attention}": lambda q, k, v: F.scaled_dot_product_attention(q, k, v)},
        index={"i": "1..h"},
        outputs=[r"\mathrm{MultiHead}"],
    ),
    case(
        "multi-head-inlined",
        r"""\mathrm{MultiHead}(Q, K, V) &= \mathrm{Concat}(\mathrm{head_1}, ..., \mathrm{head_h})W^O\\
        \text{where}~\mathrm{head_i} &= \mathrm{Attention}(QW^Q_i, KW^K_i, VW^V_i)\\
        \mathrm{Attention}(Q, K, V) &= \mathrm{softmax}(\frac{QK^T}{\sqrt{d_k}})V""",
        "Q:n,d K:m,d V:m,d W^Q:h,d,d_k W^K:h,d,d_k W^V:h,d,d_v W^O:e,d",
        _heads,
        dims={"h": 2, "d_v": 3, "e": 6},
        outputs=[r"\mathrm{MultiHead}"],
    ),
    case(
        "ffn",
        r"\mathrm{FFN}(x)=\max(0, xW_1 + b_1) W_2 + b_2",
        "x:n,d W_1:d,f b_1:f W_2:f,d b_2:d",
        lambda v, f: F.linear(F.relu(F.linear(v["x"], v["W_1"].T, v["b_1"])), v["W_2"].T, v["b_2"]),
    ),
    case(
        "sinusoids",
        r"\begin{align*} PE_{(pos,2i)} = sin(pos / 10000^{2i/\dmodel}) \\ PE_{(pos,2i+1)} = cos(pos / 10000^{2i/\dmodel}) \end{align*}",
        "",
        _sinusoids,
        index={"pos": "0..n-1", "i": "0..d/2-1"},
        dims={"n": 7, "d": 6},
        constants={r"\dmodel": "d"},
        outputs=["PE"],
    ),
    case(
        "warm-up",
        r"lrate = d_{\text{model}}^{-0.5} \cdot \min({step\_num}^{-0.5}, {step\_num} \cdot {warmup\_steps}^{-1.5})",
        r"step\_num:t",
        lambda v, f: 512**-0.5 * torch.minimum(v[r"step\_num"].rsqrt(), v[r"step\_num"] / 8.0),
        constants={r"d_{\text{model}}": 512, r"warmup\_steps": 4},
        domains={r"step\_num": "pos"},
    ),
    # graphs
    case(
        "gcn-layer",
        r"H^{(l+1)} = \sigma\!\left(\tilde{D}^{-\frac{1}{2}}\tilde{A}\tilde{D}^{-\frac{1}{2}}H^{(l)}W^{(l)}\right) \, .",
        r"\tilde{D}:n,n \tilde{A}:n,n H^{(l)}:n,c W^{(l)}:c,f",
        lambda v, f: F.relu(torch.linalg.inv(v[r"\tilde{D}"]).sqrt() @ v[r"\tilde{A}"] @ torch.linalg.inv(v[r"\tilde{D}"]).sqrt() @ v["H^{(l)}"] @ v["W^{(l)}"]),
        functions={r"\sigma": lambda x: F.relu(x)},
        domains={r"\tilde{D}": "diagpos"},
    ),
    case(
        "gcn-two-layers",
        r"Z = f(X, A) = \mathrm{softmax}\!\left(\hat{A} \, \mathrm{ReLU}\!\left(\hat{A} X W^{(0)}\right) W^{(1)}\right)",
        r"\hat{A}:n,n X:n,c W^{(0)}:c,h W^{(1)}:h,f",
        lambda v, f: F.softmax(v[r"\hat{A}"] @ F.relu(v[r"\hat{A}"] @ v["X"] @ v["W^{(0)}"]) @ v["W^{(1)}"], dim=1),
    ),
    case(
        "gcn-normalisation",
        r"\tilde A = A + I_N \\ \tilde{D}_{ii} = \sum_j \tilde{A}_{ij} \\ Z = \tilde{D}^{-1/2}\tilde{A}\tilde{D}^{-1/2}X\Theta",
        r"A:N,N X:N,C \Theta:C,F",
        lambda v, f: _normalised(v["A"]) @ v["X"] @ v[r"\Theta"],
        domains={"A": "adj"},
        index={"i": "1..N"},
        outputs=["Z"],
    ),
    case(
        "sgc",
        r"\hat{\mathbf{Y}}_{\text{SGC}} = \text{softmax}(\mathbf{S}^K \mathbf{X} \mathbf{\Theta})",
        r"\mathbf{S}:n,n \mathbf{X}:n,d \mathbf{\Theta}:d,c",
        lambda v, f: F.softmax(v[r"\mathbf{S}"] @ (v[r"\mathbf{S}"] @ (v[r"\mathbf{S}"] @ v[r"\mathbf{X}"])) @ v[r"\mathbf{\Theta}"], -1),
        constants={"K": 3},
    ),
    case(
        "gat",
        r"""e_{ij} = \mathrm{LeakyReLU}(\mathbf{a}^T [W h_i \| W h_j]) \\
        \alpha_{ij} = \frac{\exp(e_{ij})}{\sum_{k \in \mathcal{N}_i} \exp(e_{ik})} \\
        h'_i = \sum_{j \in \mathcal{N}_i} \alpha_{ij} W h_j""",
        r"h:n,c W:f,c \mathbf{a}:g \mathcal{N}:n,n",
        lambda v, f: _gat({**v, "a": v[r"\mathbf{a}"]}, f),
        functions={r"\mathrm{LeakyReLU}": lambda x: F.leaky_relu(x, 0.2)},
        index={"i": "1..n", "j": "1..n"},
        sets={r"\mathcal{N}": "mask"},
        domains={r"\mathcal{N}": "adj"},
        dims={"f": 3, "g": 6},
        outputs=["h'"],
    ),
    case(
        "neighbour-mean",
        r"h_v = \frac{1}{|\mathcal{N}(v)|} \sum_{u \in \mathcal{N}(v)} x_u",
        r"x:n,d \mathcal{N}:n,n",
        lambda v, f: (v[r"\mathcal{N}"] / v[r"\mathcal{N}"].sum(1, keepdim=True)) @ v["x"],
        index={"v": "1..n"},
        sets={r"\mathcal{N}": "mask"},
        domains={r"\mathcal{N}": "adj"},
        outputs=["h"],
    ),
    # recurrent cells
    case("lstm", _LSTM, _LSTM_INPUTS, _lstm, outputs=["h_t"]),
    case(
        "gru",
        r"""z_t = \sigma(W_z x_t + U_z h_{t-1}), \quad r_t = \sigma(W_r x_t + U_r h_{t-1}) \\
        \tilde{h}_t = \tanh(W x_t + U(r_t \odot h_{t-1})) \\ h_t = (1 - z_t) \odot h_{t-1} + z_t \odot \tilde{h}_t""",
        "x_t:D h_{t-1}:H W_z:H,D U_z:H,H W_r:H,D U_r:H,H W:H,D U:H,H",
        lambda v, f: torch.lerp(
            v["h_{t-1}"],
            torch.tanh(v["W"] @ v["x_t"] + v["U"] @ (torch.sigmoid(v["W_r"] @ v["x_t"] + v["U_r"] @ v["h_{t-1}"]) * v["h_{t-1}"])),
            torch.sigmoid(v["W_z"] @ v["x_t"] + v["U_z"] @ v["h_{t-1}"]),
        ),
        outputs=["h_t"],
    ),
    # activations and normalisation
    case("silu", r"\mathrm{SiLU}(x) = x \cdot \sigma(x)", "x:n", lambda v, f: F.silu(v["x"]), output_shapes={"out": ["n"]}),
    case("elu", r"f(x) = \begin{cases} x & x \ge 0 \\ \alpha (e^x - 1) & \text{otherwise} \end{cases}", "x:n", lambda v, f: F.elu(v["x"], 0.7), constants={r"\alpha": 0.7}),
    case("mish", r"f(x) = x \tanh(\ln(1 + e^x))", "x:n", lambda v, f: F.mish(v["x"])),
    case(
        "gelu-tanh",
        r"\mathrm{GELU}(x) \approx 0.5 x (1 + \tanh[\sqrt{2/\pi}(x + 0.044715 x^3)])".replace(r"\approx", "="),
        "x:n",
        lambda v, f: F.gelu(v["x"], approximate="tanh"),
    ),
    case("softplus", r"\zeta(x) = \log(1 + \exp(x))", "x:n", lambda v, f: F.softplus(v["x"])),
    case("hard-swish", r"\text{h-swish}[x] = x \frac{\text{ReLU6}(x+3)}{6}", "x:n", lambda v, f: F.hardswish(v["x"]), functions={r"\text{ReLU6}": lambda x: F.relu6(x)}),
    case("softmax-element", r"\mathrm{softmax}(z)_i = \frac{e^{z_i}}{\sum_{j=1}^{K} e^{z_j}}", "z:K", lambda v, f: F.softmax(v["z"], 0), index={"i": "1..K"}),
    case("glu", r"\mathrm{GLU}(a, b) = a \otimes \sigma(b)", "a:n b:n", lambda v, f: F.glu(torch.cat([v["a"], v["b"]])), output_shapes={"out": ["n"]}),
    case(
        "layer-norm",
        r"""\mu = \frac{1}{H}\sum_{i=1}^H a_i \qquad \sigma = \sqrt{\frac{1}{H}\sum_{i=1}^H (a_i - \mu)^2} \\
        h = \frac{g}{\sigma} \odot (a - \mu) + b""",
        "a:H g:H b:H",
        lambda v, f: F.layer_norm(v["a"], v["a"].shape, v["g"], v["b"], 0.0),
        outputs=["h"],
    ),
    case(
        "rms-norm",
        r"\bar{a}_i = \frac{a_i}{\text{RMS}(\mathbf{a})} g_i, \quad \text{where}~ \text{RMS}(\mathbf{a}) = \sqrt{\frac{1}{n} \sum_{i=1}^{n} a_i^2}",
        r"\mathbf{a}:n g:n",
        lambda v, f: F.rms_norm(v[r"\mathbf{a}"], v[r"\mathbf{a}"].shape, v["g"], 0.0),
        index={"i": "1..n"},
        outputs=[r"\bar{a}"],
    ),
    case(
        "batch-norm",
        r"""\mu_{\mathcal{B}} \leftarrow \frac{1}{m}\sum_{i=1}^m x_i \\ \sigma_{\mathcal{B}}^2 \leftarrow \frac{1}{m}\sum_{i=1}^m (x_i - \mu_{\mathcal{B}})^2 \\
        \hat{x}_i \leftarrow \frac{x_i - \mu_{\mathcal{B}}}{\sqrt{\sigma_{\mathcal{B}}^2 + \epsilon}} \\ y_i \leftarrow \gamma \hat{x}_i + \beta""",
        r"x:m \gamma: \beta:",
        lambda v, f: F.batch_norm(v["x"][:, None], None, None, v[r"\gamma"][None], v[r"\beta"][None], True, 0.1, 1e-5)[:, 0],
        constants={r"\epsilon": 1e-5},
        index={"i": "1..m"},
        outputs=["y"],
    ),
    # losses
    case("mse-norm", r"\mathcal{L} = \| f(x) - y \|_2^2", "x:d y:d", lambda v, f: F.mse_loss(f["f"](v["x"]), v["y"], reduction="sum"), functions={"f": torch.tanh}),
    case(
        "cross-entropy",
        r"L = -\frac{1}{N}\sum_{n=1}^{N} \log \frac{\exp(x_{n,y_n})}{\sum_{c=1}^{C} \exp(x_{n,c})}",
        "x:N,C y:N",
        lambda v, f: F.cross_entropy(v["x"], v["y"]),
        domains={"y": "int:C"},
    ),
    case(
        "one-hot-entropy",
        r"H(p, q) = - \sum_{x} p(x) \log q(x)",
        "p:C q:C",
        lambda v, f: -(v["p"] @ v["q"].log()),
        domains={"p": "simplex", "q": "simplex"},
    ),
    case(
        "kl",
        r"D_{\mathrm{KL}}(P \| Q) = \sum_{i} P_i \log \frac{P_i}{Q_i}",
        "P:C Q:C",
        lambda v, f: F.kl_div(v["Q"].log(), v["P"], reduction="sum"),
        domains={"P": "simplex", "Q": "simplex"},
    ),
    case(
        "vae-kl",
        r"D_{KL} = -\frac{1}{2} \sum_{j=1}^{J} \left( 1 + \log (\sigma_j^2) - \mu_j^2 - \sigma_j^2 \right)",
        r"\mu:J \sigma:J",
        lambda v, f: torch.distributions.kl_divergence(torch.distributions.Normal(v[r"\mu"], v[r"\sigma"]), torch.distributions.Normal(0.0, 1.0)).sum(),
        domains={r"\sigma": "pos"},
    ),
    case(
        "focal",
        r"\mathrm{FL}(p_t) = -\alpha_t (1 - p_t)^\gamma \log(p_t)",
        r"p_t:n",
        lambda v, f: -0.25 * (1 - v["p_t"]) ** 2 * v["p_t"].log(),
        constants={r"\alpha_t": 0.25, r"\gamma": 2},
        domains={"p_t": "prob"},
    ),
    case(
        "info-nce",
        r"\mathcal{L}_q = -\log \frac{\exp(q \cdot k_+ / \tau)}{\sum_{i=0}^{K} \exp(q \cdot k_i / \tau)}",
        "q:d k_+:d k:K+1,d",
        lambda v, f: torch.logsumexp(v["k"] @ v["q"] / 0.07, 0) - v["q"] @ v["k_+"] / 0.07,
        constants={r"\tau": 0.07},
        output_shapes={"out": []},
    ),
    case(
        "nt-xent",
        r"\ell_{i,j} = -\log \frac{\exp(\mathrm{sim}(z_i, z_j)/\tau)}{\sum_{k=1}^{2N} \mathbb{1}_{[k \neq i]} \exp(\mathrm{sim}(z_i, z_k)/\tau)}",
        "z:M,d",
        lambda v, f: torch.logsumexp(
            (F.normalize(v["z"], dim=1) @ F.normalize(v["z"], dim=1).T / 0.5).masked_fill(torch.eye(len(v["z"]), dtype=torch.bool), -torch.inf), 1, keepdim=True
        )
        - F.normalize(v["z"], dim=1) @ F.normalize(v["z"], dim=1).T / 0.5,
        functions={r"\mathrm{sim}": lambda a, b: F.cosine_similarity(a, b, dim=-1)},
        constants={r"\tau": 0.5, "N": 3},
        dims={"M": 6},
        index={"i": "1..M", "j": "1..M"},
        outputs=[r"\ell"],
    ),
    case(
        "triplet",
        r"L = \sum_{i}^{N} \left[ \|f_i^a - f_i^p\|_2^2 - \|f_i^a - f_i^n\|_2^2 + \alpha \right]_+".replace(r"\sum_{i}^{N}", r"\sum_{i=1}^{N}"),
        "f^a:N,d f^p:N,d f^n:N,d",
        lambda v, f: F.relu((v["f^a"] - v["f^p"]).pow(2).sum(1) - (v["f^a"] - v["f^n"]).pow(2).sum(1) + 0.2).sum(),
        constants={r"\alpha": 0.2},
    ),
    case(
        "huber",
        r"L_\delta(a) = \begin{cases} \frac{1}{2} a^2 & \text{for } |a| \le \delta, \\ \delta \cdot (|a| - \frac{1}{2}\delta) & \text{otherwise.} \end{cases}",
        "a:n",
        lambda v, f: F.huber_loss(v["a"], torch.zeros_like(v["a"]), reduction="none", delta=0.8),
        constants={r"\delta": 0.8},
        output_shapes={"out": ["n"]},
    ),
    case(
        "dice",
        r"D = \frac{2 \sum_i^N p_i g_i}{\sum_i^N p_i^2 + \sum_i^N g_i^2}".replace("_i^N p", "_{i=1}^N p").replace("_i^N g", "_{i=1}^N g"),
        "p:N g:N",
        lambda v, f: 2 * torch.dot(v["p"], v["g"]) / (v["p"].square().sum() + v["g"].square().sum()),
        domains={"p": "prob", "g": "binary"},
    ),
    case(
        "label-smoothing",
        r"y_k^{LS} = y_k (1 - \alpha) + \alpha / K",
        "y:K",
        lambda v, f: torch.lerp(v["y"], torch.full_like(v["y"], 1 / len(v["y"])), 0.1),
        constants={r"\alpha": 0.1},
        index={"k": "1..K"},
        outputs=["y^{LS}"],
    ),
    case(
        "distillation",
        r"q_i = \frac{\exp(z_i/T)}{\sum_j \exp(z_j/T)}",
        "z:n",
        lambda v, f: F.softmax(v["z"] / 4.0, 0),
        constants={"T": 4.0},
        index={"i": "1..n"},
    ),
    case(
        "total-variation",
        r"\sum_{i,j} \left( |y_{i,j+1} - y_{i,j}| + |y_{i+1,j} - y_{i,j}| \right)",
        "y:H,W",
        lambda v, f: v["y"].diff(dim=1)[:-1].abs().sum() + v["y"].diff(dim=0)[:, :-1].abs().sum(),
    ),
    case(
        "gan",
        r"\min_G \max_D V(D, G) = \mathbb{E}_{x}[\log D(x)] + \mathbb{E}_{z}[\log(1 - D(G(z)))]",
        "x:B,d z:B,d",
        lambda v, f: torch.stack([f["D"](row).log() for row in v["x"]]).mean() + torch.stack([(1 - f["D"](f["G"](row))).log() for row in v["z"]]).mean(),
        functions={"D": lambda x: torch.sigmoid(x.sum()), "G": lambda z: torch.tanh(z) * 2},
        random={"x": "B", "z": "B"},
    ),
    case(
        "gram",
        r"G_{ij}^l = \sum_k F_{ik}^l F_{jk}^l",
        "F^l:N,M",
        lambda v, f: torch.einsum("ik,jk->ij", v["F^l"], v["F^l"]),
        index={"i": "1..N", "j": "1..N"},
        outputs=["G^l"],
    ),
    # optimisers and schedules
    case(
        "adam",
        r"""m_t &= \beta_1 m_{t-1} + (1 - \beta_1) g_t \\ v_t &= \beta_2 v_{t-1} + (1 - \beta_2) g_t^2 \\
        \hat{m}_t &= m_t / (1 - \beta_1^t) \\ \hat{v}_t &= v_t / (1 - \beta_2^t) \\
        \theta_t &= \theta_{t-1} - \alpha \cdot \hat{m}_t / (\sqrt{\hat{v}_t} + \epsilon)""",
        r"m_{t-1}:d v_{t-1}:d g_t:d \theta_{t-1}:d",
        lambda v, f: v[r"\theta_{t-1}"]
        - 1e-3
        * (torch.lerp(v["g_t"], v["m_{t-1}"], 0.9) / (1 - 0.9**3))
        / ((torch.lerp(v["g_t"] ** 2, v["v_{t-1}"], 0.999) / (1 - 0.999**3)).sqrt() + 1e-8),
        constants={r"\beta_1": 0.9, r"\beta_2": 0.999, r"\alpha": 1e-3, r"\epsilon": 1e-8, "t": 3},
        domains={"v_{t-1}": "pos"},
        outputs=[r"\theta_t"],
    ),
    case(
        "momentum",
        r"v_{t+1} = \mu v_t + \nabla_\theta f(\theta_t), \quad \theta_{t+1} = \theta_t - \eta v_{t+1}",
        r"v_t:d \theta_t:d",
        lambda v, f: v[r"\theta_t"] - 0.1 * (0.9 * v["v_t"] + _grad(f["f"], v[r"\theta_t"])),
        constants={r"\mu": 0.9, r"\eta": 0.1},
        functions={"f": lambda x: (x**4).sum() + x.prod()},
        outputs=[r"\theta_{t+1}"],
    ),
    case(
        "cosine-schedule",
        r"\eta_t = \eta_{min} + \frac{1}{2}(\eta_{max} - \eta_{min})\left(1 + \cos\left(\frac{T_{cur}}{T_i}\pi\right)\right)",
        "T_{cur}:s",
        lambda v, f: 0.01 + 0.5 * 0.99 * (1 + torch.cos(v["T_{cur}"] / 7 * torch.pi)),
        constants={r"\eta_{min}": 0.01, r"\eta_{max}": 1.0, "T_i": 7},
    ),
    # reinforcement learning
    case(
        "ppo",
        r"L^{CLIP} = \hat{\mathbb{E}}_t \left[ \min(r_t \hat{A}_t, \mathrm{clip}(r_t, 1 - \epsilon, 1 + \epsilon) \hat{A}_t) \right]",
        r"r:T \hat{A}:T",
        lambda v, f: torch.minimum(v["r"] * v[r"\hat{A}"], v["r"].clamp(0.8, 1.2) * v[r"\hat{A}"]).mean(),
        constants={r"\epsilon": 0.2},
        domains={"r": "pos"},
        index={"t": "1..T"},
    ),
    case(
        "q-target",
        r"y = r + \gamma \max_{a'} Q(s', a')",
        "r: s':d",
        lambda v, f: v["r"] + 0.99 * torch.stack([f["Q"](v["s'"], a) for a in range(4)]).max(),
        constants={r"\gamma": 0.99},
        functions={"Q": lambda s, a: torch.sin(s * (a + 1)).sum()},
        index={"a": "0..k-1"},
        dims={"k": 4},
    ),
    case(
        "returns",
        r"G = \sum_{k=0}^{T-1} \gamma^k r_k",
        "r:T",
        lambda v, f: (v["r"] * 0.9 ** torch.arange(len(v["r"]), dtype=torch.float64)).sum(),
        constants={r"\gamma": 0.9},
    ),
    case(
        "policy-entropy",
        r"H = -\sum_{a} \pi_a \log \pi_a",
        r"\pi:k",
        lambda v, f: torch.distributions.Categorical(probs=v[r"\pi"]).entropy(),
        domains={r"\pi": "simplex"},
    ),
    # diffusion, flows, kernels
    case(
        "ddpm-loss",
        r"L(\theta) = \mathbb{E}_{\epsilon}\left[ \left\| \epsilon - \epsilon_\theta(\sqrt{\bar\alpha_t} x_0 + \sqrt{1-\bar\alpha_t}\epsilon) \right\|^2 \right]",
        r"\epsilon:N,d x_0:d",
        lambda v, f: torch.stack([(e - f[r"\epsilon_\theta"](0.6**0.5 * v["x_0"] + 0.4**0.5 * e)).square().sum() for e in v[r"\epsilon"]]).mean(),
        constants={r"\bar\alpha_t": 0.6},
        functions={r"\epsilon_\theta": torch.tanh},
        random={r"\epsilon": "N"},
    ),
    case("reparameterise", r"z = \mu + \sigma \odot \epsilon", r"\mu:d \sigma:d \epsilon:d", lambda v, f: torch.addcmul(v[r"\mu"], v[r"\sigma"], v[r"\epsilon"])),
    case(
        "rbf",
        r"k(x, y) = \exp\left(-\frac{\|x - y\|^2}{2\sigma^2}\right)",
        "x:d y:d",
        lambda v, f: torch.exp(-torch.cdist(v["x"][None], v["y"][None])[0, 0] ** 2 / (2 * 1.3**2)),
        constants={r"\sigma": 1.3},
    ),
    case(
        "mmd",
        r"\frac{1}{m^2} \sum_{i,j=1}^{m} k(x_i, x_j) - \frac{2}{mn} \sum_{i,j=1}^{m,n} k(x_i, y_j)".replace(r"_{i,j=1}^{m,n}", r"_{i=1}^{m} \sum_{j=1}^{n}"),
        "x:m,d y:n,d",
        lambda v, f: torch.exp(-torch.cdist(v["x"], v["x"]) ** 2).mean() - 2 * torch.exp(-torch.cdist(v["x"], v["y"]) ** 2).mean(),
        functions={"k": lambda a, b: torch.exp(-((a - b) ** 2).sum(-1))},
    ),
    # linear algebra
    case("quadratic", r"f(x) = \frac{1}{2} x^\top A x - b^\top x", "x:d A:d,d b:d", lambda v, f: torch.einsum("i,ij,j->", v["x"], v["A"], v["x"]) / 2 - torch.dot(v["b"], v["x"])),
    case("bilinear", r"s = x^\top W y", "x:m W:m,n y:n", lambda v, f: F.bilinear(v["x"][None], v["y"][None], v["W"][None])[0, 0]),
    case("ridge", r"w = (X^\top X + \lambda I)^{-1} X^\top y", "X:n,d y:n", lambda v, f: torch.linalg.solve(v["X"].T @ v["X"] + 0.5 * torch.eye(v["X"].shape[1], dtype=torch.float64), v["X"].T @ v["y"]), constants={r"\lambda": 0.5}),
    case("frobenius", r"\mathcal{L} = \| X - U V^\top \|_F^2", "X:n,m U:n,k V:m,k", lambda v, f: ((v["X"] - v["U"] @ v["V"].T) ** 2).sum()),
    case("lora", r"h = W_0 x + \frac{\alpha}{r} B A x", "W_0:m,n x:n B:m,r A:r,n", lambda v, f: F.linear(v["x"], v["W_0"] + 16 / v["A"].shape[0] * v["B"] @ v["A"]), constants={r"\alpha": 16}),
    case("cosine", r"\cos(\theta) = \frac{u \cdot v}{\|u\| \|v\|}", "u:d v:d", lambda v, f: F.cosine_similarity(v["u"], v["v"], dim=0), output_shapes={"out": []}),
    case("concat-attention", r"\mathrm{score}(h, s) = v_a^\top \tanh(W_a [h; s])", "h:m s:n v_a:k W_a:k,m+n", lambda v, f: v["v_a"] @ torch.tanh(v["W_a"] @ torch.cat([v["h"], v["s"]]))),
    case("trace", r"t = \mathrm{tr}(A B^\top)", "A:n,m B:n,m", lambda v, f: (v["A"] * v["B"]).sum()),
    case(
        "causal",
        r"o_i = \frac{\sum_{j=1}^{i} \exp(q_i^\top k_j) v_j}{\sum_{j=1}^{i} \exp(q_i^\top k_j)}",
        "q:n,d k:n,d v:n,e",
        lambda v, f: F.scaled_dot_product_attention(v["q"], v["k"], v["v"], is_causal=True, scale=1.0),
        index={"i": "1..n"},
        outputs=["o"],
    ),
    case("squeeze", r"z_c = \frac{1}{H \times W} \sum_{i=1}^{H} \sum_{j=1}^{W} u_c(i, j)", "u:C,H,W", lambda v, f: F.adaptive_avg_pool2d(v["u"][None], 1).flatten(), index={"c": "1..C"}, outputs=["z"]),
    case("highway", r"y = H(x) \cdot T(x) + x \cdot (1 - T(x))", "x:d", lambda v, f: torch.lerp(v["x"], torch.tanh(v["x"]), torch.sigmoid(v["x"])), functions={"H": torch.tanh, "T": torch.sigmoid}, output_shapes={"out": ["d"]}),
    case("argmax", r"\hat{y} = \arg\max_{k} w_k^\top x", "w:K,d x:d", lambda v, f: (v["w"] @ v["x"]).argmax() + 1, index={"k": "1..K"}),
    case("maxout", r"h_i = \max_{j \in [1,k]} z_{ij}".replace(r"\in [1,k]", ""), "z:m,k", lambda v, f: v["z"].amax(1), index={"i": "1..m"}, outputs=["h"]),
    case("fm", r"y = w_0 + \sum_{i=1}^n w_i x_i + \sum_{i=1}^n \sum_{j=i+1}^n \langle v_i, v_j \rangle x_i x_j", "w_0: w:n x:n v:n,k",
          lambda v, f: v["w_0"] + v["w"] @ v["x"] + 0.5 * ((v["x"] @ v["v"]).square() - v["x"].square() @ v["v"].square()).sum()),
]  # fmt: skip
