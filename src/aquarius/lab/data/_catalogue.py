"""The catalogue: what each data set is, where it comes from, under which terms, and the sha256 of every file."""

from __future__ import annotations

from ...core import BadInput, Record, did_you_mean

_SOURCE = "https://raw.githubusercontent.com/kimiyoung/planetoid/master/data/"
_TERMS = "The repository that serves the files is under the MIT licence; the citation graphs themselves state no terms, so they are fetched, never shipped."


class File(Record):
    """One file: its path under the data folder, its public address, its sha256, and its bytes where they are known."""

    path: str
    url: str
    sha256: str
    bytes: int | None
    raw_sha256: str | None = None  # of what a gzip file holds, where mirrors pack the same content differently


class Card(Record):
    """One data set."""

    name: str
    title: str
    paper: str  # where the split was published
    licence: str
    splits: str
    sizes: dict[str, int]  # what a loader must find: nodes, features, classes, train
    split_hash: str | None = None  # of a graph: sha256 of the canonical JSON of the node numbers of train, validation and test
    files: tuple[File, ...]


def _files(graph: str, known: dict[str, tuple[int | None, str]]) -> tuple[File, ...]:
    names = {part: f"ind.{graph}.{part}" for part in known}
    return tuple(
        File(path=f"planetoid/{names[part]}", url=_SOURCE + names[part], sha256=digest, bytes=size)
        for part, (size, digest) in known.items()
    )


def _planetoid(
    graph: str, title: str, sizes: tuple[int, int, int, int], split_hash: str | None, known: dict[str, tuple[int | None, str]]
) -> Card:
    nodes, features, classes, train = sizes
    return Card(
        name=f"planetoid-{graph}",
        title=title,
        paper="Yang, Cohen and Salakhutdinov 2016, arXiv:1603.08861; used by Kipf and Welling 2017, section 5.1",
        licence=_TERMS,
        splits=f"train: the first {train} nodes, 20 of each class; validation: the next 500; test: the 1000 nodes that test.index names",
        sizes={"nodes": nodes, "features": features, "classes": classes, "train": train},
        split_hash=split_hash,
        files=_files(graph, known),
    )


