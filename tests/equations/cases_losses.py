"""Losses, distances, objectives and metrics as papers print them, each with an independent right answer."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.distributions import Bernoulli, Categorical, MultivariateNormal, Normal, kl_divergence

from equations.cases import Case, case


def _unit(x: Tensor) -> Tensor:
    return F.normalize(x, dim=-1)


def _sup_con(v: dict[str, Any], f: dict[str, Any]) -> Tensor:
    logits = v["z"] @ v["z"].T / 0.3
    logs = logits - torch.logsumexp(logits.masked_fill(v["A"] == 0, -torch.inf), 1, keepdim=True)
    total = torch.zeros((), dtype=torch.float64)
    for i, row in enumerate(logs):
        members = [p for p in range(len(row)) if v["P"][i, p] != 0]
        total = total - torch.stack([row[p] for p in members]).mean()
    return total


def _ssim(v: dict[str, Any], f: dict[str, Any]) -> Tensor:
    luminance = (2 * v[r"\mu_x"] * v[r"\mu_y"] + 0.01) / (v[r"\mu_x"] ** 2 + v[r"\mu_y"] ** 2 + 0.01)
    return luminance * (2 * v[r"\sigma_{xy}"] + 0.03) / (v[r"\sigma_x"] ** 2 + v[r"\sigma_y"] ** 2 + 0.03)


def _penalty(v: dict[str, Any], f: dict[str, Any]) -> Tensor:
    rows = []
    for row in v[r"\hat{x}"]:
        leaf = row.clone().requires_grad_(True)
        (slope,) = torch.autograd.grad(f["D"](leaf), leaf)
        rows.append((slope.norm() - 1) ** 2)
    return 10.0 * torch.stack(rows).mean()


LOSSES: list[Case] = [
    # contrastive and metric learning
    case(
        "n-pair",
        r"\mathcal{L} = \log\Big(1 + \sum_{i=1}^{N} \exp(f^\top g_i - f^\top f^+)\Big)",
        "f:d f^+:d g:N,d",
        lambda v, f: F.cross_entropy(torch.cat([(v["f"] @ v["f^+"])[None], v["g"] @ v["f"]])[None], torch.tensor([0])),
    ),
    case(
        "clip-rows",
        r"\mathcal{L}_{i} = -\log \frac{\exp(\langle u_i, v_i \rangle / \tau)}{\sum_{k=1}^{N} \exp(\langle u_i, v_k \rangle / \tau)}",
        "u:N,d v:N,d",
        lambda v, f: F.cross_entropy(v["u"] @ v["v"].T / 0.1, torch.arange(len(v["u"])), reduction="none"),
        constants={r"\tau": 0.1},
        index={"i": "1..N"},
        outputs=[r"\mathcal{L}"],
    ),
    case(
        "clip-mean",
        r"L = -\frac{1}{2N}\sum_{i=1}^{N}\left[\log\frac{e^{\mathbf{x}_i \cdot \mathbf{y}_i/\tau}}{\sum_{j=1}^{N}e^{\mathbf{x}_i\cdot\mathbf{y}_j/\tau}}+\log\frac{e^{\mathbf{x}_i\cdot\mathbf{y}_i/\tau}}{\sum_{j=1}^{N}e^{\mathbf{x}_j\cdot\mathbf{y}_i/\tau}}\right]",
        r"\mathbf{x}:N,d \mathbf{y}:N,d",
        lambda v, f: (
            0.5
            * sum(F.cross_entropy(m, torch.arange(len(m))) for m in (v[r"\mathbf{x}"] @ v[r"\mathbf{y}"].T / 0.2, v[r"\mathbf{y}"] @ v[r"\mathbf{x}"].T / 0.2))
        ),
        constants={r"\tau": 0.2},
        output_shapes={"L": []},
    ),
    case(
        "sup-con",
        r"\mathcal{L}^{sup}_{out} = \sum_{i\in I} \frac{-1}{|P(i)|} \sum_{p\in P(i)} \log \frac{\exp\left(\boldsymbol{z}_i \cdot \boldsymbol{z}_p/\tau\right)}{\sum_{a\in A(i)} \exp\left(\boldsymbol{z}_i \cdot \boldsymbol{z}_a/\tau\right)}",
        "z:N,d P:N,N A:N,N",
        _sup_con,
        aliases={r"\boldsymbol{z}": "z"},
        constants={r"\tau": 0.3},
        sets={"I": "axis N", "P": "mask", "A": "mask"},
        domains={"P": "adj", "A": "adj"},
        output_shapes={"out": []},
    ),
    case(
        "contrastive-margin",
        r"L(W, Y, X_1, X_2) = (1-Y)\frac{1}{2}(D_W)^2 + (Y)\frac{1}{2}\{\max(0, m - D_W)\}^2",
        "Y:B D_W:B",
        lambda v, f: torch.where(v["Y"] == 0, 0.5 * v["D_W"] ** 2, 0.5 * F.relu(1.5 - v["D_W"]) ** 2),
        constants={"m": 1.5},
        domains={"Y": "binary", "D_W": "pos"},
    ),
    case(
        "triplet-margin",
        r"\ell(a, p, n) = \max\{ d(a, p) - d(a, n) + m, 0\}, \quad d(x, y) = \left\lVert {\bf x} - {\bf y} \right\rVert_2",
        "a:d p:d n:d",
        lambda v, f: F.triplet_margin_loss(v["a"][None], v["p"][None], v["n"][None], margin=0.7, eps=0.0),
        constants={"m": 0.7},
        outputs=[r"\ell"],
    ),
    case(
        "barlow",
        r"\mathcal{L}_{BT} \triangleq \sum_{i} (1-\mathcal{C}_{ii})^2 + \lambda \sum_{i}\sum_{j\neq i} {\mathcal{C}_{ij}}^2".replace(r"\triangleq", "="),
        r"\mathcal{C}:d,d",
        lambda v, f: (1 - v[r"\mathcal{C}"].diagonal()).square().sum()
        + 0.005 * (v[r"\mathcal{C}"].square().sum() - v[r"\mathcal{C}"].diagonal().square().sum()),
        constants={r"\lambda": 0.005},
    ),
    case(
        "barlow-correlation",
        r"\mathcal{C}_{ij} = \frac{\sum_b z^A_{b,i} z^B_{b,j}}{\sqrt{\sum_b {(z^A_{b,i})}^2}\sqrt{\sum_b {(z^B_{b,j})}^2}}",
        "z^A:N,d z^B:N,d",
        lambda v, f: F.normalize(v["z^A"], dim=0).T @ F.normalize(v["z^B"], dim=0),
        index={"i": "1..d", "j": "1..d"},
        outputs=[r"\mathcal{C}"],
    ),
    case(
        "vicreg-variance",
        r"v(Z) = \frac{1}{d} \sum_{j=1}^{d} \max(0, \gamma - S(z^j, \epsilon))",
        "z:d,n",
        lambda v, f: F.relu(1.0 - torch.sqrt(v["z"].var(1) + 1e-4)).mean(),
        functions={"S": lambda x, e: torch.sqrt(x.var() + e)},
        constants={r"\gamma": 1.0, r"\epsilon": 1e-4},
    ),
    case(
        "byol",
        r"\mathcal{L}_{\theta,\xi} = \left\|\overline{q_\theta} - \overline{z}'_\xi \right\|_2^2 = 2 - 2\cdot\frac{\langle q_\theta, z'_\xi\rangle}{\left\| q_\theta\right\|_2 \cdot \left\| z'_\xi\right\|_2}",
        r"q_\theta:d z'_\xi:d",
        lambda v, f: 2 - 2 * F.cosine_similarity(v[r"q_\theta"], v[r"z'_\xi"], dim=0),
    ),
    case(
        "simsiam",
        r"\mathcal{D}(p_1, z_2) = - \frac{p_1}{\lVert p_1\rVert_2} \cdot \frac{z_2}{\lVert z_2\rVert_2}",
        "p_1:d z_2:d",
        lambda v, f: -(_unit(v["p_1"]) * _unit(v["z_2"])).sum(),
        output_shapes={"out": []},
    ),
    # classification
    case(
        "cross-entropy-labels",
        r"\mathcal{L} = -\frac{1}{N} \sum_{i=1}^{N} \sum_{c=1}^{C} y_{ic} \log \hat{y}_{ic}",
        r"y:N,C \hat{y}:N,C",
        lambda v, f: F.nll_loss(v[r"\hat{y}"].log(), v["y"].argmax(1)),
        domains={"y": "onehot", r"\hat{y}": "simplex"},
    ),
    case(
        "binary-cross-entropy",
        r"\mathcal{L}_{\rm BCE} = - \frac1N \sum_{i=1}^N \Bigl[ y_i \log p_i + (1-y_i)\log(1-p_i) \Bigr]",
        "y:N p:N",
        lambda v, f: F.binary_cross_entropy(v["p"], v["y"]),
        domains={"y": "binary", "p": "prob"},
    ),
    case(
        "binary-cross-entropy-logits",
        r"\ell = -\left( y \log \sigma(x) + (1 - y) \log (1 - \sigma(x)) \right)",
        "x:N y:N",
        lambda v, f: F.binary_cross_entropy_with_logits(v["x"], v["y"], reduction="none"),
        domains={"y": "binary"},
        output_shapes={"out": ["N"]},
    ),
    case(
        "focal-cases",
        r"\mathrm{FL}(p, y) = \begin{cases} -\alpha(1-p)^{\gamma}\log(p), & \text{if } y=1 \\ -(1-\alpha)p^{\gamma}\log(1-p), & \text{otherwise} \end{cases}",
        "p:N y:N",
        lambda v, f: torch.stack([-0.25 * (1 - p) ** 2 * p.log() if y == 1 else -0.75 * p**2 * (1 - p).log() for p, y in zip(v["p"], v["y"], strict=True)]),
        constants={r"\alpha": 0.25, r"\gamma": 2},
        domains={"p": "prob", "y": "binary"},
    ),
    case(
        "soft-dice",
        r"\mathcal{L}_{dice} = 1 - \frac{2\sum_{i=1}^{N} p_i g_i + \epsilon}{\sum_{i=1}^{N} p_i + \sum_{i=1}^{N} g_i + \epsilon}",
        "p:N g:N",
        lambda v, f: 1 - (2 * (v["p"] @ v["g"]) + 1.0) / (v["p"].sum() + v["g"].sum() + 1.0),
        constants={r"\epsilon": 1.0},
        domains={"p": "prob", "g": "binary"},
    ),
    case(
        "tversky",
        r"T(\alpha, \beta) = \frac{\sum_{i=1}^{N} p_{0i} g_{0i}}{\sum_{i=1}^{N} p_{0i} g_{0i} + \alpha \sum_{i=1}^{N} p_{0i} g_{1i} + \beta \sum_{i=1}^{N} p_{1i} g_{0i}}",
        "p_0:N p_1:N g_0:N g_1:N",
        lambda v, f: (v["p_0"] @ v["g_0"]) / (v["p_0"] @ v["g_0"] + 0.3 * (v["p_0"] @ v["g_1"]) + 0.7 * (v["p_1"] @ v["g_0"])),
        constants={r"\alpha": 0.3, r"\beta": 0.7},
        domains={"p_0": "prob", "p_1": "prob", "g_0": "prob", "g_1": "prob"},
    ),
    case(
        "jaccard",
        r"J(p, g) = \frac{\sum_i \min(p_i, g_i)}{\sum_i \max(p_i, g_i)}",
        "p:N g:N",
        lambda v, f: torch.minimum(v["p"], v["g"]).sum() / torch.maximum(v["p"], v["g"]).sum(),
        domains={"p": "prob", "g": "prob"},
    ),
    case(
        "multi-class-hinge",
        r"L_i = \sum_{j\neq y_i} \max(0, s_j - s_{y_i} + \Delta)",
        "s:C y:N",
        lambda v, f: torch.stack([sum(F.relu(v["s"][j] - v["s"][y] + 1.0) for j in range(len(v["s"])) if j != int(y)) for y in v["y"]]),
        constants={r"\Delta": 1.0},
        domains={"y": "int:C"},
        index={"i": "1..N", "j": "0..C-1"},
        outputs=["L"],
    ),
    case(
        "arc-face",
        r"L = -\frac{1}{N}\sum_{i=1}^{N}\log\frac{e^{s(\cos(\theta_{y_i}+m))}}{e^{s(\cos(\theta_{y_i}+m))}+\sum_{j=1,j\neq y_i}^{n}e^{s\cos\theta_{j}}}",
        r"\theta:n y:N",
        lambda v, f: F.cross_entropy(4 * torch.cos(v[r"\theta"] + 0.5 * F.one_hot(v["y"], len(v[r"\theta"]))), v["y"]),
        constants={"s": 4.0, "m": 0.5},
        domains={"y": "int:n"},
    ),
    case(
        "confidence-temperature",
        r"\hat{q}_i = \max_k \, \sigma_{\text{SM}}(\mathbf{z}_i/T)^{(k)}",
        r"\mathbf{z}:N,K",
        lambda v, f: torch.softmax(v[r"\mathbf{z}"] / 1.7, 1).amax(1),
        functions={r"\sigma_{\text{SM}}": lambda x: torch.softmax(x, -1)},
        constants={"T": 1.7},
        index={"i": "1..N", "k": "1..K"},
        outputs=[r"\hat{q}"],
    ),
    # regression and images
    case("mean-squared", r"\text{MSE} = \frac{1}{n}\sum_{i=1}^n\left(Y_i-\hat{Y}_i\right)^2", r"Y:n \hat{Y}:n", lambda v, f: F.mse_loss(v["Y"], v[r"\hat{Y}"])),
    case("mean-absolute", r"\mathrm{MAE}=\frac{1}{n}\sum_{t=1}^n\left|y_t-\hat{y}_t\right|", r"y:n \hat{y}:n", lambda v, f: F.l1_loss(v["y"], v[r"\hat{y}"])),
    case("root-mean-squared", r"\mathrm{RMSE} = \sqrt{\frac{\sum_{t=1}^T (\hat{y}_t - y_t)^2}{T}}", r"y:T \hat{y}:T", lambda v, f: F.mse_loss(v["y"], v[r"\hat{y}"]).sqrt()),
    case(
        "smooth-l1",
        r"\mathrm{smooth}_{L_1}(x) = \begin{cases} 0.5x^2& \text{if } |x| < 1\\ |x| - 0.5& \text{otherwise}, \end{cases}",
        "x:n",
        lambda v, f: F.smooth_l1_loss(v["x"], torch.zeros_like(v["x"]), reduction="none"),
        output_shapes={r"out": ["n"]},
    ),
    case("log-cosh", r"L(y, y^p) = \sum_{i=1}^n \log(\cosh(y_i^p - y_i))", "y:n y^p:n", lambda v, f: torch.cosh(v["y^p"] - v["y"]).log().sum()),
    case("charbonnier", r"\rho(x) = \sqrt{x^2 + \epsilon^2}", "x:n", lambda v, f: torch.hypot(v["x"], torch.tensor(1e-3, dtype=torch.float64)), constants={r"\epsilon": 1e-3}),
    case(
        "quantile",
        r"\rho_\tau(u) = u \cdot (\tau - \mathbb{I}(u < 0))",
        "u:n",
        lambda v, f: torch.maximum(0.3 * v["u"], (0.3 - 1) * v["u"]),
        constants={r"\tau": 0.3},
        output_shapes={"out": ["n"]},
    ),
    case("psnr", r"\mathrm{PSNR} = 10 \cdot \log_{10} \left( \frac{\mathit{MAX}_I^2}{\mathit{MSE}} \right)", r"\mathit{MSE}:", lambda v, f: 20 * torch.log10(torch.tensor(255.0, dtype=torch.float64)) - 10 * torch.log10(v[r"\mathit{MSE}"]), constants={r"\mathit{MAX}_I": 255}, domains={r"\mathit{MSE}": "pos"}),
    case(
        "ssim",
        r"\text{SSIM}(x,y)=\frac{(2\mu_x\mu_y+C_1)(2\sigma_{xy}+C_2)}{(\mu_x^2+\mu_y^2+C_1)(\sigma_x^2+\sigma_y^2+C_2)}",
        r"\mu_x: \mu_y: \sigma_{xy}: \sigma_x: \sigma_y:",
        _ssim,
        constants={"C_1": 0.01, "C_2": 0.03},
    ),
    case(
        "style",
        r"E_l = \frac{1}{4N_l^2M_l^2}\sum_{i,j}\left(G_{ij}^l - A_{ij}^l\right)^2",
        "G^l:n,n A^l:n,n",
        lambda v, f: F.mse_loss(v["G^l"], v["A^l"], reduction="sum") / (4 * 9 * 25),
        constants={"N_l": 3, "M_l": 5},
    ),
    # divergences and variational bounds
    case(
        "kl-gaussians",
        r"D_{\mathrm{KL}} = \log\frac{\sigma_2}{\sigma_1} + \frac{\sigma_1^2 + (\mu_1 - \mu_2)^2}{2\sigma_2^2} - \frac{1}{2}",
        r"\mu_1: \mu_2: \sigma_1: \sigma_2:",
        lambda v, f: kl_divergence(Normal(v[r"\mu_1"], v[r"\sigma_1"]), Normal(v[r"\mu_2"], v[r"\sigma_2"])),
        domains={r"\sigma_1": "pos", r"\sigma_2": "pos"},
    ),
    case(
        "kl-multivariate",
        r"D_{KL} = \frac{1}{2}\left[\log\frac{|\Sigma_2|}{|\Sigma_1|} - d + \text{tr}\{\Sigma_2^{-1}\Sigma_1\} + (\mu_2 - \mu_1)^T \Sigma_2^{-1}(\mu_2 - \mu_1)\right]",
        r"\mu_1:d \mu_2:d \Sigma_1:d,d \Sigma_2:d,d",
        lambda v, f: kl_divergence(MultivariateNormal(v[r"\mu_1"], v[r"\Sigma_1"]), MultivariateNormal(v[r"\mu_2"], v[r"\Sigma_2"])),
        domains={r"\Sigma_1": "diagpos", r"\Sigma_2": "diagpos"},
        output_shapes={"out": []},
    ),
    case(
        "gaussian-density",
        r"\mathcal{N}(x; \mu, \Sigma) = \frac{1}{(2\pi)^{d/2} |\Sigma|^{1/2}} \exp\left(-\frac{1}{2} (x - \mu)^\top \Sigma^{-1} (x - \mu)\right)",
        r"x:d \mu:d \Sigma:d,d",
        lambda v, f: MultivariateNormal(v[r"\mu"], v[r"\Sigma"]).log_prob(v["x"]).exp(),
        domains={r"\Sigma": "diagpos"},
    ),
    case(
        "js",
        r"\mathrm{JSD}(P\|Q) = \frac{1}{2} D(P \| M) + \frac{1}{2} D(Q \| M), \quad M = \frac{1}{2}(P + Q), \quad D(A\|B) = \sum_i A_i \log\frac{A_i}{B_i}",
        "P:n Q:n",
        lambda v, f: 0.5 * kl_divergence(Categorical(v["P"]), Categorical((v["P"] + v["Q"]) / 2)) + 0.5 * kl_divergence(Categorical(v["Q"]), Categorical((v["P"] + v["Q"]) / 2)),
        domains={"P": "simplex", "Q": "simplex"},
        outputs=[r"\mathrm{JSD}"],
    ),
    case(
        "beta-vae",
        r"\mathcal{L} = \| x - \hat{x} \|^2 + \frac{\beta}{2} \sum_{j} \left( \mu_j^2 + \sigma_j^2 - \log \sigma_j^2 - 1 \right)",
        r"x:n \hat{x}:n \mu:J \sigma:J",
        lambda v, f: (v["x"] - v[r"\hat{x}"]).square().sum() + 4.0 * kl_divergence(Normal(v[r"\mu"], v[r"\sigma"]), Normal(0.0, 1.0)).sum(),
        constants={r"\beta": 4.0},
        domains={r"\sigma": "pos"},
    ),
    case(
        "bernoulli-likelihood",
        r"\log p(\mathbf{x}|\mathbf{z}) = \sum_{i=1}^D x_i\log y_i + (1-x_i)\cdot\log(1-y_i)",
        "x:D y:D",
        lambda v, f: Bernoulli(v["y"]).log_prob(v["x"]).sum(),
        domains={"x": "binary", "y": "prob"},
    ),
    case("hellinger", r"H(P, Q) = \frac{1}{\sqrt{2}} \sqrt{\sum_{i=1}^k (\sqrt{p_i} - \sqrt{q_i})^2}", "p:k q:k", lambda v, f: torch.sqrt(1 - (v["p"] * v["q"]).sqrt().sum()), domains={"p": "simplex", "q": "simplex"}),
    case("renyi", r"D_\alpha(P\|Q) = \frac{1}{\alpha-1}\log\sum_{i=1}^n \frac{p_i^\alpha}{q_i^{\alpha-1}}", "p:n q:n", lambda v, f: (v["p"] ** 2 / v["q"]).sum().log(), constants={r"\alpha": 2}, domains={"p": "simplex", "q": "simplex"}),
    case("wasserstein-gaussians", r"W_2^2 = \| m_1 - m_2 \|_2^2 + \| \sigma_1 - \sigma_2 \|_2^2", r"m_1:d m_2:d \sigma_1:d \sigma_2:d", lambda v, f: F.mse_loss(v["m_1"], v["m_2"], reduction="sum") + F.mse_loss(v[r"\sigma_1"], v[r"\sigma_2"], reduction="sum")),
    # adversarial
    case(
        "hinge-discriminator",
        r"L_D = -\mathbb{E}_{x}\left[\min(0, -1 + D(x))\right] - \mathbb{E}_{z}\left[\min(0, -1 - D(G(z)))\right]",
        "x:B,d z:B,k",
        lambda v, f: torch.stack([F.relu(1 - f["D"](x)) for x in v["x"]]).mean() + torch.stack([F.relu(1 + f["D"](f["G"](z))) for z in v["z"]]).mean(),
        functions={"D": lambda x: torch.sin(x).sum(), "G": lambda z: torch.tanh(z)},
        random={"x": "B", "z": "B"},
    ),
    case(
        "least-squares-gan",
        r"\min_D V_{\text{LSGAN}}(D) = \frac{1}{2}\mathbb{E}_{\bm{x}\sim p_{\text{data}}(\bm{x})}\bigl[(D(\bm{x})-b)^2\bigr] + \frac{1}{2}\mathbb{E}_{\bm{z}\sim p_{\bm{z}}(\bm{z})}\bigl[(D(G(\bm{z}))-a)^2\bigr]",
        r"\bm{x}:B,d \bm{z}:B,k",
        lambda v, f: 0.5 * torch.stack([(f["D"](x) - 1) ** 2 for x in v[r"\bm{x}"]]).mean() + 0.5 * torch.stack([f["D"](f["G"](z)) ** 2 for z in v[r"\bm{z}"]]).mean(),
        functions={"D": lambda x: torch.sin(x).sum(), "G": lambda z: torch.tanh(z)},
        constants={"a": 0, "b": 1},
        random={r"\bm{x}": "B", r"\bm{z}": "B"},
    ),
    case(
        "gradient-penalty",
        r"L_{GP} = \lambda \, \mathbb{E}_{\hat{x}}\left[(\| \nabla_{\hat{x}} D(\hat{x}) \|_2 - 1)^2\right]",
        r"\hat{x}:B,d",
        _penalty,
        functions={"D": lambda x: (x**3).sum() + x.prod()},
        constants={r"\lambda": 10.0},
        random={r"\hat{x}": "B"},
    ),
    case("interpolate", r"\hat{\boldsymbol{x}} \leftarrow \epsilon \boldsymbol{x} + (1 - \epsilon)\tilde{\boldsymbol{x}}", r"\boldsymbol{x}:d \tilde{\boldsymbol{x}}:d", lambda v, f: torch.lerp(v[r"\tilde{\boldsymbol{x}}"], v[r"\boldsymbol{x}"], 0.3), constants={r"\epsilon": 0.3}),
    # language and ranking
    case(
        "dpo",
        r"\mathcal{L}_\text{DPO} = -\mathbb{E}\left[\log \sigma\left(\beta \log \frac{\pi_w}{\rho_w} - \beta \log \frac{\pi_l}{\rho_l}\right)\right]",
        r"\pi_w:B \rho_w:B \pi_l:B \rho_l:B",
        lambda v, f: -F.logsigmoid(0.1 * ((v[r"\pi_w"] / v[r"\rho_w"]).log() - (v[r"\pi_l"] / v[r"\rho_l"]).log())).mean(),
        constants={r"\beta": 0.1},
        domains={r"\pi_w": "prob", r"\rho_w": "prob", r"\pi_l": "prob", r"\rho_l": "prob"},
        random={"": "B"},
    ),
    case(
        "bradley-terry",
        r"p^*(y_1 \succ y_2 \mid x) = \frac{\exp(r_1)}{\exp(r_1) + \exp(r_2)}",
        "r_1:B r_2:B",
        lambda v, f: torch.sigmoid(v["r_1"] - v["r_2"]),
    ),
    case("reward-model", r"\operatorname{loss}(\theta) = -\frac{1}{K}\sum_{k=1}^{K} \log\left(\sigma\left(r_k^w - r_k^l\right)\right)", "r^w:K r^l:K", lambda v, f: F.softplus(v["r^l"] - v["r^w"]).mean()),
    case("perplexity", r"\text{PPL} = \exp\left\{ -\frac{1}{t} \sum_{i=1}^{t} \log p_i \right\}", "p:t", lambda v, f: torch.prod(v["p"]) ** (-1 / len(v["p"])), domains={"p": "prob"}),
    case(
        "brevity",
        r"\text{BP} = \begin{cases} 1 & \text{if } c > r \\ e^{(1-r/c)} & \text{if } c \leq r \end{cases}",
        "c: r:",
        lambda v, f: torch.exp(torch.minimum(torch.zeros((), dtype=torch.float64), 1 - v["r"] / v["c"])),
        domains={"c": "pos", "r": "pos"},
    ),
    case("bleu", r"\text{BLEU} = \text{BP} \cdot \exp\left( \sum_{n=1}^{N} w_n \log p_n \right)", r"\text{BP}: w:N p:N", lambda v, f: v[r"\text{BP}"] * torch.prod(v["p"] ** v["w"]), domains={"p": "prob"}),
    case(
        "skip-gram",
        r"J = \log \sigma({v'_{w_O}}^\top v_{w_I}) + \sum_{i=1}^{k} \log \sigma(-{v'_{w_i}}^\top v_{w_I})",
        "v:V,d v':V,d w_O: w_I: w:k",
        lambda v, f: F.logsigmoid(v["v'"][v["w_O"]] @ v["v"][v["w_I"]]) + F.logsigmoid(-v["v'"][v["w"]] @ v["v"][v["w_I"]]).sum(),
        domains={"w_O": "int:V", "w_I": "int:V", "w": "int:V"},
    ),
    case(
        "glove",
        r"J = \sum_{i, j=1}^V f(X_{ij}) \left( w_i^T \tilde w_j + b_i + \tilde b_j - \log X_{ij} \right)^2",
        r"X:V,V w:V,d \tilde{w}:V,d b:V \tilde{b}:V",
        lambda v, f: (
            torch.clamp(v["X"], max=1) * (v["w"] @ v[r"\tilde{w}"].T + v["b"][:, None] + v[r"\tilde{b}"][None] - v["X"].log()) ** 2
        ).sum(),
        functions={"f": lambda x: torch.clamp(x, max=1)},
        domains={"X": "pos"},
    ),
    case("bpr", r"\mathrm{BPR} = -\sum_{u} \ln \sigma(\hat{x}_{u} - \hat{y}_{u}) + \lambda \|\Theta\|^2", r"\hat{x}:U \hat{y}:U \Theta:p", lambda v, f: F.softplus(v[r"\hat{y}"] - v[r"\hat{x}"]).sum() + 0.01 * v[r"\Theta"].square().sum(), constants={r"\lambda": 0.01}),
    case("dcg", r"\mathrm{DCG}_p = \sum_{i=1}^{p} \frac{2^{rel_i} - 1}{\log_2(i+1)}", "rel:p", lambda v, f: ((2 ** v["rel"] - 1) / torch.log2(torch.arange(2, len(v["rel"]) + 2, dtype=torch.float64))).sum(), constants={"p": "p"}),
    case("f-measure", r"F_\beta = (1+\beta^2) \cdot \frac{P \cdot R}{(\beta^2 \cdot P) + R}", "P: R:", lambda v, f: 5 / (4 / v["R"] + 1 / v["P"]), constants={r"\beta": 2}, domains={"P": "prob", "R": "prob"}),
    case("expected-calibration", r"\text{ECE} = \sum_{m=1}^{M} \frac{|B_m|}{n} \left| \text{acc}_m - \text{conf}_m \right|", r"B:M \text{acc}:M \text{conf}:M", lambda v, f: (v["B"] / 50 * (v[r"\text{acc}"] - v[r"\text{conf}"]).abs()).sum(), constants={"n": 50}, domains={"B": "pos"}),
]  # fmt: skip
