"""Optimisers, schedules, reinforcement learning, diffusion and probability as papers print them, each with an independent right answer."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from equations.cases import Case, case


def _torch_step(optimiser: Any, start: Tensor, gradients: list[Tensor], **options: Any) -> Tensor:
    """The parameters after torch's own optimiser took these gradients one after the other."""
    leaf = start.detach().clone().requires_grad_(True)
    stepper = optimiser([leaf], **options)
    for gradient in gradients:
        leaf.grad = gradient.clone()
        stepper.step()
    return leaf.detach()


def _gae(v: dict[str, Any], f: dict[str, Any]) -> Tensor:
    return torch.stack(
        [sum((0.9 * 0.8) ** l * v[r"\delta"][t + l] for l in range(len(v[r"\delta"]) - t)) for t in range(len(v[r"\delta"]))]
    )


def _lamb(v: dict[str, Any], f: dict[str, Any]) -> Tensor:
    update = v["r_t"] + 0.01 * v["x_t"]
    return v["x_t"] - 0.1 * v["x_t"].norm() / update.norm() * update


TRAINING: list[Case] = [
    # optimisers
    case("sgd", r"\theta \leftarrow \theta - \eta\,\nabla_\theta J(\theta)", r"\theta:d", lambda v, f: _torch_step(torch.optim.SGD, v[r"\theta"], [4 * v[r"\theta"] ** 3], lr=0.1), functions={"J": lambda x: (x**4).sum()}, constants={r"\eta": 0.1}),
    case("adam-first-step", r"""m_1 = (1-\beta_1) g, \quad v_1 = (1-\beta_2) g^2, \quad \hat{m}_1 = \frac{m_1}{1-\beta_1}, \quad \hat{v}_1 = \frac{v_1}{1-\beta_2} \\
         \theta_1 = \theta_0 - \alpha\frac{\hat{m}_1}{\sqrt{\hat{v}_1}+\epsilon}""", r"g:d \theta_0:d", lambda v, f: _torch_step(torch.optim.Adam, v[r"\theta_0"], [v["g"]], lr=0.05), constants={r"\beta_1": 0.9, r"\beta_2": 0.999, r"\alpha": 0.05, r"\epsilon": 1e-8}, outputs=[r"\theta_1"]),
    case("adamw", r"\theta_t = \theta_{t-1} - \eta\left(\frac{\hat{m}_t}{\sqrt{\hat{v}_t}+\epsilon} + \lambda\theta_{t-1}\right)", r"\theta_{t-1}:d \hat{m}_t:d \hat{v}_t:d", lambda v, f: torch.addcdiv((1 - 0.1 * 0.01) * v[r"\theta_{t-1}"], v[r"\hat{m}_t"], v[r"\hat{v}_t"].sqrt() + 1e-8, value=-0.1), constants={r"\eta": 0.1, r"\epsilon": 1e-8, r"\lambda": 0.01}, domains={r"\hat{v}_t": "pos"}),
    case("rms-prop", r"E[g^2]_t = 0.9 E[g^2]_{t-1} + 0.1 g_t^2, \qquad \theta_{t+1} = \theta_t - \frac{\eta}{\sqrt{E[g^2]_t + \epsilon}} g_t", r"E[g^2]_{t-1}:d g_t:d \theta_t:d", lambda v, f: v[r"\theta_t"] - 0.01 * v["g_t"] * (torch.lerp(v["g_t"] ** 2, v["E[g^2]_{t-1}"], 0.9) + 1e-8).rsqrt(), constants={r"\eta": 0.01, r"\epsilon": 1e-8}, domains={"E[g^2]_{t-1}": "pos"}, outputs=[r"\theta_{t+1}"]),
    case("ada-grad", r"G_t = G_{t-1} + g_t \odot g_t, \quad \theta_{t+1} = \theta_{t} - \frac{\eta}{\sqrt{G_t + \epsilon}} \odot g_t", r"G_{t-1}:d g_t:d \theta_t:d", lambda v, f: v[r"\theta_t"] - 0.5 * v["g_t"] / (v["G_{t-1}"] + v["g_t"].square() + 1e-8).sqrt(), constants={r"\eta": 0.5, r"\epsilon": 1e-8}, domains={"G_{t-1}": "pos"}, outputs=[r"\theta_{t+1}"]),
    case("ada-delta", r"\Delta x_t = -\frac{\mathrm{RMS}[\Delta{x}]_{t-1}}{\mathrm{RMS}[g]_t}g_t", r"\mathrm{RMS}[\Delta{x}]_{t-1}:d \mathrm{RMS}[g]_t:d g_t:d", lambda v, f: -v[r"\mathrm{RMS}[\Delta{x}]_{t-1}"] / v[r"\mathrm{RMS}[g]_t"] * v["g_t"], domains={r"\mathrm{RMS}[\Delta{x}]_{t-1}": "pos", r"\mathrm{RMS}[g]_t": "pos"}, outputs=[r"\Delta x_t"]),
    case("momentum-ema", r"\begin{aligned} v_t &= \gamma v_{t-1} + \eta \nabla_\theta J(\theta) \\ \theta' &= \theta - v_t \end{aligned}", r"v_{t-1}:d \theta:d", lambda v, f: v[r"\theta"] - 0.9 * v["v_{t-1}"] - 0.1 * 4 * v[r"\theta"] ** 3, functions={"J": lambda x: (x**4).sum()}, constants={r"\gamma": 0.9, r"\eta": 0.1}, outputs=[r"\theta'"]),
    case("nesterov", r"v_t = \gamma v_{t-1} + \eta \nabla_\theta J(\theta - \gamma v_{t-1})", r"v_{t-1}:d \theta:d", lambda v, f: 0.9 * v["v_{t-1}"] + 0.1 * 4 * (v[r"\theta"] - 0.9 * v["v_{t-1}"]) ** 3, functions={"J": lambda x: (x**4).sum()}, constants={r"\gamma": 0.9, r"\eta": 0.1}),
    case("lion", r"c_t = \beta_1 m_{t-1} + (1-\beta_1) g_t, \quad \theta_t = \theta_{t-1} - \eta_t(\text{sign}(c_t) + \lambda\theta_{t-1})", r"m_{t-1}:d g_t:d \theta_{t-1}:d", lambda v, f: v[r"\theta_{t-1}"] * (1 - 1e-4) - 1e-2 * torch.sign(torch.lerp(v["g_t"], v["m_{t-1}"], 0.9)), constants={r"\beta_1": 0.9, r"\eta_t": 1e-2, r"\lambda": 1e-2}, outputs=[r"\theta_t"]),
    case("lamb", r"x_{t+1} = x_t - \eta_t \frac{\|x_t\|}{\|r_t + \lambda x_t\|}(r_t + \lambda x_t)", "x_t:d r_t:d", _lamb, constants={r"\eta_t": 0.1, r"\lambda": 0.01}),
    case("clip-by-norm", r"\hat{g} \leftarrow \frac{g}{\max\left(1, \frac{\|g\|_2}{C}\right)}", "g:d", lambda v, f: v["g"] * torch.clamp(1.5 / v["g"].norm(), max=1.0), constants={"C": 1.5}),
    case("signal-to-noise", r"g_t = \frac{1}{B}\sum_{b=1}^{B} \nabla_\theta \ell(\theta; x_b)", r"\theta:d x:B,d", lambda v, f: (2 * (v[r"\theta"] - v["x"])).mean(0), functions={r"\ell": lambda p, x: ((p - x) ** 2).sum()}),
    case("target-average", r"\theta' \leftarrow \tau\theta + (1-\tau)\theta'", r"\theta:d \theta':d", lambda v, f: torch.lerp(v[r"\theta'"], v[r"\theta"], 0.005), constants={r"\tau": 0.005}),
    case("ema-teacher", r"\theta_t \gets m\theta_{t-1} + (1-m)\phi_t", r"\theta_{t-1}:d \phi_t:d", lambda v, f: torch.lerp(v[r"\phi_t"], v[r"\theta_{t-1}"], 0.99), constants={"m": 0.99}),
    # schedules and augmentation
    case("step-decay", r"\eta_t = \eta_0 \cdot \gamma^{\lfloor t/s \rfloor}", "t:n", lambda v, f: 0.1 * 0.5 ** torch.div(v["t"], 3, rounding_mode="floor"), constants={r"\eta_0": 0.1, r"\gamma": 0.5, "s": 3}),
    case("polynomial-decay", r"\eta_t = \eta_0\left(1 - \frac{t}{T}\right)^{p}", "t:n", lambda v, f: 0.1 * (1 - v["t"] / 10) ** 0.9, constants={r"\eta_0": 0.1, "T": 10, "p": 0.9}, domains={"t": "prob"}),
    case("linear-scaling", r"\eta' = \eta \cdot \frac{B'}{B}", r"\eta:", lambda v, f: v[r"\eta"] * 4, constants={"B'": 1024, "B": 256}),
    case("mixup", r"\tilde{x} = \lambda x_i + (1-\lambda)x_j, \qquad \tilde{y} = \lambda y_i + (1-\lambda) y_j", "x_i:d x_j:d y_i:K y_j:K", lambda v, f: torch.lerp(v["y_j"], v["y_i"], 0.3), constants={r"\lambda": 0.3}),
    case("cut-mix", r"\tilde{x} = \mathbf{M}\odot x_A + (\mathbf{1}-\mathbf{M})\odot x_B", r"\mathbf{M}:H,W x_A:H,W x_B:H,W", lambda v, f: torch.where(v[r"\mathbf{M}"] == 1, v["x_A"], v["x_B"]), domains={r"\mathbf{M}": "binary"}),
    case("whitening", r"\hat{x} = \Sigma^{-1/2}(x - \mu)", r"x:d \mu:d \Sigma:d,d", lambda v, f: (v["x"] - v[r"\mu"]) / v[r"\Sigma"].diagonal().sqrt(), domains={r"\Sigma": "diagpos"}),
    # reinforcement learning
    case("td-error", r"\delta_t = r_t + \gamma V(s_{t+1}) - V(s_t)", "r_t: s_{t+1}:d s_t:d", lambda v, f: v["r_t"] + 0.9 * v["s_{t+1}"].sin().sum() - v["s_t"].sin().sum(), functions={"V": lambda s: torch.sin(s).sum()}, constants={r"\gamma": 0.9}),
    case("gae", r"\hat{A}_t = \sum_{l=0}^{T-t} (\gamma\lambda)^l \delta_{t+l}", r"\delta:T", _gae, constants={r"\gamma": 0.9, r"\lambda": 0.8}, index={"t": "1..T"}, outputs=[r"\hat{A}"]),
    case("reinforce", r"J = \frac{1}{N}\sum_{i=1}^{N}\sum_{t=1}^{T} (R_i - b)\log\pi_{i,t}", r"\pi:N,T R:N b:", lambda v, f: (v[r"\pi"].log().sum(1) * (v["R"] - v["b"])).mean(), domains={r"\pi": "prob"}),
    case("ppo-ratio", r"r_t(\theta) = \frac{\pi_{\theta,t}}{\pi_{\text{old},t}}, \quad L = \hat{\mathbb{E}}_t\left[\min\left(r_t(\theta)\hat{A}_t,\ \text{clip}(r_t(\theta), 1-\epsilon, 1+\epsilon)\hat{A}_t\right)\right]", r"\pi_\theta:T \pi_{\text{old}}:T \hat{A}:T", lambda v, f: torch.minimum(v[r"\pi_\theta"] / v[r"\pi_{\text{old}}"] * v[r"\hat{A}"], (v[r"\pi_\theta"] / v[r"\pi_{\text{old}}"]).clamp(0.8, 1.2) * v[r"\hat{A}"]).mean(), constants={r"\epsilon": 0.2}, index={"t": "1..T"}, domains={r"\pi_\theta": "prob", r"\pi_{\text{old}}": "prob"}, outputs=["L"]),
    case("dqn", r"L(\theta) = \mathbb{E}\left[\left(r + \gamma\max_{a'}q_{a'} - p\right)^2\right]", "r:B q:B,A p:B", lambda v, f: F.mse_loss(v["p"], v["r"] + 0.9 * v["q"].amax(1)), constants={r"\gamma": 0.9}, random={"": "B"}),
    case("double-dqn", r"Y = R + \gamma\, Q(S, \operatorname*{arg\,max}_a q_a)", "R: S:d q:A", lambda v, f: v["R"] + 0.9 * (v["S"].sum() * (v["q"].argmax() + 1)), functions={"Q": lambda s, a: s.sum() * a}, constants={r"\gamma": 0.9}, index={"a": "1..A"}),
    case("sac-target", r"y = r + \gamma(1-d)\left(\min_{i=1,2} Q_i - \alpha\log\pi\right)", r"r: d: Q:2 \pi:", lambda v, f: v["r"] + 0.99 * (1 - v["d"]) * (v["Q"].min() - 0.2 * v[r"\pi"].log()), constants={r"\gamma": 0.99, r"\alpha": 0.2}, domains={"d": "binary", r"\pi": "prob"}),
    case("huber-td", r"\mathcal{L}_\kappa(u) = \begin{cases}\frac{1}{2}u^2, & \text{if } |u| \le \kappa \\ \kappa(|u| - \frac{1}{2}\kappa), & \text{otherwise}\end{cases}", "u:n", lambda v, f: F.huber_loss(v["u"], torch.zeros_like(v["u"]), reduction="none", delta=1.0), constants={r"\kappa": 1.0}, output_shapes={"out": ["n"]}),
    case("group-advantage", r"\hat{A}_i = \frac{r_i - \mathrm{mean}(\mathbf{r})}{\mathrm{std}(\mathbf{r})}", r"\mathbf{r}:G", lambda v, f: (v[r"\mathbf{r}"] - v[r"\mathbf{r}"].mean()) / v[r"\mathbf{r}"].std(), functions={r"\mathrm{std}": lambda x: x.std()}, index={"i": "1..G"}, outputs=[r"\hat{A}"]),
    case("kl-estimator", r"\mathbb{D}_{KL} = \frac{\pi_{ref}}{\pi_\theta} - \log\frac{\pi_{ref}}{\pi_\theta} - 1", r"\pi_{ref}:n \pi_\theta:n", lambda v, f: torch.expm1((v[r"\pi_{ref}"] / v[r"\pi_\theta"]).log()) - (v[r"\pi_{ref}"] / v[r"\pi_\theta"]).log(), domains={r"\pi_{ref}": "prob", r"\pi_\theta": "prob"}),
    case("ucb", r"U(s, a) = c\, P(s,a)\frac{\sqrt{\sum_b N(s,b)}}{1 + N(s,a)}", "P:S,A N:S,A", lambda v, f: 1.4 * v["P"] * v["N"].sum(1, keepdim=True).sqrt() / (1 + v["N"]), constants={"c": 1.4}, index={"s": "1..S", "a": "1..A", "b": "1..A"}, domains={"N": "pos"}, outputs=["U"]),
    # diffusion and flows
    case("ddpm-forward", r"\mathbf{x}_t = \sqrt{\bar\alpha_t}\,\mathbf{x}_0 + \sqrt{1-\bar\alpha_t}\,\boldsymbol{\epsilon}", r"\mathbf{x}_0:d \boldsymbol{\epsilon}:d", lambda v, f: 0.7**0.5 * v[r"\mathbf{x}_0"] + 0.3**0.5 * v[r"\boldsymbol{\epsilon}"], constants={r"\bar\alpha_t": 0.7}),
    case("ddpm-alpha", r"\bar{\alpha}_t = \prod_{s=1}^{t} \alpha_s, \quad \alpha_t = 1 - \beta_t", r"\beta:T", lambda v, f: torch.cumprod(1 - v[r"\beta"], 0), index={"t": "1..T"}, outputs=[r"\bar{\alpha}"]),
    case("ddpm-posterior", r"\tilde{\boldsymbol\mu}_t(\mathbf{x}_t, \mathbf{x}_0) := \frac{\sqrt{\bar\alpha_{t-1}}\beta_t}{1-\bar\alpha_t}\mathbf{x}_0 + \frac{\sqrt{\alpha_t}(1-\bar\alpha_{t-1})}{1-\bar\alpha_t}\mathbf{x}_t", r"\mathbf{x}_0:d \mathbf{x}_t:d", lambda v, f: (0.8**0.5 * 0.1 * v[r"\mathbf{x}_0"] + 0.9**0.5 * 0.2 * v[r"\mathbf{x}_t"]) / 0.28, constants={r"\bar\alpha_{t-1}": 0.8, r"\bar\alpha_t": 0.72, r"\beta_t": 0.1, r"\alpha_t": 0.9}),
    case("ddpm-sample", r"\mathbf{x}_{t-1} = \frac{1}{\sqrt{\alpha_t}}\left(\mathbf{x}_t - \frac{1-\alpha_t}{\sqrt{1-\bar{\alpha}_t}}\boldsymbol{\epsilon}_\theta(\mathbf{x}_t, t)\right) + \sigma_t\mathbf{z}", r"\mathbf{x}_t:d \mathbf{z}:d", lambda v, f: (v[r"\mathbf{x}_t"] - 0.1 / 0.28**0.5 * torch.tanh(v[r"\mathbf{x}_t"] * 7)) / 0.9**0.5 + 0.3 * v[r"\mathbf{z}"], functions={r"\boldsymbol{\epsilon}_\theta": lambda x, t: torch.tanh(x * t)}, constants={r"\alpha_t": 0.9, r"\bar{\alpha}_t": 0.72, r"\sigma_t": 0.3, "t": 7}),
    case("ddim", r"x_{t-1} = \sqrt{\alpha_{t-1}}\underbrace{\left(\frac{x_t - \sqrt{1-\alpha_t}\,e}{\sqrt{\alpha_t}}\right)}_{\text{``predicted } x_0\text{''}} + \underbrace{\sqrt{1-\alpha_{t-1}-\sigma_t^2}\cdot e}_{\text{direction}} + \sigma_t\epsilon_t", r"x_t:d e:d \epsilon_t:d", lambda v, f: 0.8**0.5 * (v["x_t"] - 0.3**0.5 * v["e"]) / 0.7**0.5 + (0.2 - 0.01) ** 0.5 * v["e"] + 0.1 * v[r"\epsilon_t"], constants={r"\alpha_{t-1}": 0.8, r"\alpha_t": 0.7, r"\sigma_t": 0.1}),
    case("v-prediction", r"v \equiv \alpha_t\epsilon - \sigma_t x".replace(r"\equiv", "="), r"\epsilon:d x:d", lambda v, f: 0.8 * v[r"\epsilon"] - 0.6 * v["x"], constants={r"\alpha_t": 0.8, r"\sigma_t": 0.6}),
    case("guidance", r"\tilde{\epsilon}_\theta(z, c) = (1+w)\epsilon_\theta(z, c) - w\,\epsilon_\theta(z)", "z:d c:k", lambda v, f: 3 * torch.tanh(v["z"] * v["c"].sum()) - 2 * torch.tanh(v["z"]), functions={r"\epsilon_\theta": lambda z, c=None: torch.tanh(z if c is None else z * c.sum())}, constants={"w": 2}),
    case("cosine-noise", r"\bar{\alpha}_t = \frac{f(t)}{f(0)}, \quad f(t) = \cos\left(\frac{t/T + s}{1+s}\cdot\frac{\pi}{2}\right)^2", "t:n", lambda v, f: torch.cos((v["t"] / 10 + 0.008) / 1.008 * torch.pi / 2) ** 2 / torch.cos(torch.tensor(0.008 / 1.008 * torch.pi / 2, dtype=torch.float64)) ** 2, constants={"T": 10, "s": 0.008}, outputs=[r"\bar{\alpha}_t"]),
    case("flow-matching", r"\mathcal{L} = \mathbb{E}_{x_0, x_1}\left\| v(( 1-t)x_0 + t x_1) - (x_1 - x_0) \right\|^2", "x_0:B,d x_1:B,d", lambda v, f: (torch.tanh(0.7 * v["x_0"] + 0.3 * v["x_1"]) - v["x_1"] + v["x_0"]).square().sum(1).mean(), functions={"v": torch.tanh}, constants={"t": 0.3}, random={"x_0": "B", "x_1": "B"}),
    case("coupling", r"y_b = x_b \odot \exp(s(x_a)) + t(x_a)", "x_a:d x_b:d", lambda v, f: v["x_b"] * torch.exp(torch.tanh(v["x_a"])) + torch.sin(v["x_a"]), functions={"s": torch.tanh, "t": torch.sin}),
    case("planar-flow", r"f(\mathbf{z}) = \mathbf{z} + \mathbf{u}\,h(\mathbf{w}^\top\mathbf{z} + b)", r"\mathbf{z}:d \mathbf{u}:d \mathbf{w}:d b:", lambda v, f: v[r"\mathbf{z}"] + v[r"\mathbf{u}"] * torch.tanh(v[r"\mathbf{w}"] @ v[r"\mathbf{z}"] + v["b"]), functions={"h": torch.tanh}),
    # kernels, statistics, clustering
    case("attention-entropy", r"H_i = -\sum_{j} A_{ij}\log A_{ij}", "A:n,m", lambda v, f: torch.distributions.Categorical(v["A"]).entropy(), index={"i": "1..n"}, domains={"A": "simplex"}, outputs=["H"]),
    case("covariance", r"\Sigma = \frac{1}{n-1}\sum_{i=1}^{n}(x_i - \bar{x})(x_i - \bar{x})^\top, \quad \bar{x} = \frac{1}{n}\sum_{i=1}^n x_i", "x:n,d", lambda v, f: torch.cov(v["x"].T), outputs=[r"\Sigma"]),
    case("pearson", r"r_{xy} = \frac{\sum_{i=1}^n (x_i-\bar{x})(y_i-\bar{y})}{\sqrt{\sum_{i=1}^n (x_i-\bar{x})^2}\sqrt{\sum_{i=1}^n (y_i-\bar{y})^2}}", r"x:n y:n \bar{x}: \bar{y}:", lambda v, f: ((v["x"] - v[r"\bar{x}"]) @ (v["y"] - v[r"\bar{y}"])) / ((v["x"] - v[r"\bar{x}"]).norm() * (v["y"] - v[r"\bar{y}"]).norm())),
    case("student-t", r"q_{ij} = \frac{(1+\|z_i-\mu_j\|^2/\alpha)^{-\frac{\alpha+1}{2}}}{\sum_{j'}(1+\|z_i-\mu_{j'}\|^2/\alpha)^{-\frac{\alpha+1}{2}}}", r"z:n,d \mu:k,d", lambda v, f: F.normalize((1 + torch.cdist(v["z"], v[r"\mu"]) ** 2) ** -1.0, p=1, dim=1), constants={r"\alpha": 1}, index={"i": "1..n", "j": "1..k", "j'": "1..k"}, outputs=["q"]),
    case("dec-target", r"p_{ij} = \frac{q_{ij}^2/\sum_i q_{ij}}{\sum_{j'}\left(q_{ij'}^2/\sum_i q_{ij'}\right)}", "q:n,k", lambda v, f: F.normalize(v["q"] ** 2 / v["q"].sum(0), p=1, dim=1), index={"i": "1..n", "j": "1..k", "j'": "1..k"}, domains={"q": "prob"}, outputs=["p"]),
    case("k-means", r"J = \sum_{i=1}^{n}\min_{j} \|x_i - c_j\|^2", "x:n,d c:k,d", lambda v, f: torch.cdist(v["x"], v["c"]).square().amin(1).sum()),
    case("vector-quantise", r"k = \arg\min_j \|z - e_j\|_2", "z:d e:K,d", lambda v, f: torch.cdist(v["z"][None], v["e"])[0].argmin() + 1, index={"j": "1..K"}),
    case("gaussian-process", r"\bar{f}_* = \mathbf{k}_*^\top(K + \sigma_n^2 I)^{-1}\mathbf{y}", r"\mathbf{k}_*:n K:n,n \mathbf{y}:n", lambda v, f: v[r"\mathbf{k}_*"] @ torch.linalg.solve(v["K"] + 0.09 * torch.eye(len(v["K"]), dtype=torch.float64), v[r"\mathbf{y}"]), constants={r"\sigma_n": 0.3}),
    case("logistic", r"P(y=1|x) = \frac{1}{1+\exp(-(w^\top x + b))}", "w:d x:d b:", lambda v, f: torch.sigmoid(v["w"] @ v["x"] + v["b"])),
    case("elastic-net", r"\min_{w} \frac{1}{2n}\|Xw - y\|_2^2 + \alpha\rho\|w\|_1 + \frac{\alpha(1-\rho)}{2}\|w\|_2^2", "X:n,d w:d y:n", lambda v, f: F.mse_loss(v["X"] @ v["w"], v["y"]) / 2 + 0.3 * 0.5 * v["w"].abs().sum() + 0.3 * 0.25 * v["w"].square().sum(), constants={r"\alpha": 0.3, r"\rho": 0.5}),
    case("support-vector", r"\min_{\mathbf{w}, b} \frac{1}{2}\|\mathbf{w}\|^2 + C\sum_{i=1}^{n}\max(0, 1 - y_i(\mathbf{w}^\top\mathbf{x}_i + b))", r"\mathbf{w}:d b: y:n \mathbf{x}:n,d", lambda v, f: 0.5 * v[r"\mathbf{w}"].square().sum() + 2.0 * F.relu(1 - v["y"] * (v[r"\mathbf{x}"] @ v[r"\mathbf{w}"] + v["b"])).sum(), constants={"C": 2.0}),
    case("crf-score", r"s(X, y) = \sum_{i=1}^{n-1} A_{y_i, y_{i+1}} + \sum_{i=1}^{n} P_{i, y_i}", "A:K,K P:n,K y:n", lambda v, f: v["A"][v["y"][:-1], v["y"][1:]].sum() + v["P"].gather(1, v["y"][:, None]).sum(), domains={"y": "int:K"}),
    case("forward-algorithm", r"\alpha_{t}(j) = b_j\sum_{i=1}^{N}\alpha_{t-1}(i)\,a_{ij}", r"b:N \alpha_{t-1}:N a:N,N", lambda v, f: v["b"] * (v[r"\alpha_{t-1}"] @ v["a"]), index={"i": "1..N", "j": "1..N"}, outputs=[r"\alpha_t"]),
]  # fmt: skip
