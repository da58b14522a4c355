"""The processes that train one run together: how they meet, what the first tells the others, how they add up.

Process 0 leads: it alone reports, evaluates, and writes to the run's folder. The others wait for its word: before each
step it says which one that is, and they do the same step, each on its own portion of the batch. Everything else, the
draws and the optimizer's step included, all do alike, so that nothing but gradients has to travel.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import torch
import torch.distributed as dist
from torch import Tensor

from vitcore.errors import UserError, first_line
from vitcore.training.device import resolve
from vitcore.training.outcome import RankLost
from vitcore.training.version import version

if TYPE_CHECKING:
    from torch._C._distributed_c10d import Store

MEETING_SECONDS = 600.0  # that processes wait for one another at the start, on a busy machine too
WORKING_SECONDS = 3600.0  # that they wait for a word later: process 0 evaluates and writes meanwhile
_POLL_SECONDS = 0.05
_OVER, _TEXT = -1, -2  # words that are no step: it is over; a text of so many bytes follows
_LONGEST = 4096  # bytes of what each tells all
LONGEST_SENTENCE = 600  # signs, of which each may take six bytes


@dataclass(frozen=True)
class Place:
    """Which of a run's processes this is: `rank` of `count`, and `local_rank` of the `local_count` on this machine."""

    rank: int
    count: int
    local_rank: int
    local_count: int

    @property
    def named(self) -> str:
        """As a person counts them."""
        return f"process {self.rank + 1} of {self.count}"


