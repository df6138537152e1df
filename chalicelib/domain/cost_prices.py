"""What Fargate costs, by region: one dated table. Dollars, without tax and discounts.

Source: https://aws.amazon.com/fargate/pricing/ (Linux). The page shows its figures by script, so
these were put together from copies of it, and ``READ_ON`` says when. us-east-1 and eu-west-1 were
seen in several of 2026; the other regions are to be checked against the page before a budget is
made of them, and so is each figure that says so below. docs/costs.md says how to replace one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

READ_ON = date(2026, 11, 23)

ARM_SHARE = 0.8
"""Linux on ARM beside x86: us-east-1 has 0.03238 and 0.00356, which is this share to five digits.
To be checked elsewhere: the list of sa-east-1 differs from it by less than one percent."""

SPOT_SHARE = 0.35
"""Fargate Spot beside on demand. The page says "up to 70%" off and lets the price move; copies of
it show 30 to 39% of the on-demand price. To be checked: a bill has the true figure."""

STORAGE_GIB_HOUR = 0.000111
"""Each GiB of ephemeral storage beyond ``FREE_STORAGE_GIB``, in us-east-1; to be checked elsewhere,
where it is up to twice as much."""

FREE_STORAGE_GIB = 20
MINIMUM_S = 60
"""A Linux task is billed by the second, for a minute at least, from the start of its image's pull
to its end."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Dollars an hour: of one vCPU, of one GB of memory, of one GiB of storage beyond the free."""

    vcpu: float
    gb: float
    storage: float = STORAGE_GIB_HOUR


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices as they were on one day; ``by_region`` has Linux on x86_64, on demand."""

    read_on: date
    by_region: Mapping[str, Rates]
    arm_share: float = field(default=ARM_SHARE)
    spot_share: float = field(default=SPOT_SHARE)

    def rates(self, region: str, *, arch: str, capacity: str) -> Rates | None:
        """What is paid there; None for a region that is not in the table.

        ``arch``: ``x86_64`` or ``arm64``. ``capacity``: ``on_demand`` or ``spot``, which makes
        vCPU and memory cheaper, and not storage.
        """
        found = self.by_region.get(region)
        if found is None:
            return None
        vcpu, gb = found.vcpu, found.gb
        if arch == "arm64":
            # The list prices have five digits.
            vcpu, gb = round(vcpu * self.arm_share, 5), round(gb * self.arm_share, 5)
        share = self.spot_share if capacity == "spot" else 1.0
        return Rates(vcpu * share, gb * share, found.storage)


PRICES = Prices(
    READ_ON,
    {
        "af-south-1": Rates(0.0546, 0.006),
        "ap-east-1": Rates(0.0556, 0.0061),
        "ap-northeast-1": Rates(0.05056, 0.00553),
        "ap-northeast-2": Rates(0.04656, 0.00511),
        "ap-south-1": Rates(0.04256, 0.004655),
        "ap-southeast-1": Rates(0.05056, 0.00553),
        "ap-southeast-2": Rates(0.04856, 0.00532),
        "ca-central-1": Rates(0.04456, 0.004865),
        "eu-central-1": Rates(0.04656, 0.00511),
        "eu-north-1": Rates(0.0445, 0.0049),
        "eu-south-1": Rates(0.0486, 0.0053),
        "eu-west-1": Rates(0.04048, 0.004445),
        "eu-west-2": Rates(0.04656, 0.00511),
        "eu-west-3": Rates(0.0486, 0.0053),
        "me-south-1": Rates(0.0526, 0.0058),
        "sa-east-1": Rates(0.0696, 0.0076),
        "us-east-1": Rates(0.04048, 0.004445),
        "us-east-2": Rates(0.04048, 0.004445),
        "us-gov-east-1": Rates(0.0486, 0.0053),
        "us-gov-west-1": Rates(0.0486, 0.0053),
        "us-west-1": Rates(0.04656, 0.00511),
        "us-west-2": Rates(0.04048, 0.004445),
    },
)
