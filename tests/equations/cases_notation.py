"""Turns of notation that first contact with other papers showed, in letters of our own, each with an independent right answer."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from equations.cases import Case, case


def _recurrent(v: dict[str, Any], f: dict[str, Any]) -> Tensor:
    """Torch's own recurrent layer."""
    layer = torch.nn.RNN(v["x"].shape[1], v["h_0"].shape[0]).double()
    with torch.no_grad():
        layer.weight_hh_l0.copy_(v["W"])
        layer.weight_ih_l0.copy_(v["U"])
        layer.bias_hh_l0.copy_(v["b"])
        layer.bias_ih_l0.zero_()
        return layer(v["x"], v["h_0"][None])[0]


def _cell(v: dict[str, Any], f: dict[str, Any]) -> Tensor:
    """One step of torch's own cell: its gates stand in the order i, f, g, o."""
    first, second, third, fourth = torch.chunk(v["U"], 4)
    weights = torch.cat([first, second, fourth, third])
    inputs = v["a"].shape[0]
    cell = torch.nn.LSTMCell(inputs, v["s"].shape[0], bias=False).double()
    parameters = {"weight_ih": weights[:, :inputs], "weight_hh": weights[:, inputs:]}
    return torch.func.functional_call(cell, parameters, (v["a"], (v["s"], v["m"])))[0]


def _rendered(v: dict[str, Any], f: dict[str, Any]) -> Tensor:
    passed = torch.cumprod(torch.cat([torch.ones(1, dtype=torch.float64), torch.exp(-v["a"][:-1])]), 0)
    return torch.einsum("m,mk->k", passed * -torch.expm1(-v["a"]), v["k"])


def _features(v: dict[str, Any], f: dict[str, Any]) -> Tensor:
    angles = 2.0 ** torch.arange(3, dtype=torch.float64) * v["q"]
    return torch.stack([angles.cos(), angles.sin()], 1).flatten()


def _decorrelated(v: dict[str, Any], f: dict[str, Any]) -> Tensor:
    left, right = F.normalize(v["z^A"], dim=0), F.normalize(v["z^B"], dim=0)
    return F.mse_loss(left.T @ right, torch.eye(left.shape[1], dtype=torch.float64), reduction="sum")


def _neighbours(v: dict[str, Any], f: dict[str, Any]) -> Tensor:
    weights = torch.exp(-torch.cdist(v["y"], v["y"]).square()).fill_diagonal_(0.0)
    return (weights / weights.sum(1, keepdim=True)).T


def _slope(function: Any, point: Tensor) -> Tensor:
    return torch.autograd.functional.jacobian(function, point)  # type: ignore[no-any-return]