class Ranks:
    """The processes of a run, as each of them has it.

    Args:
        store: where they find one another; every process brings the same.
        lost: raises RankLost where it is known otherwise that another has ended; asked while they meet.

    Raises:
        UserError: another did not come in time, or has another version of torch or vitcore.
    """

    def __init__(
        self,
        store: Store,
        place: Place,
        seconds: float = MEETING_SECONDS,
        lost: Callable[[], None] = lambda: None,
    ) -> None:
        self.place, self.rank, self.count = place, place.rank, place.count
        self._store, self._at_rest = store, True
        _meet(store, place, seconds, lost)
        backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() and dist.is_nccl_available() else "cpu:gloo"
        with _losses():
            dist.init_process_group(
                backend,
                store=dist.PrefixStore("group", store),  # type: ignore[attr-defined]  # absent where torch has none
                rank=place.rank,
                world_size=place.count,
                timeout=timedelta(seconds=WORKING_SECONDS),
            )

    def tell(self, text: Mapping[str, Any] | None) -> None:
        """Of process 0: hand the others a text, or (None) tell them that it is over."""
        if text is None:
            self._word(_OVER)
            return
        data = json.dumps(text).encode()
        self._word(_TEXT - len(data))
        with _losses():
            dist.broadcast(torch.frombuffer(bytearray(data), dtype=torch.uint8), 0)

    @contextmanager
    def step(self, number: int) -> Iterator[None]:
        """Of process 0: the others do step `number` (from 0) too, while it does so."""
        self._word(number)
        self._at_rest = False
        yield
        self._at_rest = True

    def listen(self) -> int | dict[str, Any] | None:
        """Of the others: the next word of process 0, a step, a text, or None: it is over."""
        word = self._word(0)
        if word >= 0:
            return word
        if word == _OVER:
            return None
        data = torch.empty(_TEXT - word, dtype=torch.uint8)
        with _losses():
            dist.broadcast(data, 0)
        found: dict[str, Any] = json.loads(bytes(data.tolist()))
        return found

    def _word(self, number: int) -> int:
        word = torch.tensor([number])
        with _losses():
            dist.broadcast(word, 0)
        return int(word)

    def exchange(self, own: Mapping[str, Any]) -> list[dict[str, Any]]:
        """What each of them says, by rank; all call this together."""
        data = json.dumps(own).encode()[:_LONGEST].ljust(_LONGEST)
        texts = [torch.empty(_LONGEST, dtype=torch.uint8) for _ in range(self.count)]
        with _losses():
            dist.all_gather(texts, torch.frombuffer(bytearray(data), dtype=torch.uint8))
        return [json.loads(bytes(text.tolist())) for text in texts]

    def add_up(self, numbers: Tensor) -> Tensor:
        """The sum over all processes of a vector (n,) of each, in the order of their ranks, on each of them.

        Of two the order makes no difference. Of more each adds up a piece, so that no more travels than in an ordinary
        all-reduce, whose order of summation nobody promises.
        """
        with _losses():
            if self.count == 2:
                dist.all_reduce(numbers)
                return numbers
            size = -(-len(numbers) // self.count)
            padded = torch.nn.functional.pad(numbers, (0, size * self.count - len(numbers)))
            pieces = torch.empty_like(padded)
            dist.all_to_all_single(pieces, padded)
            total, *rest = pieces.view(self.count, size)
            for piece in rest:
                total.add_(piece)
            dist.all_gather_single(padded, total)
            return padded[: len(numbers)]

    def fail(self, sentence: str) -> None:
        """Leave word why this process cannot go on."""
        with suppress(RuntimeError):
            self._store.set(f"failed/{self.rank}", sentence)

    def failure(self, seconds: float = 2.0) -> str | None:
        """The word that another has left before it ended, waited for a moment; None where there is none."""
        deadline = time.monotonic() + seconds
        with suppress(RuntimeError):
            while True:
                for rank in range(self.count):
                    if self._store.check([f"failed/{rank}"]):
                        return f"process {rank + 1} of {self.count}: {self._store.get(f'failed/{rank}').decode()}"
                if time.monotonic() > deadline:
                    break
                time.sleep(_POLL_SECONDS)
        return None

    def leave(self) -> None:
        """Part, once; process 0 tells the others that it is over, unless they wait within a step that none finishes."""
        if self._at_rest:
            self._at_rest = False
            with suppress(RuntimeError):
                if self.rank == 0:
                    self.tell(None)
                dist.destroy_process_group()


def device_of(device: str, ranks: Ranks | None) -> torch.device:
    """The device of this process of a run whose spec names `device`: of several each has a GPU of its own.

    Raises:
        UserError: this machine has no such device, or fewer GPUs than processes.
    """
    found = resolve(device)
    if ranks is None or found.type == "cpu":
        return found
    place, there = ranks.place, torch.cuda.device_count()
    if found.type != "cuda":
        raise UserError(f"processes that train together need the CPU or CUDA, not {found.type}; choose the CPU")
    if there < place.local_count:
        raise UserError(
            f"{place.local_count} processes need a GPU each, and this machine has {there}; take {there}, or the CPU"
        )
    torch.cuda.set_device(place.local_rank)
    return torch.device("cuda", place.local_rank)


def _meet(store: Store, place: Place, seconds: float, lost: Callable[[], None]) -> None:
    """Wait until all are there, and hold that all have one version of what they train with."""
    own = {"torch": torch.__version__, "vitcore": version().version}
    deadline = time.monotonic() + seconds
    try:
        store.set(f"here/{place.rank}", json.dumps(own))
        while absent := [rank for rank in range(place.count) if not store.check([f"here/{rank}"])]:
            lost()
            if time.monotonic() > deadline:
                numbers = " and ".join(str(rank + 1) for rank in absent)
                raise UserError(
                    f"of the run's {place.count} processes number {numbers} did not come within {seconds:.0f} seconds; "
                    "start all of them, where they can reach one another"
                )
            time.sleep(_POLL_SECONDS)
        others = [json.loads(store.get(f"here/{rank}")) for rank in range(place.count)]
    except RankLost:
        raise
    except RuntimeError as error:
        raise UserError(f"the run's processes cannot find one another: {first_line(error)}") from error
    for rank, other in enumerate(others):
        for name, number in own.items():
            if other[name] != number:
                raise UserError(
                    f"{place.named} has {name} {number} and process {rank + 1} has {other[name]}; processes that train "
                    "together need the same"
                )


@contextmanager
def _losses() -> Iterator[None]:
    """Says of whatever torch makes of a closed connection that another process is lost."""
    try:
        yield
    except RuntimeError as error:
        raise RankLost(
            f"another of the run's processes ended without a word ({first_line(error)}); the run can be resumed"
        ) from error
