"""Layers, cells, activations, attention and graph operators as papers print them, each with an independent right answer."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from equations.cases import Case, case


def _gru(v: dict[str, Any], f: dict[str, Any]) -> Tensor:
    cell = torch.nn.GRUCell(v["x_t"].shape[0], v["h_{t-1}"].shape[0]).double()
    gates = ("r", "z", "h")
    parameters = {
        "weight_ih": torch.cat([v[f"W_{{{g}}}"] for g in gates]),
        "weight_hh": torch.cat([v[f"U_{{{g}}}"] for g in gates]),
        "bias_ih": torch.cat([v[f"b_{{{g}}}"] for g in gates]),
        "bias_hh": torch.zeros(3 * v["h_{t-1}"].shape[0], dtype=torch.float64),
    }
    # torch multiplies r with U h and not h before U: so only the case with that form is held against it
    return torch.func.functional_call(cell, parameters, (v["x_t"], v["h_{t-1}"]))


def _rope(v: dict[str, Any], f: dict[str, Any]) -> Tensor:
    angle = torch.tensor(3 * 0.5, dtype=torch.float64)
    pair = torch.complex(v["x_1"], v["x_2"]) * torch.exp(1j * angle)
    return torch.stack([pair.real, pair.imag])


def _graph_sage(v: dict[str, Any], f: dict[str, Any]) -> Tensor:
    mean = torch.stack([v["h"][v[r"\mathcal{N}"][i] != 0].mean(0) for i in range(len(v["h"]))])
    return torch.sigmoid(torch.cat([v["h"], mean], 1) @ v["W"].T)


def _linear_attention(v: dict[str, Any], f: dict[str, Any]) -> Tensor:
    q, k = F.elu(v["Q"]) + 1, F.elu(v["K"]) + 1
    weights = q @ k.T
    return (weights / weights.sum(1, keepdim=True)) @ v["V"]


def _alibi(v: dict[str, Any]) -> Tensor:
    n = len(v["q"])
    logits = v["q"] @ v["k"].T - 0.5 * (torch.arange(n)[:, None] - torch.arange(n)[None])
    return torch.exp(logits - torch.logsumexp(logits.masked_fill(torch.ones(n, n).triu(1) == 1, -torch.inf), 1, keepdim=True))


def _group_statistics(v: dict[str, Any], f: dict[str, Any]) -> Tensor:
    return F.group_norm(v["x"][None], 1, eps=1e-5)[0]


_GATES = r"""\mathbf{i}_t = \sigma(\mathbf{W}_{xi}\mathbf{x}_t + \mathbf{W}_{hi}\mathbf{h}_{t-1} + \mathbf{b}_i),\\
\mathbf{f}_t = \sigma(\mathbf{W}_{xf}\mathbf{x}_t + \mathbf{W}_{hf}\mathbf{h}_{t-1} + \mathbf{b}_f),\\
\mathbf{c}_t = \mathbf{f}_t \circ \mathbf{c}_{t-1} + \mathbf{i}_t \circ \tanh(\mathbf{W}_{xc}\mathbf{x}_t + \mathbf{W}_{hc}\mathbf{h}_{t-1} + \mathbf{b}_c),\\
\mathbf{o}_t = \sigma(\mathbf{W}_{xo}\mathbf{x}_t + \mathbf{W}_{ho}\mathbf{h}_{t-1} + \mathbf{b}_o),\\
\mathbf{h}_t = \mathbf{o}_t \circ \tanh(\mathbf{c}_t)"""


def _bold_lstm(v: dict[str, Any], f: dict[str, Any]) -> Tensor:
    def weight(kind: str) -> Tensor:
        return torch.cat([v[rf"\mathbf{{W}}_{{{kind}{g}}}"] for g in "ifco"])

    bias = torch.cat([v[rf"\mathbf{{b}}_{g}"] for g in "ifco"])
    cell = torch.nn.LSTMCell(v[r"\mathbf{x}_t"].shape[0], v[r"\mathbf{h}_{t-1}"].shape[0]).double()
    parameters = {"weight_ih": weight("x"), "weight_hh": weight("h"), "bias_ih": bias, "bias_hh": torch.zeros_like(bias)}
    return torch.func.functional_call(cell, parameters, (v[r"\mathbf{x}_t"], (v[r"\mathbf{h}_{t-1}"], v[r"\mathbf{c}_{t-1}"])))[0]


LAYERS: list[Case] = [
    # recurrent cells
    case(
        "lstm-bold",
        _GATES,
        r"\mathbf{x}_t:D \mathbf{h}_{t-1}:H \mathbf{c}_{t-1}:H "
        + " ".join(rf"\mathbf{{W}}_{{x{g}}}:H,D \mathbf{{W}}_{{h{g}}}:H,H \mathbf{{b}}_{g}:H" for g in "ifco"),
        _bold_lstm,
        outputs=[r"\mathbf{h}_t"],
    ),
    case(
        "gru-reset-after",
        r"""r_t = \sigma\left(W_r x_t + U_r h_{t-1} + b_r\right) \\ z_t = \sigma\left(W_z x_t + U_z h_{t-1} + b_z\right) \\
        \tilde h_t = \tanh\left(W_h x_t + r_t \odot (U_h h_{t-1}) + b_h\right) \\ h_t = (1-z_t)\odot\tilde{h}_t + z_t\odot h_{t-1}""",
        "x_t:D h_{t-1}:H " + " ".join(f"W_{{{g}}}:H,D U_{{{g}}}:H,H b_{{{g}}}:H" for g in "rzh"),
        _gru,
        outputs=["h_t"],
    ),
    case(
        "elman",
        r"h_t = \tanh(W_{ih} x_t + b_{ih} + W_{hh} h_{(t-1)} + b_{hh})",
        "x_t:D h_{(t-1)}:H W_{ih}:H,D b_{ih}:H W_{hh}:H,H b_{hh}:H",
        lambda v, f: torch.tanh(F.linear(v["x_t"], v["W_{ih}"], v["b_{ih}"]) + F.linear(v["h_{(t-1)}"], v["W_{hh}"], v["b_{hh}"])),
    ),
    case("highway-gate", r"\mathbf{y} = H(\mathbf{x}, \mathbf{W_H}) \cdot T(\mathbf{x},\mathbf{W_T}) + \mathbf{x} \cdot (1 - T(\mathbf{x},\mathbf{W_T}))", r"\mathbf{x}:d \mathbf{W_H}:d,d \mathbf{W_T}:d,d",
         lambda v, f: torch.lerp(v[r"\mathbf{x}"], torch.tanh(v[r"\mathbf{W_H}"] @ v[r"\mathbf{x}"]), torch.sigmoid(v[r"\mathbf{W_T}"] @ v[r"\mathbf{x}"])),
         functions={"H": lambda x, w: torch.tanh(w @ x), "T": lambda x, w: torch.sigmoid(w @ x)}, output_shapes={"out": ["d"]}),
    case("residual", r"\mathbf{y} = W_2\,\sigma(W_1\mathbf{x}) + W_s\mathbf{x}", r"\mathbf{x}:d W_1:h,d W_2:e,h W_s:e,d", lambda v, f: v["W_2"] @ F.relu(v["W_1"] @ v[r"\mathbf{x}"]) + v["W_s"] @ v[r"\mathbf{x}"], functions={r"\sigma": F.relu}),
    case("mlp-batch", r"\hat{Y} = \mathrm{softmax}(\mathrm{ReLU}(XW_1 + b_1)W_2 + b_2)", "X:n,d W_1:d,h b_1:h W_2:h,c b_2:c", lambda v, f: F.softmax(F.relu(v["X"] @ v["W_1"] + v["b_1"]) @ v["W_2"] + v["b_2"], -1)),
    # normalisation
    case("layer-norm-moments", r"y = \frac{x - \mathrm{E}[x]}{\sqrt{\mathrm{Var}[x] + \epsilon}} * \gamma + \beta", r"x:d \gamma:d \beta:d", lambda v, f: F.layer_norm(v["x"], v["x"].shape, v[r"\gamma"], v[r"\beta"], 1e-5), constants={r"\epsilon": 1e-5}),
    case("rms-norm-bar", r"\bar{a}_i = \frac{a_i}{\sqrt{\frac{1}{n}\sum_{i=1}^{n}a_i^2 + \epsilon}}\, g_i", "a:n g:n", lambda v, f: F.rms_norm(v["a"], v["a"].shape, v["g"], 1e-6), constants={r"\epsilon": 1e-6}, index={"i": "1..n"}, outputs=[r"\bar{a}"]),
    case("batch-norm-columns", r"""\mu_j = \frac{1}{m}\sum_{i=1}^{m} x_{ij} \\ \sigma_j^2 = \frac{1}{m}\sum_{i=1}^{m}(x_{ij}-\mu_j)^2 \\ y_{ij} = \gamma_j \frac{x_{ij}-\mu_j}{\sqrt{\sigma_j^2+\epsilon}} + \beta_j""",
         r"x:m,d \gamma:d \beta:d", lambda v, f: F.batch_norm(v["x"], None, None, v[r"\gamma"], v[r"\beta"], True, 0.1, 1e-5), constants={r"\epsilon": 1e-5}, index={"i": "1..m", "j": "1..d"}, outputs=["y"]),
    case("instance-norm", r"""y_{tijk} = \frac{x_{tijk} - \mu_{ti}}{\sqrt{\sigma_{ti}^2 + \epsilon}}, \quad \mu_{ti} = \frac{1}{HW}\sum_{l=1}^W \sum_{m=1}^H x_{tilm}, \quad
         \sigma_{ti}^2 = \frac{1}{HW}\sum_{l=1}^W \sum_{m=1}^H (x_{tilm} - \mu_{ti})^2""", "x:T,C,W,H", lambda v, f: F.instance_norm(v["x"], eps=1e-5), constants={r"\epsilon": 1e-5}, index={"t": "1..T", "i": "1..C", "j": "1..W", "k": "1..H"}, outputs=["y"]),
    case("group-norm-one", r"\hat{x}_{ci} = \frac{1}{\sigma}(x_{ci} - \mu), \quad \mu = \frac{1}{CL}\sum_{c=1}^{C}\sum_{i=1}^{L} x_{ci}, \quad \sigma = \sqrt{\frac{1}{CL}\sum_{c=1}^{C}\sum_{i=1}^{L} (x_{ci}-\mu)^2 + \epsilon}", "x:C,L", _group_statistics, constants={r"\epsilon": 1e-5}, index={"c": "1..C", "i": "1..L"}, outputs=[r"\hat{x}"]),
    case("ada-in", r"\mathrm{AdaIN}(x, y) = \sigma(y)\left(\frac{x-\mu(x)}{\sigma(x)}\right) + \mu(y)", "x:n y:n", lambda v, f: v["y"].std() * (v["x"] - v["x"].mean()) / v["x"].std() + v["y"].mean(), functions={r"\sigma": lambda x: x.std(), r"\mu": lambda x: x.mean()}),
    case("weight-norm", r"\mathbf{w} = \frac{g}{\|\mathbf{v}\|}\mathbf{v}", r"g: \mathbf{v}:d", lambda v, f: torch._weight_norm(v[r"\mathbf{v}"][None], v["g"].reshape(1, 1), 0)[0]),
    case("spectral", r"\bar{W} = W / \sigma, \quad \sigma = u^{\mathsf T} W v", "W:m,n u:m v:n", lambda v, f: v["W"] / torch.einsum("i,ij,j", v["u"], v["W"], v["v"]), outputs=[r"\bar{W}"]),
    case("film", r"\mathrm{FiLM}(F_{c}|\gamma_{c},\beta_{c}) = \gamma_{c}F_{c} + \beta_{c}", r"F:C,N \gamma:C \beta:C", lambda v, f: v[r"\gamma"][:, None] * v["F"] + v[r"\beta"][:, None], index={"c": "1..C"}),
    # activations
    case("gelu-erf", r"\text{GELU}(x) = x\cdot\frac{1}{2}\left[1 + \text{erf}(x/\sqrt{2})\right]", "x:n", lambda v, f: F.gelu(v["x"]), output_shapes={"out": ["n"]}),
    case("gelu-sigmoid", r"f(x) = x\sigma(1.702x)", "x:n", lambda v, f: v["x"] / (1 + torch.exp(-1.702 * v["x"])), output_shapes={"out": ["n"]}),
    case("sigmoid", r"\sigma(x) = \frac{1}{1+e^{-x}}", "x:n", lambda v, f: torch.sigmoid(v["x"])),
    case("tanh-ratio", r"\tanh(x) = \frac{e^x - e^{-x}}{e^x + e^{-x}}", "x:n", lambda v, f: torch.tanh(v["x"])),
    case("prelu", r"f(y_i) = \begin{cases} y_i, & \mbox{if } y_i > 0 \\ a_i y_i, & \mbox{if } y_i \leq 0 \end{cases}", "y:n a:n", lambda v, f: F.prelu(v["y"][None], v["a"])[0], index={"i": "1..n"}),
    case("selu", r"\mathrm{selu}(x) = \lambda \begin{cases} x & \text{if } x > 0 \\ \alpha e^x - \alpha & \text{if } x \leqslant 0 \end{cases}", "x:n", lambda v, f: F.selu(v["x"]), constants={r"\lambda": 1.0507009873554805, r"\alpha": 1.6732632423543772}),
    case("leaky", r"f(x) = \max(0, x) + \alpha\min(0, x)", "x:n", lambda v, f: F.leaky_relu(v["x"], 0.2), constants={r"\alpha": 0.2}),
    case("relu6", r"y = \min(\max(0, x), 6)", "x:n", lambda v, f: F.relu6(v["x"])),
    case("hard-sigmoid", r"h(x) = \max\left(0, \min\left(1, \frac{x+3}{6}\right)\right)", "x:n", lambda v, f: F.hardsigmoid(v["x"])),
    case("softsign", r"f(x) = \frac{x}{1 + |x|}", "x:", lambda v, f: F.softsign(v["x"])),
    case("swiglu", r"\text{SwiGLU}(x, W, V) = \text{Swish}(xW) \otimes (xV)", "x:d W:d,h V:d,h", lambda v, f: F.silu(v["x"] @ v["W"]) * (v["x"] @ v["V"]), output_shapes={"out": ["h"]}),
    case("ffn-swiglu", r"\mathrm{FFN}_{\mathrm{SwiGLU}}(x, W, V, W_2) = (\mathrm{Swish}_1(xW) \otimes xV)W_2", "x:n,d W:d,h V:d,h W_2:h,d", lambda v, f: (F.silu(v["x"] @ v["W"]) * (v["x"] @ v["V"])) @ v["W_2"], functions={r"\mathrm{Swish}_1": F.silu}),
    case("geglu", r"\operatorname{GEGLU}(x, W, V, b, c) = \operatorname{GELU}(xW + b) \otimes (xV + c)", "x:n,d W:d,h V:d,h b:h c:h", lambda v, f: F.gelu(v["x"] @ v["W"] + v["b"]) * (v["x"] @ v["V"] + v["c"]), output_shapes={"out": ["n", "h"]}),
    case("softmax-temperature", r"\pi_i = \frac{\exp\left(z_i / \tau\right)}{\sum_{j=1}^{k}\exp\left(z_j / \tau\right)}, \quad \text{for } i = 1, \ldots, k", "z:k", lambda v, f: F.softmax(v["z"] / 0.4, 0), constants={r"\tau": 0.4}),
    case("gumbel-softmax", r"y_i = \frac{\exp((\log(\pi_i)+g_i)/\tau)}{\sum_{j=1}^k \exp((\log(\pi_j)+g_j)/\tau)} \qquad \text{for } i=1, ..., k.", r"\pi:k g:k", lambda v, f: F.softmax((v[r"\pi"].log() + v["g"]) / 0.8, 0), constants={r"\tau": 0.8}, domains={r"\pi": "simplex"}),
    # attention
    case("additive-attention", r"""e_{ij} = v_a^\top \tanh\left(W_a s_{i} + U_a h_j\right), \quad \alpha_{ij} = \frac{\exp\left(e_{ij}\right)}{\sum_{k=1}^{T} \exp\left(e_{ik}\right)}, \quad c_i = \sum_{j=1}^{T} \alpha_{ij} h_j""",
         "v_a:p W_a:p,m U_a:p,n s:I,m h:T,n", lambda v, f: F.softmax(torch.tanh((v["s"] @ v["W_a"].T)[:, None] + (v["h"] @ v["U_a"].T)[None]) @ v["v_a"], 1) @ v["h"], index={"i": "1..I", "j": "1..T"}, outputs=["c"]),
    case("attention-bias", r"\mathrm{softmax}\left(\frac{QK^\top}{\sqrt{d}} + B\right)V", "Q:n,d K:m,d V:m,e B:n,m", lambda v, f: F.scaled_dot_product_attention(v["Q"], v["K"], v["V"], attn_mask=v["B"])),
    case("attention-rows", r"\mathbf{o}_i = \sum_{j=1}^{n} \frac{\exp(\mathbf{q}_i^\top\mathbf{k}_j/\sqrt{d})}{\sum_{l=1}^{n}\exp(\mathbf{q}_i^\top\mathbf{k}_l/\sqrt{d})}\mathbf{v}_j", r"\mathbf{q}:m,d \mathbf{k}:n,d \mathbf{v}:n,e", lambda v, f: F.scaled_dot_product_attention(v[r"\mathbf{q}"], v[r"\mathbf{k}"], v[r"\mathbf{v}"]), index={"i": "1..m"}, outputs=[r"\mathbf{o}"]),
    case("linear-attention", r"V'_i = \frac{\phi(Q_i)^T \sum_{j=1}^N \phi(K_j) V_j^T}{\phi(Q_i)^T \sum_{j=1}^N \phi(K_j)}", "Q:N,D K:N,D V:N,M", _linear_attention, functions={r"\phi": lambda x: F.elu(x) + 1}, index={"i": "1..N"}, outputs=["V'"]),
    case("alibi-index", r"a_{ij} = \frac{\exp(q_i^\top k_j - m(i - j))}{\sum_{l=1}^{i} \exp(q_i^\top k_l - m (i-l))}", "q:n,d k:n,d", lambda v, f: _alibi(v), constants={"m": 0.5}, index={"i": "1..n", "j": "1..n"}, outputs=["a"]),
    case("rope-pair", r"f(x, m) = \begin{pmatrix} \cos m\theta & -\sin m\theta \\ \sin m\theta & \cos m\theta \end{pmatrix} \begin{pmatrix} x_1 \\ x_2 \end{pmatrix}", "x_1: x_2:", _rope, constants={"m": 3, r"\theta": 0.5}),
    case("rope-elementwise", r"y = x \otimes c + \tilde{x} \otimes s", r"x:d \tilde{x}:d c:d s:d", lambda v, f: torch.addcmul(v["x"] * v["c"], v[r"\tilde{x}"], v["s"]), output_shapes={"out": ["d"]}),
    case("gated-attention", r"a_k = \frac{\exp\{\mathbf{w}^\top(\tanh(\mathbf{V}\mathbf{h}_k^\top) \odot \mathrm{sigm}(\mathbf{U}\mathbf{h}_k^\top))\}}{\sum_{j=1}^K \exp\{\mathbf{w}^\top(\tanh(\mathbf{V}\mathbf{h}_j^\top) \odot \mathrm{sigm}(\mathbf{U}\mathbf{h}_j^\top))\}}", r"\mathbf{w}:L \mathbf{V}:L,M \mathbf{U}:L,M \mathbf{h}:K,M",
         lambda v, f: F.softmax((torch.tanh(v[r"\mathbf{h}"] @ v[r"\mathbf{V}"].T) * torch.sigmoid(v[r"\mathbf{h}"] @ v[r"\mathbf{U}"].T)) @ v[r"\mathbf{w}"], 0), index={"k": "1..K"}, outputs=["a"]),
    case("squeeze-excite", r"s = \sigma(W_2\,\delta(W_1 z)), \qquad \tilde{x}_c = s_c \cdot u_c", "z:C W_1:r,C W_2:C,r u:C,L", lambda v, f: torch.sigmoid(v["W_2"] @ F.relu(v["W_1"] @ v["z"]))[:, None] * v["u"], functions={r"\delta": F.relu}, index={"c": "1..C"}, outputs=[r"\tilde{x}"]),
    # graphs
    case("gin", r"h_v^{(k)} = \mathrm{MLP}\left((1+\epsilon)\cdot h_v^{(k-1)} + \sum_{u\in\mathcal{N}(v)} h_u^{(k-1)}\right)", r"h^{(k-1)}:n,d \mathcal{N}:n,n", lambda v, f: torch.tanh(1.3 * v["h^{(k-1)}"] + v[r"\mathcal{N}"] @ v["h^{(k-1)}"]), functions={r"\mathrm{MLP}": torch.tanh}, constants={r"\epsilon": 0.3}, sets={r"\mathcal{N}": "mask"}, domains={r"\mathcal{N}": "adj"}, index={"v": "1..n"}, outputs=["h^{(k)}"]),
    case("graph-sage", r"h'_v = \sigma\left(W \cdot \left[h_v \,\|\, \frac{1}{|\mathcal{N}(v)|}\sum_{u\in\mathcal{N}(v)} h_u\right]\right)", r"h:n,d W:e,2*d \mathcal{N}:n,n", _graph_sage, sets={r"\mathcal{N}": "mask"}, domains={r"\mathcal{N}": "adj"}, index={"v": "1..n"}, outputs=["h'"]),
    case("appnp", r"Z^{(k+1)} = (1-\alpha)\hat{\tilde{A}}Z^{(k)} + \alpha H", r"\hat{\tilde{A}}:n,n Z^{(k)}:n,c H:n,c", lambda v, f: torch.addmm(v["H"], v[r"\hat{\tilde{A}}"], v["Z^{(k)}"], beta=0.1, alpha=0.9), constants={r"\alpha": 0.1}),
    case("ppr", r"\Pi = \alpha\left(I_n - (1-\alpha)\hat{A}\right)^{-1}", r"\hat{A}:n,n", lambda v, f: 0.15 * torch.linalg.inv(torch.eye(len(v[r"\hat{A}"]), dtype=torch.float64) - 0.85 * v[r"\hat{A}"]), constants={r"\alpha": 0.15}),
    case("laplacian", r"L = I_N - D^{-\frac12} A D^{-\frac12}", "D:N,N A:N,N", lambda v, f: torch.eye(len(v["A"]), dtype=torch.float64) - v["A"] / torch.sqrt(v["D"].diagonal()[:, None] * v["D"].diagonal()), domains={"D": "diagpos"}),
    case("gcn-sum", r"\mathbf{h}'_i = \mathrm{ReLU}\Big(\sum_{j\in\mathcal{N}(i)} \frac{1}{\sqrt{d_i d_j}}\,\mathbf{W}\mathbf{h}_j\Big)", r"\mathbf{h}:n,c \mathbf{W}:f,c d:n \mathcal{N}:n,n", lambda v, f: F.relu((v[r"\mathcal{N}"] / torch.sqrt(torch.outer(v["d"], v["d"]))) @ v[r"\mathbf{h}"] @ v[r"\mathbf{W}"].T), sets={r"\mathcal{N}": "mask"}, domains={r"\mathcal{N}": "adj", "d": "pos"}, index={"i": "1..n"}, outputs=[r"\mathbf{h}'"]),
    case("transe", r"f(h, r, t) = -\|\mathbf{h} + \mathbf{r} - \mathbf{t}\|_1", r"\mathbf{h}:d \mathbf{r}:d \mathbf{t}:d", lambda v, f: -(v[r"\mathbf{h}"] + v[r"\mathbf{r}"] - v[r"\mathbf{t}"]).abs().sum()),
    case("distmult", r"f = \mathbf{h}^\top \mathrm{diag}(\mathbf{r})\, \mathbf{t}", r"\mathbf{h}:d \mathbf{r}:d \mathbf{t}:d", lambda v, f: (v[r"\mathbf{h}"] * v[r"\mathbf{r}"] * v[r"\mathbf{t}"]).sum()),
    # adapters, experts, convolutions, states
    case("lora-sum", r"h = W_0 x + \Delta W x = W_0 x + BAx", "W_0:d,k x:k B:d,r A:r,k", lambda v, f: (v["W_0"] + v["B"] @ v["A"]) @ v["x"]),
    case("dora", r"W' = m\,\frac{W_0 + BA}{\|W_0 + BA\|_F}", "m: W_0:d,k B:d,r A:r,k", lambda v, f: v["m"] * (v["W_0"] + v["B"] @ v["A"]) / (v["W_0"] + v["B"] @ v["A"]).norm()),
    case("adapter", r"h \leftarrow h + f(h W_{\text{down}}) W_{\text{up}}", r"h:n,d W_{\text{down}}:d,b W_{\text{up}}:b,d", lambda v, f: v["h"] + F.relu(v["h"] @ v[r"W_{\text{down}}"]) @ v[r"W_{\text{up}}"], functions={"f": F.relu}),
    case("mixture-gate", r"y = \sum_{i=1}^{n} g_i E_i, \quad g = \mathrm{softmax}(W_g x)", "x:d E:n,e W_g:n,d", lambda v, f: F.softmax(v["W_g"] @ v["x"], 0) @ v["E"], outputs=["y"]),
    case("load-balance", r"\text{loss} = \alpha \cdot N \cdot \sum_{i=1}^{N} f_i \cdot P_i", "f:N P:N", lambda v, f: 0.01 * len(v["f"]) * (v["f"] @ v["P"]), constants={r"\alpha": 0.01}),
    case("convolution", r"y_{o,t} = b_o + \sum_{c=1}^{C}\sum_{k=0}^{K-1} w_{o,c,k}\, x_{c,t+k}", "x:C,T w:O,C,K b:O", lambda v, f: F.conv1d(v["x"][None], v["w"], v["b"])[0], index={"o": "1..O", "t": "0..T-K"}, outputs=["y"]),
    case("convolution-grid", r"S(i, j) = \sum_{m=0}^{M-1}\sum_{n=0}^{N-1} I(i+m, j+n) K(m, n)", "I:H,W K:M,N", lambda v, f: F.conv2d(v["I"][None, None], v["K"][None, None])[0, 0], index={"i": "0..H-M", "j": "0..W-N"}, outputs=["S"]),
    case("average-pool", r"z_c = \frac{1}{HW}\sum_{i,j} x_{cij}", "x:C,H,W", lambda v, f: F.adaptive_avg_pool2d(v["x"], 1).flatten(), index={"c": "1..C"}, outputs=["z"]),
    case("state-space", r"h_t = \bar{\mathbf{A}} h_{t-1} + \bar{\mathbf{B}} x_t, \quad y_t = \mathbf{C} h_t", r"\bar{\mathbf{A}}:N,N \bar{\mathbf{B}}:N,D \mathbf{C}:E,N h_{t-1}:N x_t:D", lambda v, f: v[r"\mathbf{C}"] @ (v[r"\bar{\mathbf{A}}"] @ v["h_{t-1}"] + v[r"\bar{\mathbf{B}}"] @ v["x_t"]), outputs=["y_t"]),
    case("euler-discretisation", r"\bar{A} = (I - \Delta/2 \cdot A)^{-1}(I + \Delta/2 \cdot A)", "A:n,n", lambda v, f: torch.linalg.solve(torch.eye(len(v["A"]), dtype=torch.float64) - 0.05 * v["A"], torch.eye(len(v["A"]), dtype=torch.float64) + 0.05 * v["A"]), constants={r"\Delta": 0.1}),
    case("positional-learned", r"z_0 = [x_{\text{class}};\, x_p E] + E_{pos}", r"x_{\text{class}}:1,D x_p:N,P E:P,D E_{pos}:N+1,D", lambda v, f: torch.cat([v[r"x_{\text{class}}"], v["x_p"] @ v["E"]]) + v["E_{pos}"]),
    case("capsule-squash", r"\mathbf{v}_j = \frac{\|\mathbf{s}_j\|^2}{1+\|\mathbf{s}_j\|^2}\frac{\mathbf{s}_j}{\|\mathbf{s}_j\|}", r"\mathbf{s}:J,d", lambda v, f: v[r"\mathbf{s}"] * v[r"\mathbf{s}"].norm(dim=1, keepdim=True) / (1 + v[r"\mathbf{s}"].norm(dim=1, keepdim=True) ** 2), index={"j": "1..J"}, outputs=[r"\mathbf{v}"]),
]  # fmt: skip
