"""List prices of what Towline uses besides Fargate, and of its peers, in dollars: one dated table.

us-east-1, without tax. AWS's pages show prices by script, so these come from copies of them, as
``chalicelib.domain.cost_prices`` does; docs/costs.md says what is to be checked.
"""

from __future__ import annotations

from dataclasses import dataclass

REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars for one ``unit``; ``free`` units a month are free in every account, for ever."""

    usd: float
    unit: str
    page: str
    free: float = 0.0

    def cost(self, units: float) -> float:
        return units * self.usd

    def after_allowance(self, units: float) -> float:
        return max(0.0, units - self.free) * self.usd


def _aws(usd: float, unit: str, page: str, free: float = 0.0) -> Price:
    return Price(usd, unit, f"https://aws.amazon.com/{page}/pricing/", free)


API_REQUEST = _aws(3.50e-6, "request to a REST API", "api-gateway")
LAMBDA_REQUEST = _aws(0.20e-6, "invocation", "lambda", 1e6)
LAMBDA_GB_S = _aws(0.0000133334, "GB-second on arm64", "lambda", 400_000)
SQS_REQUEST = _aws(0.40e-6, "request", "sqs", 1e6)
TABLE_WRITE = _aws(0.625e-6, "write request unit", "dynamodb")
TABLE_READ = _aws(0.125e-6, "read request unit", "dynamodb")
TABLE_GB = _aws(0.25 + 0.20, "GB-month with point-in-time recovery", "dynamodb")
S3_PUT = _aws(0.005e-3, "PUT or POST", "s3")
S3_GB = _aws(0.023, "GB-month", "s3")
LOG_GB = _aws(0.50, "GB of logs taken in", "cloudwatch", 5)
ALARM_METRIC = _aws(0.10, "metric of an alarm", "cloudwatch", 10)
METRIC = _aws(0.30, "custom metric, by the hour that it is sent in", "cloudwatch", 10)
DASHBOARD = _aws(3.00, "dashboard", "cloudwatch", 3)
ECR_GB = _aws(0.10, "GB-month of images", "ecr")
ADDRESS_HOUR = _aws(0.005, "hour of a public IPv4 address", "vpc")


@dataclass(frozen=True, slots=True)
class Runner:
    """A peer's machine, billed by the minute, each begun minute whole."""

    name: str
    size: str
    usd_minute: float
    page: str


_CODEBUILD = "https://aws.amazon.com/codebuild/pricing/"
_GITHUB = "https://docs.github.com/en/billing/reference/actions-runner-pricing"

RUNNERS = (
    Runner("CodeBuild `general1.small`", "2 vCPU, 4 GB, x86_64", 0.005, _CODEBUILD),
    Runner("CodeBuild `arm1.small`", "2 vCPU, 4 GB, arm64", 0.0034, _CODEBUILD),
    Runner("GitHub-hosted, Linux 1-core", "1 vCPU, 5 GB, x86_64", 0.002, _GITHUB),
    Runner("GitHub-hosted, Linux 2-core", "2 vCPU, 8 GB, x86_64", 0.006, _GITHUB),
    Runner("GitHub-hosted, Linux 2-core arm64", "2 vCPU, 8 GB, arm64", 0.005, _GITHUB),
)