NOTATION: list[Case] = [
    # values taken apart, systems, several names on one side
    case("gates-taken-apart", r"""\begin{bmatrix} i \\ f \\ o \\ g \end{bmatrix} = \begin{bmatrix} \sigma \\ \sigma \\ \sigma \\ \tanh \end{bmatrix} U \begin{bmatrix} a \\ s \end{bmatrix},
         \qquad m' = f \odot m + i \odot g, \qquad s' = o \odot \tanh(m')""", "U:4*H,D+H a:D s:H m:H", _cell, outputs=["s'"]),
    case("taken-apart-by-a-printed-sum", r"[p; q] = W u, \quad y = p^\top p + q^\top q", "W:m+n,d u:d", lambda v, f: (v["W"] @ v["u"]).square().sum(), outputs=["y"], dims={"m": 3, "n": 5, "d": 4}),
    case("taken-apart-in-columns", r"[A, B] = X W, \quad Y = A \odot \sigma(B)", "X:n,d W:d,2*h", lambda v, f: F.glu(v["X"] @ v["W"], dim=-1), outputs=["Y"]),
    case("a-system-behind-a-brace", r"\left\{\begin{array}{ll} u &= p + q \\ w &= u \odot q \end{array}\right.", "p:n q:n", lambda v, f: torch.addcmul(v["q"] * v["q"], v["p"], v["q"]), outputs=["w"]),
    case("a-chain-over-two-rows", r"L &= \mathbb{E}_x[\log h(x)], \\ &= \mathbb{E}_x[-g(x)] - \log c", "x:N,d c:", lambda v, f: -v["x"].square().sum(1).mean() - v["c"].log(), functions={"g": lambda x: (x**2).sum()}, random={"x": "N"}, domains={"c": "pos"}),
    case("a-product-of-matrices-both-printed", r"\langle P, C \rangle = \sum_{i,j} P_{i,j} C_{i,j}", "P:n,m C:n,m", lambda v, f: torch.trace(v["P"].T @ v["C"])),
    case("a-name-of-letters-used-again", r"QR = \frac{AB}{AB + c}, \quad AB = \sum_{i=1}^n w_i", "w:n c:", lambda v, f: 1 / (1 + v["c"] / v["w"].sum()), outputs=["QR"], domains={"w": "pos", "c": "pos"}),
    case("a-step-by-name", r"t_j = u + j \Delta u, \quad \Delta u = \frac{v - u}{M - 1}", "u: v:", lambda v, f: v["u"] + torch.arange(5, dtype=torch.float64) * (v["v"] - v["u"]) / 4, constants={"M": 5}, index={"j": "0..M-1"}, outputs=["t"]),
    # reductions
    case("log-of-a-mean", r"\mathcal{L} = \log \frac{1}{m} \sum_{j=1}^m \frac{a_j}{b_j}", "a:m b:m", lambda v, f: torch.logsumexp((v["a"] / v["b"]).log(), 0) - math.log(len(v["a"])), constants={"m": "m"}, domains={"a": "pos", "b": "pos"}),
    case("critics-by-number", r"y = r + \gamma \min_{j=1,2} C_{\phi_j'}(s)", "r: s:d", lambda v, f: v["r"] + 0.9 * torch.minimum(v["s"].sum(), v["s"].square().sum()), functions={r"C_{\phi_1'}": lambda s: s.sum(), r"C_{\phi_2'}": lambda s: (s**2).sum()}, constants={r"\gamma": 0.9}),
    case("weights-by-number", r"J = \sum_{k=1}^{3} \mu_k R_k", "R_1: R_2: R_3:", lambda v, f: 0.2 * v["R_1"] + 0.3 * v["R_2"] + 0.5 * v["R_3"], constants={r"\mu_1": 0.2, r"\mu_2": 0.3, r"\mu_3": 0.5}),
    case("outside-of-a-set", r"L = -\sum_{(a,b) \in S} \log \sigma(h_a^\top h_b) - \sum_{(a,b) \notin S} \log \sigma(-h_a^\top h_b)", "h:n,d S:n,n", lambda v, f: F.binary_cross_entropy_with_logits(v["h"] @ v["h"].T, v["S"], reduction="sum"), sets={"S": "mask"}, domains={"S": "binary"}),
    case("members-of-a-set", r"F(Z) = \rho\left(\sum_{z \in Z} \psi(z)\right)", "z:n,d", lambda v, f: v["z"].tanh().sum(), functions={r"\rho": lambda s: s.sum(), r"\psi": torch.tanh}, sets={"Z": "axis n"}),
    case("every-member", r"c_i = \frac{1}{\kappa} \sum_{\forall j} k(x_i, x_j) x_j", "x:n,d", lambda v, f: v["x"] @ v["x"].T @ v["x"] / 2, functions={"k": lambda a, b: (a * b).sum()}, constants={r"\kappa": 2.0}, index={"i": "1..n", "j": "1..n"}, outputs=["c"]),
    case("softmax-over-the-free-index", r"w_j = \mathrm{softmax}(q^\top k_j), \qquad o = \sum_j w_j v_j", "q:d k:n,d v:n,e", lambda v, f: F.scaled_dot_product_attention(v["q"][None], v["k"], v["v"], scale=1.0)[0], index={"j": "1..n"}, outputs=["o"]),
    case("a-range-that-a-sum-prints", r"y = \sum_{m=1}^{M} P_m (1 - e^{-a_m}) k_m, \text{ where } P_m = \exp\Big(-\sum_{l=1}^{m-1} a_l\Big)", "a:M k:M,c", _rendered, constants={"M": "M"}, domains={"a": "pos"}, outputs=["y"]),
    case("a-time-that-a-sum-prints", r"e_t = a(h_t), \ \alpha_t = \frac{e_t}{\sum_{s=1}^T e_s}, \ c = \sum_{t=1}^T \alpha_t h_t", "h:T,d", lambda v, f: F.normalize(v["h"].square().sum(1), p=1, dim=0) @ v["h"], functions={"a": lambda h: (h**2).sum()}, constants={"T": "T"}, outputs=["c"]),
    case("squares-and-others", r"\mathcal{C}_{ij} = \frac{\sum_b z^A_{bi} z^B_{bj}}{\sqrt{\sum_b (z^A_{bi})^2}\sqrt{\sum_b (z^B_{bj})^2}}, \quad J = \sum_i (1 - \mathcal{C}_{ii})^2 + \sum_i \sum_{j \ne i} {\mathcal{C}_{ij}}^2",
         "z^A:B,d z^B:B,d", _decorrelated, index={"i": "1..d", "j": "1..d"}, outputs=["J"]),
    case("pairs-of-an-ellipsis", r"\gamma(q) = \left(\cos(2^0 q), \sin(2^0 q), \ldots, \cos(2^{S-1} q), \sin(2^{S-1} q)\right)", "q:", _features, constants={"S": 3}),
    case("given-and-index", r"r_{j|i} = \frac{\exp(-\|y_i - y_j\|^2)}{\sum_{k \ne i} \exp(-\|y_i - y_k\|^2)}, \quad s = \sum_{i,j} r_{j|i} [i \ne j] G_{ji}", "y:n,d G:n,n", lambda v, f: (_neighbours(v, f) * v["G"]).sum(), index={"i": "1..n", "j": "1..n", "k": "1..n"}, outputs=["s"]),
    case("a-code-by-its-place", r"\hat{z} = e_k, \quad k = \arg\min_j \|z - e_j\|_2", "z:d e:K,d", lambda v, f: v["e"][torch.cdist(v["z"][None], v["e"])[0].argmin()], index={"j": "1..K"}, outputs=[r"\hat{z}"]),
    case("counts-beside-a-count", r"c_k = \frac{1}{N_k} \sum_{n=1}^{N} g_{nk} x_n, \quad N_k = \sum_{n=1}^{N} g_{nk}", "g:N,K x:N,d", lambda v, f: F.normalize(v["g"], p=1, dim=0).T @ v["x"], constants={"N": "N"}, index={"k": "1..K"}, outputs=["c"], domains={"g": "prob"}),
    # functions that the paper defines elsewhere
    case("an-expert-by-index", r"y = \sum_{j=1}^{m} p_j T_j(x), \quad p = \mathrm{softmax}(V x)", "V:m,d x:d", lambda v, f: torch.softmax(v["V"] @ v["x"], 0) @ f["T"](v["x"]), functions={"T": lambda x: torch.stack([x * n for n in range(3)])}, constants={"m": "m"}, outputs=["y"], dims={"m": 3, "d": 5}),
    case("an-encoder-of-another-size", r"p_k = \frac{\exp(-d(g(x), c_k))}{\sum_j \exp(-d(g(x), c_j))}", "x:D c:K,M", lambda v, f: F.softmin(torch.cdist(f["g"](v["x"])[None], v["c"])[0], 0), functions={"d": lambda a, b: (a - b).norm(), "g": lambda x: torch.cat([x, x[:1]])}, index={"k": "1..K", "j": "1..K"}, outputs=["p"], dims={"D": 3, "K": 5, "M": 4}),
    case("parameters-only-named", r"A(s; \theta) = V(s; \theta) + U(s; \theta, \beta)", "s:d", lambda v, f: v["s"].sum() + v["s"].prod(), functions={"V": lambda s: s.sum(), "U": lambda s: s.prod()}),
    case("losses-of-parameters-only-named", r"\mathcal{J}(\theta, \phi) = \mathcal{J}_a(\theta) + \lambda \mathcal{J}_b(\theta, \phi)", r"\mathcal{J}_a: \mathcal{J}_b:", lambda v, f: v[r"\mathcal{J}_a"] + 0.5 * v[r"\mathcal{J}_b"], constants={r"\lambda": 0.5}),
    case("the-score-of-a-density", r"y = x_t + \eta \nabla_x \log p(x_t)", "x_t:d", lambda v, f: v["x_t"] + 0.1 * _slope(lambda x: f["p"](x).log(), v["x_t"]), functions={"p": lambda x: 1 / (1 + (x**2).sum())}, constants={r"\eta": 0.1}),
    case("the-gradient-by-one-of-two", r"\eta = \epsilon\, \mathrm{sign}(\nabla_{x} J(w, x))", "w:k x:d", lambda v, f: 0.1 * torch.sign(_slope(lambda x: f["J"](v["w"], x), v["x"])), functions={"J": lambda w, x: (x**3).sum() * w.sum()}, constants={r"\epsilon": 0.1}),
    case("given-the-samples", r"Q = r + \gamma\, \mathbb{E}_{s'}\left[V(s') | s, a\right]", "r: s:d a:k s':N,d", lambda v, f: v["r"] + 0.9 * v["s'"].sum(1).mean(), functions={"V": lambda s: s.sum()}, constants={r"\gamma": 0.9}, random={"s'": "N"}),
    case("a-moment-named-alone", r"\mu_*(x) = \frac1M \sum_{m=1}^M \mu_m, \quad \sigma_*^2(x) = \frac1M \sum_{m=1}^M (\sigma_m^2 + \mu_m^2) - \mu_*^2", r"\mu:M \sigma:M", lambda v, f: v[r"\sigma"].square().mean() + v[r"\mu"].var(correction=0), constants={"M": "M"}, outputs=[r"\sigma_*^2"]),
    # arithmetic
    case("an-asymmetric-square", r"\ell(u) = |\tau - \mathbb{1}(u < 0)| u^2", "u:n", lambda v, f: torch.where(v["u"] < 0, 0.3, 0.7) * v["u"] ** 2, constants={r"\tau": 0.7}, output_shapes={"out": ["n"]}),
    case("squashed", r"h(u) = \mathrm{sign}(u)(\sqrt{|u| + 1} - 1) + \epsilon u", "u:n", lambda v, f: torch.copysign((v["u"].abs() + 1).sqrt() - 1, v["u"]) + 0.01 * v["u"], constants={r"\epsilon": 0.01}, output_shapes={"out": ["n"]}),
    case("rounded", r"\hat{u} = s \left( \mathrm{clamp}\left( \left\lfloor \frac{u}{s} \right\rceil + z;\, 0, 2^b - 1 \right) - z \right)", "u:n", lambda v, f: torch.fake_quantize_per_tensor_affine(v["u"].float(), 0.25, 8, 0, 15).double(), constants={"s": 0.25, "z": 8, "b": 4}),
    case("scaled-columns", r"S = \mathrm{softmax}\left(\frac{Q (l \odot K^T)}{\sqrt{c}}\right)", "Q:n,c K:m,c l:c", lambda v, f: F.softmax(v["Q"] * v["l"] @ v["K"].T / v["K"].shape[1] ** 0.5, -1)),
    case("rows-outward", r"S = G \odot S_0 + k^\top u, \qquad o = q S", "G:d,e S_0:d,e k:d u:e q:d", lambda v, f: torch.einsum("d,de->e", v["q"], v["G"] * v["S_0"]) + torch.dot(v["q"], v["k"]) * v["u"], outputs=["o"]),
    case("a-bias-for-every-row", r"y = W Z + b", "W:n,n Z:n,d b:n,1", lambda v, f: torch.baddbmm(v["b"].expand(-1, v["Z"].shape[1])[None], v["W"][None], v["Z"][None])[0]),
    case("a-word-below", r"H_i = (x W_{gate})_i + \epsilon_i\, \mathrm{softplus}((x W_{noise})_i)", r"x:d W_{gate}:d,n W_{noise}:d,n \epsilon:n", lambda v, f: torch.addcmul(v["x"] @ v["W_{gate}"], v[r"\epsilon"], F.softplus(v["x"] @ v["W_{noise}"])), index={"i": "1..n"}, outputs=["H"]),
    case("a-root-of-a-product", r"t = \mathrm{tr}\big(A + B - 2 (A B)^{1/2}\big)", "A:d,d B:d,d", lambda v, f: (v["A"].diagonal().sqrt() - v["B"].diagonal().sqrt()).square().sum(), domains={"A": "diagpos", "B": "diagpos"}),
    case("the-gamma-function", r"b = \log \frac{\Gamma(p) \Gamma(q)}{\Gamma(p + q)}", "p: q:", lambda v, f: torch.lgamma(v["p"]) + torch.lgamma(v["q"]) - torch.lgamma(v["p"] + v["q"]), domains={"p": "pos", "q": "pos"}),
    case("a-star-behind-a-letter", r"y = x/(\|x\| + \beta*\|w\|)", "x:d w:d", lambda v, f: v["x"] / (v["x"].norm() + 0.1 * v["w"].norm()), constants={r"\beta": 0.1}),
    case("a-share-for-all", r"r = d\, M r_0 + \frac{1-d}{N} \mathbf{1}", "M:N,N r_0:N", lambda v, f: 0.8 * torch.mv(v["M"], v["r_0"]) + 0.2 / len(v["r_0"]), constants={"d": 0.8, "N": "N"}),
    case("a-dot-behind-an-inverse", r"S = (I - \beta \cdot A)^{-1} \cdot \beta \cdot A", "A:n,n", lambda v, f: torch.linalg.solve(torch.eye(len(v["A"]), dtype=torch.float64) - 0.1 * v["A"], 0.1 * v["A"]), constants={r"\beta": 0.1}),
    case("counted-with-dots", r"f(u_1, \ldots, u_n) = g\Big(\max_{i = 1, \ldots, n} \{h(u_i)\}\Big)", "u:n,d", lambda v, f: v["u"].tanh().amax(0).sum(), functions={"g": lambda x: x.sum(), "h": torch.tanh}),
    case("both-sides-known", r"\sum_{i=1}^n \sum_{j=i+1}^n \langle v_i, v_j \rangle = \frac{1}{2} \sum_{k=1}^m \left( \left( \sum_{i=1}^n v_{ik} \right)^2 - \sum_{i=1}^n v_{ik}^2 \right)", "v:n,m", lambda v, f: (v["v"] @ v["v"].T).triu(1).sum()),
    case("rows-of-matrices", r"e_{ij} = \frac{q_i k_j^\top}{\sqrt{d}}", "q:n,d k:n,d", lambda v, f: v["q"] @ v["k"].T / v["q"].shape[1] ** 0.5, constants={"d": "d"}, index={"i": "1..n", "j": "1..n"}, outputs=["e"], output_shapes={"e": ["n", "n"]}),
    case("a-word-above", r"y_k = \gamma^{task} \sum_j s_j^{task} h_{k,j}", r"\gamma^{task}: s^{task}:L h:T,L,d", lambda v, f: v[r"\gamma^{task}"] * torch.einsum("l,tld->td", v["s^{task}"], v["h"]), index={"k": "1..T", "j": "1..L"}, outputs=["y"]),
    case("in-the-reals", r"S_{tj} = \alpha(H_{:t}, U_{:j}) \in \mathbb{R}", "H:d,T U:d,J", lambda v, f: v["H"].T @ v["U"], functions={r"\alpha": lambda a, b: (a * b).sum()}, index={"t": "1..T", "j": "1..J"}, outputs=["S"]),
    # forms that a fourth contact showed
    case("a-minus-on-the-left", r"-D(q \| p) = \frac12 \sum_{j=1}^{J} (1 + \log s_j^2 - m_j^2 - s_j^2)", "m:J s:J", lambda v, f: torch.distributions.kl_divergence(torch.distributions.Normal(v["m"], v["s"]), torch.distributions.Normal(torch.zeros_like(v["m"]), 1.0)).sum(), constants={"J": "J"}, domains={"s": "pos"}, outputs=["D"]),
    case("from-the-second-on", r"d_t = x_t - x_{t-1}", "x:T", lambda v, f: torch.diff(v["x"]), index={"t": "2..T"}, outputs=["d"]),
    case("a-largest-of-pairs", r"u = \max(\beta a, |g|)", "a:d g:d", lambda v, f: torch.maximum(0.9 * v["a"], v["g"].abs()), constants={r"\beta": 0.9}, domains={"a": "pos"}),
    case("noughts-beside-blocks", r"B = \begin{bmatrix} 0 & R \\ R^\top & 0 \end{bmatrix}", "R:n,m", lambda v, f: torch.cat([torch.nn.functional.pad(v["R"], (3, 0)), torch.nn.functional.pad(v["R"].T, (0, 5))])),
    case("identities-beside-blocks", r"B = \begin{bmatrix} I & A \\ \mathbf{0} & -I \end{bmatrix}", "A:n,m", lambda v, f: torch.cat([torch.cat([torch.eye(3).double(), v["A"]], 1), torch.nn.functional.pad(-torch.eye(5).double(), (3, 0))])),
    case("ones-times-a-mean", r"C = (X - \mathbf{1} u^\top)^\top (X - \mathbf{1} u^\top)", "X:n,d u:d", lambda v, f: torch.einsum("ni,nj->ij", v["X"] - v["u"], v["X"] - v["u"])),
    case("ones-times-ones", r"H = K - \frac1n \mathbf{1} \mathbf{1}^\top", "K:n,n", lambda v, f: v["K"] - 1 / v["K"].shape[0], constants={"n": "n"}),
    case("by-columns", r"X_{*,i} = M_{*,i} / \|M_{*,i}\|_2", "M:n,m", lambda v, f: torch.nn.functional.normalize(v["M"], dim=0), index={"i": "1..m"}, outputs=["X"]),
    case("values-of-a-set", r"m = \left( \frac{1}{|\mathcal{S}|} \sum_{s \in \mathcal{S}} s^p \right)^{1/p}", r"\mathcal{S}:n", lambda v, f: torch.nn.functional.lp_pool1d(v[r"\mathcal{S}"][None], 3.0, 3)[0, 0] / 3 ** (1 / 3), constants={"p": 3.0}, domains={r"\mathcal{S}": "pos"}),
    case("from-one-to-a-size", r"h_i = \max_{j \in [1, k]} z_{ij}", "z:m,k", lambda v, f: v["z"].amax(1), index={"i": "1..m"}, constants={"k": "k"}, outputs=["h"]),
    case("underlined", r"y = \underline{W} x", "W:m,n x:n", lambda v, f: torch.mv(v["W"], v["x"])),
    case("steps-that-names-hold", r"Z^{(k+1)} = (1 - \alpha) A Z^{(k)} + \alpha H, \qquad k = 0, \dots, K-1", "A:n,n Z^{(k)}:n,c H:n,c", lambda v, f: torch.lerp(v["A"] @ v["Z^{(k)}"], v["H"], 0.1), constants={r"\alpha": 0.1}),
    case("a-range-without-commas", r"z'_\ell = g(z_{\ell-1}) + z_{\ell-1}, && \ell = 1 \ldots L", r"z_{\ell-1}:n", lambda v, f: v[r"z_{\ell-1}"].tanh() + v[r"z_{\ell-1}"], functions={"g": torch.tanh}),
    case("a-bold-word", r"\ell = \log \frac{\mathbf{odds}_w}{\mathbf{odds}_l}, \quad \mathbf{odds}_w = \frac{P_w}{1 - P_w}, \ \mathbf{odds}_l = \frac{P_l}{1 - P_l}", "P_w:n P_l:n", lambda v, f: torch.logit(v["P_w"]) - torch.logit(v["P_l"]), domains={"P_w": "prob", "P_l": "prob"}, outputs=[r"\ell"]),
    case("a-square-of-two", r"R = \rho^2(b, q) / c^2", "b:n q:n c:", lambda v, f: torch.dist(v["b"], v["q"]).square() / v["c"].square(), functions={r"\rho": lambda a, b: (a - b).norm()}, domains={"c": "pos"}),
    case("an-index-inside-a-word", r"L_{dist} = \sum_{i=1}^{N} w_i^2 s_i", "w:N s:N", lambda v, f: torch.einsum("i,i,i->", v["w"], v["w"], v["s"]), index={"i": "1..N"}),
    case("a-vector-to-a-vector", r"y = (1 + a)^b", "a:n b:n", lambda v, f: torch.exp(v["b"] * torch.log1p(v["a"])), domains={"a": "pos"}),
    case("a-loop-over-time", r"h_t = \tanh(W h_{t-1} + U x_t + b)", "x:T,d h_0:h W:h,h U:h,d b:h", _recurrent, index={"t": "1..T"}, outputs=["h"]),
    case("a-size-of-each-sign", r"y = \mathrm{sign}(x) \log(1 + \mu |x|)", "x:n", lambda v, f: torch.copysign(torch.log1p(4.0 * v["x"].abs()), v["x"]), constants={r"\mu": 4.0}),
    case("an-index-above-its-vector", r"L = \log \Big[ 1 + \sum_{j=1}^{L} e^{\gamma a^j s^j} \Big]", "a:L s:L", lambda v, f: F.softplus(torch.logsumexp(2.0 * v["a"] * v["s"], 0)), constants={r"\gamma": 2.0, "L": "L"}),
]  # fmt: skip
