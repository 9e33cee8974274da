"""Train a small Transformer to copy random sequences: a proxy that shows the parts of Vaswani et al. 2017 learning together, and no table of it.

`train(run)` is called once for each seed. Every number is a setting of conf/copy.yaml, with its origin there.
"""

import torch
from torch import Tensor
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from aquarius.models.language.transformer import Transformer, TransformerConfig
from aquarius.parts.schedule import noam_learning_rate

PADDING, BEGIN, END, FIRST_SYMBOL = 0, 1, 2, 3


def train(run) -> dict[str, float]:
    """Train with the paper's schedule, optimiser and loss; return accuracies of greedy decoding on held-out sequences, as fractions."""
    settings = run.settings
    model = Transformer(configuration(settings))
    optimizer = torch.optim.Adam(
        model.parameters(), lr=0.0, betas=(settings["beta1"], settings["beta2"]), eps=settings["epsilon"], fused=True
    )
    first, kept = 1, []  # kept: the parameters at the last checkpoints, oldest first
    if (saved := run.resume()) is not None:
        first, state = saved
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        kept = state["kept"]
    model.train()
    for step in range(first, settings["steps"] + 1):
        rate = noam_learning_rate(step, d_model=settings["d_model"], warmup_steps=settings["warmup_steps"])
        optimizer.param_groups[0]["lr"] = rate
        source, target, labels = batch(settings, settings["batch_size"])
        loss = model.loss(model(source, target), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % settings["log_every"] == 0:
            run.log(step, train_loss=loss, learning_rate=rate)
            run.telemetry(step, model)
        if step % settings["checkpoint_every"] == 0:
            kept = [*kept, parameters_to_vector(model.parameters()).detach()][-settings["averaged_checkpoints"] :]
            run.save(step + 1, {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "kept": kept})
    if kept:  # the mean of the last checkpoints, as in section 6.1
        vector_to_parameters(torch.stack(kept).mean(dim=0), model.parameters())
    return held_out(model, settings)


def configuration(settings: dict) -> TransformerConfig:
    """Return the model that the settings describe; what they leave out is as in the base model."""
    names = ("layers", "d_model", "d_ff", "heads", "d_k", "d_v", "dropout", "label_smoothing")
    return TransformerConfig(
        vocabulary=FIRST_SYMBOL + settings["symbols"], padding_index=PADDING, **{name: settings[name] for name in names}
    )


def batch(settings: dict, size: int, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """Return source [size, longest], shifted target and labels [size, longest + 1]: random symbols, random lengths, padded at the end."""
    shortest, longest = settings["shortest"], settings["longest"]
    lengths = torch.randint(shortest, longest + 1, (size, 1), generator=generator)
    symbols = torch.randint(FIRST_SYMBOL, FIRST_SYMBOL + settings["symbols"], (size, longest), generator=generator)
    source = symbols.masked_fill(torch.arange(longest) >= lengths, PADDING)
    target = torch.cat((torch.full((size, 1), BEGIN), source), dim=1)
    labels = torch.cat((source, torch.full((size, 1), PADDING)), dim=1).scatter(1, lengths, END)
    return source, target, labels


def held_out(model: Transformer, settings: dict) -> dict[str, float]:
    """Decode held-out sequences greedily; return the share of right tokens (the end among them) and of wholly right sequences.

    The sequences come from a generator of their own, the same for every seed; the training ones never touch it.
    """
    source, _, labels = batch(settings, settings["held_out_size"], torch.Generator().manual_seed(settings["held_out_seed"]))
    model.eval()
    with torch.no_grad():
        memory = model.encode(source)
        target = torch.full((source.shape[0], 1), BEGIN)
        for _ in range(labels.shape[1]):
            following = model.decode(target, memory, source)[:, -1].argmax(dim=1, keepdim=True)
            target = torch.cat((target, following), dim=1)
    counts = labels != PADDING
    right = (target[:, 1:] == labels) & counts
    return {
        "token_accuracy": right.sum().item() / counts.sum().item(),
        "sequence_accuracy": (right == counts).all(dim=1).sum().item() / source.shape[0],
    }