def _mnist() -> Card:
    known = {
        "train-images-idx3-ubyte.gz": (
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        ),
        "train-labels-idx1-ubyte.gz": (
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        ),
        "t10k-images-idx3-ubyte.gz": (
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        ),
        "t10k-labels-idx1-ubyte.gz": (
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    }
    return Card(
        name="mnist",
        title="MNIST: 70,000 images of handwritten digits, 28 × 28",
        paper="LeCun, Bottou, Bengio and Haffner 1998",
        licence="Several mirrors state CC BY-SA 3.0; fetched, never shipped.",
        splits="train: 60,000 images; test: 10,000",
        sizes={"train": 60000, "test": 10000, "classes": 10},
        files=tuple(
            File(
                path=f"mnist/{name}", url=f"https://ossci-datasets.s3.amazonaws.com/mnist/{name}", sha256=packed, bytes=None, raw_sha256=raw
            )
            for name, (packed, raw) in known.items()
        ),
    )


def _tinyshakespeare() -> Card:
    return Card(
        name="tinyshakespeare",
        title="Tiny Shakespeare: a million characters of the plays",
        paper="Karpathy, char-rnn, 2015",
        licence="The text is in the public domain.",
        splits="train: the first 90 % of the characters; validation: the rest",
        sizes={"characters": 1115394, "alphabet": 65},
        files=(
            File(
                path="tinyshakespeare/input.txt",
                url="https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
                sha256="86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
                bytes=1115394,
            ),
        ),
    )


CATALOGUE: dict[str, Card] = {
    card.name: card
    for card in (
        _planetoid(
            "cora",
            "Cora: machine-learning papers that cite one another, with the words they use",
            (2708, 1433, 7, 140),
            "08085ddcfa297cd510beef7971f4a674d2bf509307a6e6c70876e3b5e006a71e",
            {
                "x": (22119, "23cfa55d91c6f624233f5eb7b6e3f141f1bd2b2ae39608a63cf5d084bb27baab"),
                "y": (4054, "94465c14eb53e04ca262198dcbb2521ee8af60fb3f3d546cd6ca24a511b0e7d1"),
                "tx": (148025, "b9afbaa4a400df991f6f02ef677e1e44da55ffc04801fd02f9e673987829226a"),
                "ty": (28135, "41f5ac76596a1699cc33f53084a2419e92961c42bb75f36fc38e616d348532ad"),
                "allx": (257305, "9419ba2f26f5c35243db64aba110e0f35a04851609e0dc5433450676ca6b8543"),
                "ally": (47959, "2b998f5cc7fedc86e7f97ca2498f47a1ffc1462c29e2d578b23bf3f62b6e7d71"),
                "graph": (59847, "58f13302f39dde8852dad6fe6d15b89b077b6d7f837626bce671ef80344b383d"),
                "test.index": (5000, "297ce89af2b51a6a194181c7dbe1796c6a1cf9cd9349a88383b1b1e227867875"),
            },
        ),
        _planetoid(
            "citeseer",
            "Citeseer: papers that cite one another, with the words they use; 15 nodes have neither words nor a place in a split",
            (3327, 3703, 6, 120),
            "1f734763949ed501e57980887b158750c2a71551e1e81564f85b0d4995ea9908",
            {
                "x": (31087, "d20de19150741e555de0ed037195630fc194114ebc7fd72ced62810148aa22f6"),
                "y": (3014, "8ba87e515d8e3ee3cf52f6d2c5b86aa73f11ecad825a808455209ec26cd54924"),
                "tx": (260321, "539a8906a2da97628d212f2fdd668c109a8b3f0d36574b59e5d3fd5b5303da21"),
                "ty": (24135, "55e5bd1ba1e733a04598753ad1a8d57957f4b8f89e74519f41f4f4938767e4ce"),
                "allx": (595021, "2ac30345d95c9ec933a817ee0bdd6a5f077f8c184a20e696910192d534414668"),
                "ally": (55623, "f704b2d986dde6c2669934de1f3ae5696a6cf9455c0f6b2646a2d135ea0a1c95"),
                "graph": (61987, "d79a4ef9d3e7169aee8946145f6b7306e35bc79bffad26346cfb94e10e9912a7"),
                "test.index": (5000, "2af990671580b6b2df5d158d1038f8292e30c9cd821b5453f399659b25b723d4"),
            },
        ),
        _planetoid(
            "pubmed",
            "Pubmed: diabetes papers that cite one another, with the tf-idf weights of their words",
            (19717, 500, 3, 60),
            "b6a4231fdf235a28fc24812f30c59db3e0138b4915db04dbb4065d9e8344286d",
            {
                "x": (23172, "fbe9cb5c47200d1b7769a26e579be3b7130b556831f9d850e77c4c74f2599b33"),
                "y": (854, "e6c807633307a07ed659249006536a147c7999c797f11a2560752990181b41b3"),
                "tx": (405505, "4eb5f5d0f30f26497eb0ac6ac9719d09c67e284f1ed0385c93f3ef27a671da3d"),
                "ty": (12135, "ee2e0d4819d9fbcc403689c3bf2e49face401b605932f093bc58ab6461130fdd"),
                "allx": (
                    None,
                    "508e538e2abdccdd54c4d3e9f49d638b4af7107d85845f66ddea5a5152658b7e",
                ),  # hash from a public listing; never seen here
                "ally": (224739, "0c37bbe3b5014ec365e9d393cf4791925e5ed94fb194305d74f064a8d7b50f0e"),
                "graph": (471808, "5b89f0036ca22909471f1e6558eb42fa06e0c730a577bde5b058b40638f81dc9"),
                "test.index": (6000, "b101d421688bbaecbd82e8a18f1e282378d6830f3a37666f28ebc47f844341b5"),
            },
        ),
        _mnist(),
        _tinyshakespeare(),
    )
}


def card(name: str) -> Card:
    """Return the card of a data set.

    Raises:
        BadInput: the catalogue has no such name.
    """
    if name not in CATALOGUE:
        raise BadInput(f"the catalogue has no data set {name!r}.{did_you_mean(name, CATALOGUE)}")
    return CATALOGUE[name]
