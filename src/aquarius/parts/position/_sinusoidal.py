"""The sinusoidal encoding of positions: sines and cosines of geometrically spaced wavelengths, interleaved."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ...core import BadInput
from .._part import Part


def sinusoidal_encoding(
    length: int, width: int, *, base: float = 10_000.0, device: torch.device | None = None, dtype: torch.dtype = torch.float32
) -> Float[Tensor, "length width"]:
    """Return PE(pos, 2i) = sin(pos / base^(2i/width)) and PE(pos, 2i+1) = cos(pos / base^(2i/width)), positions from 0.

    Any length, also 0; an odd width ends in a sine without its cosine.

    Source: arXiv:1706.03762, section 3.5 (interleaved, as printed; the authors' library put all sines before all cosines).

    Raises:
        BadInput: a negative length, or a width below 1.
    """
    if length < 0 or width < 1:
        raise BadInput(f"an encoding needs a length of at least 0 and a width of at least 1, got {length=}, {width=}.")
    # Double precision: at position 5000 a single-precision angle is wrong in its fourth decimal.
    precise = torch.float32 if device is not None and device.type == "mps" else torch.float64
    position = torch.arange(length, dtype=precise, device=device)[:, None]
    even = torch.arange(0, width, 2, dtype=precise, device=device)  # 2i
    angle = position / base ** (even / width)  # (length, ceil(width / 2))
    pairs = torch.stack((angle.sin(), angle.cos()), dim=-1).flatten(start_dim=1)  # sin, cos, sin, cos, ...
    return pairs[:, :width].to(dtype)


class SinusoidalPositions(nn.Module):
    """Adds the sinusoidal encoding to a sequence; holds nothing, so that any length will do."""

    def forward(self, x: Float[Tensor, "batch length width"]) -> Float[Tensor, "batch length width"]:
        """Return x + PE."""
        return x + sinusoidal_encoding(x.shape[-2], x.shape[-1], device=x.device, dtype=x.dtype)


SINUSOIDAL_ENCODING = Part(
    name="sinusoidal encoding",
    paper="arXiv:1706.03762",
    section="section 3.5",
    equation=r"PE_{(pos,2i)} = \sin(pos / 10000^{2i/d_{\text{model}}}), \quad PE_{(pos,2i+1)} = \cos(pos / 10000^{2i/d_{\text{model}}})",
    gotcha="Sines and cosines alternate in the paper and stand in two halves in the authors' library; a widely copied version fails for odd widths.",
    build=SinusoidalPositions,
)
