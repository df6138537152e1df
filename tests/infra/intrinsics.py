"""CloudFormation's functions in a template part, worked out with the values of one deployment.

Not CloudFormation: what the tests of alarms and permissions need of it. An unknown function raises.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

ACCOUNT, REGION, PARTITION = "123456789012", "eu-west-1", "aws"
_HOLE = re.compile(r"\$\{([^!}][^}]*)\}")
_NOTHING = object()


class Rendered:
    """A template with its parameters; ``value`` works any part of it out."""

    def __init__(self, template: Mapping[str, Any], parameters: Mapping[str, Any]) -> None:
        self.template = template
        declared = template.get("Parameters", {})
        unknown = set(parameters) - set(declared)
        assert not unknown, f"the template has no parameters {sorted(unknown)}"
        defaults = {
            name: entry["Default"] for name, entry in declared.items() if "Default" in entry
        }
        self.parameters = {**defaults, **parameters}
        self.stack = f"towline-{self.parameters['Stage']}"

    def resource(self, name: str) -> dict[str, Any]:
        """A resource's properties. Raises ``KeyError`` when there is none of that name."""
        properties: dict[str, Any] = self.value(self.template["Resources"][name]["Properties"])
        return properties

    def names(self, kind: str) -> list[str]:
        """The resources of a type that exist with these parameters."""
        resources = self.template["Resources"].items()
        return [
            name
            for name, what in resources
            if what.get("Type") == kind
            and ("Condition" not in what or self.condition(what["Condition"]))
        ]

    def value(self, part: Any) -> Any:
        """The part without functions; what is ``AWS::NoValue`` is left out of lists and maps."""
        if isinstance(part, list):
            return [item for item in map(self.value, part) if item is not _NOTHING]
        if not isinstance(part, Mapping):
            return part
        if len(part) == 1:
            [(name, argument)] = part.items()
            if name == "Ref" or name.startswith("Fn::"):
                return self._function(name, argument)
        worked = {key: self.value(item) for key, item in part.items()}
        return {key: item for key, item in worked.items() if item is not _NOTHING}

    def condition(self, name: str) -> bool:
        return bool(self._test(self.template["Conditions"][name]))

    def _function(self, name: str, argument: Any) -> Any:
        match name:
            case "Ref":
                return self._ref(argument)
            case "Fn::GetAtt":
                return self._attribute(*argument)
            case "Fn::Sub":
                return self._sub(argument)
            case "Fn::If":
                return self.value(argument[1 if self.condition(argument[0]) else 2])
            case "Fn::Join":
                return str(argument[0]).join(map(str, self.value(argument[1])))
            case "Fn::Split":
                return str(self.value(argument[1])).split(argument[0])
            case "Fn::Select":
                return self._list(argument[1])[int(argument[0])]
        raise NotImplementedError(name)

    def _test(self, part: Mapping[str, Any]) -> bool:
        [(name, argument)] = part.items()
        match name:
            case "Condition":
                return self.condition(argument)
            case "Fn::Equals":
                left, right = self.value(argument)
                return bool(left == right)
            case "Fn::Not":
                return not self._test(argument[0])
            case "Fn::And":
                return all(map(self._test, argument))
            case "Fn::Or":
                return any(map(self._test, argument))
        raise NotImplementedError(name)

    def _list(self, part: Any) -> list[Any]:
        worked = self.value(part)
        return worked.split(",") if isinstance(worked, str) else list(worked)

    def _sub(self, argument: Any) -> str:
        text, own = (argument, {}) if isinstance(argument, str) else argument

        def fill(hole: re.Match[str]) -> str:
            name = hole[1]
            if name in own:
                return str(self.value(own[name]))
            resource, dot, attribute = name.partition(".")
            return str(self._attribute(resource, attribute) if dot else self._ref(name))

        return _HOLE.sub(fill, text)

    def _ref(self, name: str) -> Any:
        pseudo = {
            "AWS::Region": REGION,
            "AWS::AccountId": ACCOUNT,
            "AWS::Partition": PARTITION,
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::StackName": self.stack,
            "AWS::NoValue": _NOTHING,
        }
        if name in pseudo:
            return pseudo[name]
        if name in self.parameters:
            given = self.parameters[name]
            kind = self.template["Parameters"][name]["Type"]
            listed = kind == "CommaDelimitedList" and isinstance(given, str)
            return [word for word in given.split(",") if word] if listed else given
        return self._own(name, "Ref")

    def _attribute(self, name: str, attribute: str) -> str:
        return self._own(name, attribute)

    def _own(self, name: str, what: str) -> str:
        """What a resource of the stack is called, and its ARN, as AWS forms them."""
        resource = self.template["Resources"].get(name, {})
        given = resource.get("Properties", {})
        kind = resource.get("Type", "AWS::IAM::Role" if name.endswith("Role") else "")
        own = f"{self.stack}-{name}"
        log = self.value(given["LogGroupName"]) if "LogGroupName" in given else own
        alarm = self.value(given["AlarmName"]) if "AlarmName" in given else own
        at = f"{REGION}:{ACCOUNT}"
        # The ending is CloudFormation's own doing.
        name = f"{own}.fifo" if given.get("FifoQueue") else own
        queue = {"Ref": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}", "QueueName": name}
        known = {
            "AWS::SQS::Queue": {**queue, "Arn": f"arn:aws:sqs:{at}:{name}"},
            "AWS::ECS::Cluster": {"Ref": own, "Arn": f"arn:aws:ecs:{at}:cluster/{own}"},
            "AWS::Logs::LogGroup": {"Ref": log, "Arn": f"arn:aws:logs:{at}:log-group:{log}:*"},
            "AWS::IAM::Role": {"Ref": own, "Arn": f"arn:aws:iam::{ACCOUNT}:role/{own}"},
            "AWS::Events::Rule": {"Ref": own, "Arn": f"arn:aws:events:{at}:rule/{own}"},
            "AWS::SNS::Topic": {"Ref": f"arn:aws:sns:{at}:{own}"},
            "AWS::CloudWatch::Alarm": {"Arn": f"arn:aws:cloudwatch:{at}:alarm:{alarm}"},
        }
        return known.get(kind, {"Ref": own}).get(what, f"{own}.{what}")
